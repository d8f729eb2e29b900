#!/usr/bin/env python3
"""How well the feature network's distance ranks distorted pictures, as LPIPS (squeeze) does: Spearman's rank correlation.

  python3 training/evaluate_features.py --features models/lway-features.onnx

Over photographs not trained on (eval/photos), distorted in each kind of lway/distortions.py and by SR networks at
several settings. Compared: squared error (PSNR), an untrained network of the same shape, each layer, their mean.
`within` is the mean over photographs of the correlation among the versions of that photograph.
"""
import argparse
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation as D, interpret, loop, metrics, networks, weights
from lway.distortions import KINDS, distort

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--features", required=True, help="ONNX file or checkpoint")
a.add_argument("--data", default=data.DATA)
a.add_argument("--sr", action="append", default=[], help="SR networks whose results on degraded copies join (.onnx)")
a.add_argument("--photos", type=int, default=12)
a.add_argument("--layers", help="weights of the layers, comma-separated (default: equal)")
a.add_argument("--threads", type=int, default=2)
a = a.parse_args()
loop.prepare(a.threads)
torch.manual_seed(3)

if a.features.endswith(".onnx"):
    trained = interpret.OnnxNet(a.features)
else:
    trained = networks.Features()
    weights.load(trained, a.features)
untrained = networks.Features()
judge = metrics.judge(a.data)
layers = [float(v) for v in a.layers.split(",")] if a.layers else [1.0] * 4
shown = [interpret.OnnxNet(p) for p in a.sr]
files = data.split_by_photo(os.path.join(a.data, "train"))[1][:2] if not os.path.isdir(os.path.join(a.data, "eval", "photos")) else sorted(os.path.join(a.data, "eval", "photos", f) for f in os.listdir(os.path.join(a.data, "eval", "photos")))
files = files[::max(1, len(files) // a.photos)][:a.photos]
settings = D.load_settings(os.path.join(os.path.dirname(D.SETTINGS), "degradation-heldout.json"))


def parts(net, x, y):
    unit = lambda t: t / torch.sqrt((t ** 2).sum(1, keepdim=True) + 1e-6)
    return [float(((unit(p) - unit(q)) ** 2).sum(1).mean()) for p, q in zip(net(x), net(y))]


rows, owner = [], []
for k, f in enumerate(files):
    ref = data.read_image(f)[:, 96:288, 96:288]
    rng = np.random.default_rng(k)
    versions = [distort(ref, kind, t, int(rng.integers(2 ** 30))) for kind in KINDS for t in (0.1, 0.35, 0.8)]
    for _ in range(2):
        lr = D.apply_plan(ref, D.sample_plan(rng, settings))
        versions.append(F.interpolate(lr[None], scale_factor=4, mode="bicubic", align_corners=False)[0].clamp(0, 1))
        with torch.no_grad():
            versions += [m(lr[None])[0].clamp(0, 1) for m in shown]
    for v in versions:
        with torch.no_grad():
            x, y = ref[None], v[None]
            rows.append([judge(y, x), float(((x - y) ** 2).mean()), *parts(trained, x, y), *parts(untrained, x, y)])
        owner.append(k)
t, owner = np.array(rows), np.array(owner)


def report(name, d):
    within = np.mean([spearmanr(t[owner == k, 0], d[owner == k])[0] for k in set(owner)])
    print(f"| {name} | {spearmanr(t[:, 0], d)[0]:.3f} | {within:.3f} |")


print(f"{len(files)} photographs, {len(t)} versions\n\n| distance | Spearman with LPIPS | within a photograph |\n|---|---|---|")
report("squared error", t[:, 1])
for i in range(4):
    report(f"layer f{i + 1}", t[:, 2 + i])
report("trained, weighted mean " + str(layers), t[:, 2:6] @ np.array(layers) / sum(layers))
report("untrained, equal weights", t[:, 6:10].mean(1))
print("\nmean distance per layer:", " ".join(f"{v:.4f}" for v in t[:, 2:6].mean(0)))
