#!/usr/bin/env python3
"""Does the LR reconstructor do its work? Tables on degradations and photographs that were not trained on.

  python3 training/evaluate_reconstructor.py --encoder models/lway-encoder-x4.onnx --reconstructor models/lway-reconstructor-x4.onnx

32 degradations (degradation-heldout.json: rings, boxes, blotchy noise, other resamplers; not in training) x 8 photographs
(eval/photos), and the real pairs. Errors are mean absolute and RMS, a border of 3 LR pixels left out. --write puts the
tables into the card of the reconstructor, between `<!-- measured x4 -->` and `<!-- /measured x4 -->`, and the numbers into
models/about.json: nobody types them.
"""
import argparse
import json
import os
import re
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation as D, interpret, loop

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--encoder", required=True)
a.add_argument("--reconstructor", required=True)
a.add_argument("--data", default=data.DATA)
a.add_argument("--settings", default=os.path.join(os.path.dirname(D.SETTINGS), "degradation-heldout.json"))
a.add_argument("--degradations", type=int, default=32)
a.add_argument("--photos", type=int, default=8)
a.add_argument("--scale", type=int, default=4)
a.add_argument("--threads", type=int, default=2)
a.add_argument("--write", action="store_true", help="also into models/")
a = a.parse_args()
loop.prepare(a.threads)
E, R = interpret.OnnxNet(a.encoder), interpret.OnnxNet(a.reconstructor)
s = a.scale


lines, numbers = [], {"shareOfBetterOfAreaAndBicubicL1": {}, "anotherPicturesEmbedding": {}}


def tell(text):
    print(text, flush=True)
    lines.append(text)


def errors(p, q):
    d = (p - q)[..., 3:-3, 3:-3]
    return d.abs().mean().item(), float((d ** 2).mean().sqrt())


def bicubic(hr):
    return D.resize(hr[0], hr.shape[2] // s, hr.shape[3] // s, "bicubic")[None]


def table(title, names, rows, key=None):
    t = np.array(rows)  # [item, method, (L1, RMS)]
    best = t[:, names.index("area")].mean(0).clip(max=t[:, names.index("bicubic")].mean(0))
    tell(f"\n**{title}** ({len(t)} pictures)\n\n| LR made from HR by | L1 | share of the better of area and bicubic | RMS | share |\n|---|---|---|---|---|")
    for k, n in enumerate(names):
        l, r = t[:, k].mean(0)
        if key and k < 2:
            numbers[list(numbers)[k]][key] = round(l / best[0], 3)
        tell(f"| {n} | {l:.5f} | {l / best[0]:.3f} | {r:.5f} | {r / best[1]:.3f} |")


names = ["R, own embedding", "R, another picture's embedding", "area", "bicubic"]
folder = os.path.join(a.data, "eval", "photos")
files = sorted(os.listdir(folder))[1::max(1, len(os.listdir(folder)) // a.photos)][:a.photos]
photos = [data.read_image(os.path.join(folder, f))[None, :, :384, :384] for f in files]
settings, rng = D.load_settings(a.settings), np.random.default_rng(2024)
plans = [D.sample_plan(rng, settings, s) for _ in range(a.degradations)]
embeddings, lows, twins = {}, {}, {}
for k, plan in enumerate(plans):
    for i, hr in enumerate(photos):
        if plan["noise"]:
            plan["noise"]["seed"] += 1
        lows[k, i], twins[k, i] = D.apply_plan(hr[0], plan)[None], D.apply_plan(hr[0], plan, noise=False)[None]
        with torch.no_grad():
            embeddings[k, i] = E(lows[k, i])

clean, noisy, block, contrast = [], [], [], []
with torch.no_grad():
    for k, plan in enumerate(plans):
        for i, hr in enumerate(photos):
            e, w = embeddings[k, i], embeddings[(k + a.degradations // 2) % a.degradations, (i + 3) % len(photos)]
            made = [R(hr, e), R(hr, w), F.avg_pool2d(hr, s), bicubic(hr)]
            clean.append([errors(m, twins[k, i]) for m in made])
            noisy.append([errors(m, lows[k, i]) for m in made])
            d = F.avg_pool2d(made[0] - made[2], 8)
            block.append(float((d ** 2).mean()))
            # an over-sharpened HR picture: how much of the change that the true degradation lets through comes through R
            wrong = (hr + 0.6 * (hr - D.blur(hr[0], D.gaussian_kernel(13, 2.0))[None])).clamp(0, 1)
            true_change = D.apply_plan(wrong[0], {**plan, "jpeg": []}, noise=False) - D.apply_plan(hr[0], {**plan, "jpeg": []}, noise=False)
            change = (R(wrong, e) - made[0])[0]
            contrast.append(float((change * true_change).sum() / (true_change ** 2).sum()))
    table("Synthetic, against the noise-free twin", names, clean, "noiseFreeTwin")
    table("Synthetic, against the noisy LR", names, noisy, "noisy")
    for name in ("realsr", "drealsr") if s == 4 else ():
        items = data.pairs(os.path.join(a.data, "eval", name))
        low, high = [data.read_image(l)[None] for _, l, _ in items], [data.read_image(h)[None] for _, _, h in items]
        es = [E(l) for l in low]
        rows = [[errors(m, l) for m in (R(h, es[i]), R(h, es[(i + len(es) // 2) % len(es)]), F.avg_pool2d(h, s), bicubic(h))] for i, (l, h) in enumerate(zip(low, high))]
        table(f"Real pairs, {name}, all", names, rows, name)
        table(f"Real pairs, {name}, even-numbered (never used for choosing)", names, rows[1::2])

numbers["blockMeansRms255"] = round(float(np.mean(block) ** 0.5 * 255), 3)
tell(f"\n8x8-block means against area downscaling: RMS {numbers['blockMeansRms255']:.3f} / 255 (aim: 1)\n")
tell(f"Share of an HR contrast error (unsharp, sigma 2, 0.6) that comes through as the true degradation lets it: {np.mean(contrast):.3f} (1 is exact; less is forgiving), deviation {np.std(contrast):.3f}\n")
keys = list(embeddings)
z = F.normalize(torch.cat([embeddings[k] for k in keys]), dim=1)
centred = F.normalize(torch.cat([embeddings[k] for k in keys]) - torch.cat([embeddings[k] for k in keys]).mean(0), dim=1)
for name, v in (("cosine", z), ("cosine, centred", centred)):
    sim = v @ v.T
    for i, (_, photo) in enumerate(keys):
        for j, (_, other) in enumerate(keys):
            if photo == other:
                sim[i, j] = -2
    best = sim.argmax(1)
    numbers.setdefault("retrievalTop1", round(float(np.mean([keys[int(b)][0] == keys[i][0] for i, b in enumerate(best)])), 3))
    tell(f"Retrieval of the degradation among {a.degradations} x {len(photos)} (other photographs only), top-1, {name}: {np.mean([keys[int(b)][0] == keys[i][0] for i, b in enumerate(best)]):.1%}\n")

if a.write:
    models = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models")
    command = "python3 training/evaluate_reconstructor.py " + (f"--scale {s} --degradations {a.degradations} --photos {a.photos} " if s != 4 else "") + f"--encoder {a.encoder} --reconstructor {a.reconstructor}"
    card = os.path.join(models, "lway-reconstructor-x4.md")
    with open(card) as f:
        text = f.read()
    mark = f"measured x{s}"
    block = f"<!-- {mark} -->\n`{command}`\n" + "\n".join(lines).rstrip() + f"\n<!-- /{mark} -->"
    text, found = re.subn(f"<!-- {mark} -->.*?<!-- /{mark} -->", lambda _: block, text, flags=re.S)
    if not found:
        raise SystemExit(f"{card} has no <!-- {mark} --> block")
    with open(card, "w") as f:
        f.write(text)
    if s == 4:
        path = os.path.join(models, "about.json")
        with open(path) as f:
            about = json.load(f)
        for name in ("lway-encoder-x4", "lway-reconstructor-x4"):
            about["models"][name]["quality"] = {"command": command, **numbers}
        with open(path, "w") as f:
            json.dump(about, f, indent=2, ensure_ascii=False)
            f.write("\n")
