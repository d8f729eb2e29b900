#!/usr/bin/env python3
"""PSNR-Y and LPIPS of SR networks of x2 or x4 over the held-out drawings of train2/graphics: degraded as in training, and merely
reduced by area.

  python3 training/measure_drawings.py models/lway-photo-x4.onnx models/lway-drawing-x4.onnx"""
import argparse
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation as D, loop, metrics, photo

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("network", nargs="+", help="ONNX file or checkpoint of train_photo.py")
a.add_argument("--data", default=data.DATA)
a.add_argument("--side", type=int, default=384, help="of the pieces, HR pixels")
a.add_argument("--threads", type=int, default=1)
a = a.parse_args()
loop.prepare(a.threads)
judge = metrics.judge(a.data)
settings = D.load_settings(os.path.join(os.path.dirname(D.SETTINGS), "degradation-graphics.json"))
files = data.split_by_source(os.path.join(a.data, "train2", "graphics"))[1]


def sets(scale):
    """{kind: [(lr [1,3,h,w], hr)]}, the same degradations each time."""
    rng = np.random.default_rng(5)
    kinds = {"damaged": lambda hr: D.apply_plan(hr, D.sample_plan(rng, settings, scale)), "reduced": lambda hr: (F.avg_pool2d(hr[None], scale)[0] * 255).round() / 255}
    cut = lambda picture: picture[:, :picture.shape[1] // 4 * 4, :picture.shape[2] // 4 * 4][:, :a.side, :a.side]
    return {kind: [(degrade(hr)[None], hr[None]) for hr in (cut(data.read_image(f)) for f in files)] for kind, degrade in kinds.items()}


for path in a.network:
    net, parts = photo.load(path).eval(), []
    for kind, pairs in sets(net.scale).items():
        with torch.no_grad():
            results = [(net(lr).clamp(0, 1), hr) for lr, hr in pairs]
        parts.append(f"{kind} {np.mean([metrics.psnr_y(*r) for r in results]):.2f} dB / {np.mean([judge(*r) for r in results]):.4f}")
    print(f"{os.path.basename(path)}  {len(files)} held-out drawings, PSNR-Y / LPIPS:  {'   '.join(parts)}", flush=True)
