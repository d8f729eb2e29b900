#!/usr/bin/env python3
"""Writes LR/HR pairs whose ground truth is exact: photographs of eval/photos with degradations that training never uses.

  python3 training/make_pairs.py --out runs/synthetic --count 8
  npm run evaluate -- --set runs/synthetic --model lway-crisp-x4 --adapt standard

The tuning set of the adaptation, with the photographs that training holds out as well, three degradations of each piece,
and beside it the real pairs of City100 (x3: results are reduced to the size of the truth):

  python3 training/make_pairs.py --out runs/tuning --count 240 --held-out
  python3 training/make_pairs.py --out runs/city100 --city100 --count 200
  npm run evaluate -- --set runs/tuning runs/city100 --pairs tuning ...

Photographs take turns: all pieces of one are odd-numbered pairs (for choosing) or all even-numbered (for reporting).
Where there are more pairs than pieces, pieces come again with other degradations.
The same --seed gives the same files. What was done to each picture is written to about.json beside them.
"""
import argparse
import glob
import json
import os
import shutil
import sys

import numpy as np
from PIL import Image

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation as D

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--data", default=data.DATA)
a.add_argument("--out", required=True, help="folder; gets lr/ and hr/")
a.add_argument("--count", type=int, default=8)
a.add_argument("--scale", type=int, default=4)
a.add_argument("--side", type=int, default=128, help="of the LR pictures; smaller ones are several pieces of a photograph")
a.add_argument("--held-out", action="store_true", help="also the photographs of train/ and train2/ that training holds out")
a.add_argument("--city100", action="store_true", help="no degradations: the pairs of train2/city100, its two cameras in turns")
a.add_argument("--settings", default=os.path.join(os.path.dirname(D.SETTINGS), "degradation-heldout.json"))
a.add_argument("--seed", type=int, default=77)
a = a.parse_args()

for part in ("lr", "hr"):
    os.makedirs(os.path.join(a.out, part), exist_ok=True)

if a.city100:
    low = sorted(glob.glob(os.path.join(a.data, "train2", "city100", "*_lr.png")), key=lambda f: f[:-7].rsplit("_", 1)[::-1])
    # Two pairs of one postcard follow each other: both are odd or both even.
    low = [f for four in zip(low[::4], low[2::4], low[1::4], low[3::4]) for f in four][:a.count]
    for number, file in enumerate(low, 1):
        stem = f"{number:03d}-{os.path.basename(file)[:-7]}"
        shutil.copy(file, os.path.join(a.out, "lr", stem + ".png"))
        shutil.copy(file[:-6] + "hr.jpg", os.path.join(a.out, "hr", stem + ".jpg"))
    print(f"{len(low)} pairs of City100 in {a.out}")
    raise SystemExit

folder = os.path.join(a.data, "eval", "photos")
files = [os.path.join(folder, f) for f in sorted(os.listdir(folder))]
if a.held_out:
    for more in ("train", os.path.join("train2", "photos")):
        files += data.split_by_photo(os.path.join(a.data, more))[1]
settings, rng, about = D.load_settings(a.settings), np.random.default_rng(a.seed), {}
side = a.side * a.scale


def pieces(picture):
    """Squares of the picture that do not overlap, the one with most detail first; the whole where it holds none."""
    h, w = (min(n, 512) // a.scale * a.scale for n in picture.shape[1:])
    if side >= min(h, w):
        return [picture[:, :h, :w]]
    cut = [picture[:, y:y + side, x:x + side] for y in range(0, h - side + 1, side) for x in range(0, w - side + 1, side)]
    return sorted(cut, key=lambda p: -float((p[:, 1:] - p[:, :-1]).abs().mean()))


# Photographs of the same name belong together. One round takes a piece of each; an even number of photographs keeps a
# photograph's pieces on one side of the odd and even numbers.
names = sorted({data.photo_name(f) for f in files})
names = names[:len(names) // 2 * 2]
cut = {n: [p for f in files if data.photo_name(f) == n for p in pieces(data.read_image(f))] for n in names}
rounds = range(max(len(c) for c in cut.values()))
chosen = [(n, cut[n][r]) if r < len(cut[n]) else None for r in rounds for n in names]
queues = [[c for c in chosen[half::2] if c] for half in (0, 1)]
pairs = [c for both in zip(*queues) for c in both]
pairs = [pairs[i % len(pairs)] for i in range(a.count)]
for number, (name, hr) in enumerate(pairs, 1):
    plan = D.sample_plan(rng, settings, a.scale)
    stem = f"{number:03d}-{name}"
    for part, picture in (("lr", D.apply_plan(hr, plan)), ("hr", hr)):
        Image.fromarray(D.to_bytes(picture)).save(os.path.join(a.out, part, stem + ".png"))
    noise = plan["noise"]
    about[stem] = {"blur": plan["blur_kind"], "width": round(plan["blur_width"], 2), "resize": plan["resize"], "noise": noise and {"kind": noise["kind"], "read": round(noise["read"], 4), "shot": round(noise["shot"], 4)}, "sharpen": plan["sharpen"], "jpeg": [q for q, _ in plan["jpeg"]]}
with open(os.path.join(a.out, "about.json"), "w") as out:
    json.dump(about, out, indent=1)
print(f"{len(pairs)} pairs of {len({n for n, _ in pairs})} photographs in {a.out}")
