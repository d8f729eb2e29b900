#!/usr/bin/env python3
"""The side-by-sides of docs/quality.md: twenty free pictures that training holds out, reduced and damaged as their labels say,
enlarged by the command line as a person would, at 100 %.

  npx webpack --config-name cli
  python3 training/side_by_side.py --out docs/images/side-by-side

Columns: the input (bicubic), two networks that people use, LWay Photo Fast and LWay Photo as they come (Detail, Noise and Blur
automatic, not matched). Writes OUT-1.jpg to OUT-4.jpg."""
import argparse
import os
import subprocess
import sys
import tempfile

from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation as D

# Name, file, reduced by, standard deviation of the noise and its kind (degradation.py), JPEG quality.
PICTURES = [
    ("tents", "train2/photos/os0167_0.jpg", 2, 0, "colour", 0),
    ("crown", "train2/photos/os0430_5.jpg", 3, 0, "colour", 60),
    ("relief", "train2/photos/os0406_0.jpg", 2, 9, "colour", 0),
    ("moorings", "train2/photos/os0216_0.jpg", 3, 0, "colour", 30),
    ("hair", "train2/photos/wp031_0.jpg", 2, 0, "colour", 80),
    ("dusk", "train2/photos/os0088_0.jpg", 2, 12, "blotchy", 70),
    ("people", "train2/photos/os0310_0.jpg", 3, 0, "colour", 0),
    ("rock", "train2/photos/os0194_0.jpg", 2, 0, "colour", 40),
    ("dancer", "train2/photos/os0503_0.jpg", 3, 5, "colour", 75),
    ("medallion", "train2/photos/os0442_0.jpg", 2, 0, "colour", 0),
    ("box", "train2/photos/os0560_0.jpg", 3, 0, "colour", 50),
    ("vase", "train2/photos/os0690_0.jpg", 2, 20, "colour", 0),
    ("mosaic", "train2/photos/os0441_0.jpg", 2, 0, "colour", 90),
    ("shore", "train/fpd7036182_0.jpg", 3, 0, "colour", 0),
    ("facade", "train/fp75152acd_0.jpg", 2, 0, "colour", 60),
    ("comic", "train2/graphics/comic_008.jpg", 2, 0, "colour", 75),
    ("map", "train2/graphics/map_010.jpg", 2, 0, "colour", 0),
    ("chart", "train2/graphics/chart_023.png", 2, 0, "colour", 0),
    ("screenshot", "train2/graphics/ui_058.png", 2, 0, "colour", 80),
    ("engraving", "train2/graphics/engraving_020.png", 2, 0, "colour", 0),
]
SIDE, MARGIN, HEAD, A_SHEET = 72, 12, 22, 5
a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--out", required=True)
a.add_argument("--data", default=data.DATA)
a = a.parse_args()
peers = os.path.join(a.data, "peers")
COLUMNS = [
    ("Real-ESRGAN general-wdn", os.path.join(peers, "RealESRGAN_General_WDN_x4_v3.onnx")),
    ("ClearReality4x", os.path.join(peers, "ClearReality4x.onnx")),
    ("LWay Photo Fast", "lway-photo-fast-x4"),
    ("LWay Photo", "lway-photo-x4"),
]


def label(name, _, reduced, noise, kind, quality):
    parts = [name, f"1/{reduced}"]
    if noise:
        parts.append(f"{'grain' if kind == 'blotchy' else 'noise'} {noise}")
    if quality:
        parts.append(f"JPEG {quality}")
    return ", ".join(parts)


def damaged(_, file, reduced, noise, kind, quality):
    """The livelier of nine pieces of SIDE + 2 MARGIN pixels, reduced and damaged."""
    x = data.read_image(os.path.join(a.data, file))
    x = D.resize(x, x.shape[1] // reduced, x.shape[2] // reduced, "area")
    side = min(SIDE + 2 * MARGIN, *x.shape[1:])
    places = [(i * (x.shape[1] - side) // 2, j * (x.shape[2] - side) // 2) for i in range(3) for j in range(3)]
    pieces = [x[:, top:top + side, left:left + side] for top, left in places]
    x = max(pieces, key=lambda p: float((p[:, 1:] - p[:, :-1]).abs().mean()))
    if noise:
        x = x + D.sensor_noise(x, {"kind": kind, "read": noise / 255, "shot": 0, "seed": 1})
    x = x.clamp(0, 1)
    return Image.fromarray(D.to_bytes(D.jpeg(x, quality, 2) if quality else x))


rows = []
with tempfile.TemporaryDirectory() as folder:
    low = os.path.join(folder, "low")
    os.mkdir(low)
    for i, picture in enumerate(PICTURES):
        damaged(*picture).save(os.path.join(low, f"{i:02}.png"))
    lway = os.path.join(data.ROOT, "bin", "lway.mjs")
    for k, (_, network) in enumerate(COLUMNS):
        subprocess.run(["node", lway, "upscale", low, "-o", os.path.join(folder, str(k)), "--model", network, "--adapt", "off", "--quiet"], check=True)
    for i, picture in enumerate(PICTURES):
        source = Image.open(os.path.join(low, f"{i:02}.png"))
        size = (4 * source.width, 4 * source.height)
        images = [source.resize(size, Image.BICUBIC)] + [Image.open(os.path.join(folder, str(k), f"{i:02}.png")).convert("RGB") for k in range(len(COLUMNS))]
        assert all(image.size == size for image in images), picture
        shown = 4 * min(SIDE, source.width)
        edge = (size[0] - shown) // 2
        rows.append((label(*picture), [image.crop((edge, edge, edge + shown, edge + shown)) for image in images]))
font = ImageFont.load_default(13)
for sheet in range(len(rows) // A_SHEET):
    mine = rows[sheet * A_SHEET:(sheet + 1) * A_SHEET]
    step = 4 * SIDE + 4
    canvas = Image.new("RGB", (step * (len(COLUMNS) + 1) - 4, (step + HEAD) * len(mine)), (34, 34, 34))
    draw = ImageDraw.Draw(canvas)
    for r, (text, images) in enumerate(mine):
        for c, image in enumerate(images):
            at = (c * step, r * (step + HEAD))
            draw.text((at[0] + 4, at[1] + 3), text if c == 0 else COLUMNS[c - 1][0], (230, 230, 230), font)
            canvas.paste(image, (at[0], at[1] + HEAD))
    canvas.save(f"{a.out}-{sheet + 1}.jpg", quality=88)
