#!/usr/bin/env python3
"""A picture for a model card: 100 % crops of held-out CC0 photographs, degraded as training never does.

  python3 training/show.py --model models/lway-faithful-x4.onnx --model models/lway-crisp-x4.onnx --out models/lway-crisp-x4.jpg

Columns: input (bicubic), the models in order, the photograph itself. With --worst the crops are those on which the first
model does worst by LPIPS, one of each file, the worst first: what the card shows as its weaknesses.
"""
import argparse
import csv
import os
import sys

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation as D, loop, metrics
from measure import load_model

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--model", action="append", required=True)
a.add_argument("--out", required=True)
a.add_argument("--data", default=data.DATA)
a.add_argument("--rows", type=int, default=4)
a.add_argument("--crop", type=int, default=192)
a.add_argument("--seed", type=int, default=12)
a.add_argument("--worst", action="store_true")
a = a.parse_args()
loop.prepare(1)
with open(os.path.join(a.data, "train", "SOURCES.csv"), newline="") as f:
    free = {row["file"] for row in csv.DictReader(f) if row["licence"].startswith("CC0")}
files = [f for f in data.split_by_photo(os.path.join(a.data, "train"))[1] if os.path.basename(f) in free]
if len(files) < a.rows:
    raise SystemExit(f"only {len(files)} held-out CC0 photographs")
# one crop of each photograph before a second one of any
files = sorted(files, key=lambda f: (f.rsplit("_", 1)[1], f))[:None if a.worst else a.rows]
settings, rng = D.load_settings(os.path.join(os.path.dirname(D.SETTINGS), "degradation-heldout.json")), np.random.default_rng(a.seed)
models, judge, rows = [load_model(m) for m in a.model], metrics.judge(a.data), []
for f in files:
    hr = data.read_image(f)[:, :384, :384]
    lr = D.apply_plan(hr, D.sample_plan(rng, settings))
    with torch.no_grad():
        row = [load_model("bicubic")(lr[None])[0], *(m(lr[None].to(loop.device()))[0].cpu().clamp(0, 1) for m in models), hr]
    middle = (384 - a.crop) // 2
    places = [(y, x) for y in range(0, 385 - a.crop, 96) for x in range(0, 385 - a.crop, 96)] if a.worst else [(middle, middle)]
    cut = lambda t, y, x: t[:, y:y + a.crop, x:x + a.crop]
    score = lambda at: judge(cut(row[1], *at)[None], cut(hr, *at)[None])
    at = max(places, key=score) if a.worst else places[0]
    rows.append((score(at), f, np.concatenate([np.pad(D.to_bytes(cut(t, *at)), ((0, 3), (0, 3), (0, 0)), constant_values=255) for t in row], 1)))
if a.worst:
    rows = sorted(rows, key=lambda r: -r[0])[:a.rows]
Image.fromarray(np.concatenate([r[2] for r in rows])).save(a.out, quality=88)
print(a.out, " | ".join(["input", *map(os.path.basename, a.model), "photograph"]))
print("\n".join(f"{os.path.basename(f)}  LPIPS {score:.3f}" for score, f, _ in rows))
