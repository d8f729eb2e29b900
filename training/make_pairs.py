#!/usr/bin/env python3
"""Writes LR/HR pairs whose ground truth is exact: photographs of eval/photos with degradations that training never uses.

  python3 training/make_pairs.py --out runs/synthetic --count 8
  npm run evaluate -- --set runs/synthetic --model lway-crisp-x4 --adapt standard

The same --seed gives the same files. What was done to each picture is written to about.json beside them.
"""
import argparse
import json
import os
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
a.add_argument("--settings", default=os.path.join(os.path.dirname(D.SETTINGS), "degradation-heldout.json"))
a.add_argument("--seed", type=int, default=77)
a = a.parse_args()

folder = os.path.join(a.data, "eval", "photos")
files = sorted(os.listdir(folder))
files = files[::max(1, len(files) // a.count)][:a.count]
settings, rng, about = D.load_settings(a.settings), np.random.default_rng(a.seed), {}
for part in ("lr", "hr"):
    os.makedirs(os.path.join(a.out, part), exist_ok=True)
for f in files:
    hr = data.read_image(os.path.join(folder, f))[:, :512, :512]
    hr = hr[:, :hr.shape[1] // a.scale * a.scale, :hr.shape[2] // a.scale * a.scale]
    plan = D.sample_plan(rng, settings, a.scale)
    stem = os.path.splitext(f)[0]
    for part, picture in (("lr", D.apply_plan(hr, plan)), ("hr", hr)):
        Image.fromarray(D.to_bytes(picture)).save(os.path.join(a.out, part, stem + ".png"))
    noise = plan["noise"]
    about[stem] = {"blur": plan["blur_kind"], "width": round(plan["blur_width"], 2), "resize": plan["resize"], "noise": noise and {"kind": noise["kind"], "read": round(noise["read"], 4), "shot": round(noise["shot"], 4)}, "sharpen": plan["sharpen"], "jpeg": [q for q, _ in plan["jpeg"]]}
with open(os.path.join(a.out, "about.json"), "w") as out:
    json.dump(about, out, indent=1)
print(f"{len(files)} pairs in {a.out}")
