#!/usr/bin/env python3
"""How well a feature distance ranks the results of several networks for one and the same picture, as LPIPS (squeeze) does.

  python3 training/evaluate_features.py

For each real pair (eval/realsr, eval/drealsr) the networks' results are put in order by LPIPS against the true picture
and by the feature distance; Spearman's rank correlation is taken *inside the pair* and averaged over pairs. That is what
a loss has to do, tell which of two results for this picture looks better; telling strong distortions from weak ones is
easier, and says nothing about it. The networks are other people's (peers/) and, with --sr, ours.
"""
import argparse
import glob
import os
import sys

import numpy as np
import torch
from scipy.stats import spearmanr

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, features, interpret, loop, metrics

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--features", default=features.FILE, help="ONNX file with several maps as outputs")
a.add_argument("--maps", default="f3,f4,f5", help="the maps that the distance takes, all alike")
a.add_argument("--data", default=data.DATA)
a.add_argument("--sr", action="append", default=[], help="further SR networks whose results join (.onnx)")
a.add_argument("--pairs", type=int, default=8, help="of each set")
a.add_argument("--threads", type=int, default=2)
a = a.parse_args()
loop.prepare(a.threads)
net = features.FeatureNetwork(a.features)
chosen = a.maps.split(",")
judge = metrics.judge(a.data)
shown = sorted(glob.glob(os.path.join(a.data, "peers", "*.onnx"))) + a.sr
upscalers = [interpret.OnnxNet(p) for p in shown]
if len(shown) < 4:
    raise SystemExit("Fewer than four networks make no order: give more with --sr.")
names = [*net.names, "the distance", "squared error"]
rows = []
for folder in ("realsr", "drealsr"):
    for _, low, high in data.pairs(os.path.join(a.data, "eval", folder))[:a.pairs]:
        lr, hr = data.read_image(low)[None], data.read_image(high)[None]
        table = []
        for upscale in upscalers:
            with torch.no_grad():
                sr = upscale(lr).clamp(0, 1)
                each = [float(d) for d in net.distances(sr, hr)]
            mean = float(np.mean([d for d, n in zip(each, net.names) if n in chosen]))
            table.append([judge(sr, hr), *each, mean, float(((sr - hr) ** 2).mean())])
        t = np.array(table)
        rows.append([spearmanr(t[:, 0], t[:, 1 + k])[0] for k in range(len(names))])
t = np.array(rows)
print(f"{len(shown)} networks: {', '.join(os.path.splitext(os.path.basename(p))[0] for p in shown)}; {len(t)} pairs\n")
print("| distance | Spearman with LPIPS inside a pair, mean | lowest pair |\n|---|---|---|")
for k, name in enumerate(names):
    print(f"| {name if name != 'the distance' else 'mean of ' + ', '.join(chosen)} | {t[:, k].mean():.3f} | {t[:, k].min():.2f} |")
