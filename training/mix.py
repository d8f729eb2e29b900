#!/usr/bin/env python3
"""Mixes the weights of networks of one graph (checkpoints of train_photo.py, or ONNX files) into a checkpoint.

  python3 training/mix.py runs/b.pt:0.5 runs/c.pt:0.5 --out runs/mixed.pt
  python3 training/mix.py runs/a.pt:1 --critic runs/critic.pt --out runs/a-with-critic.pt

Shares need not sum to 1 (deep network interpolation, Wang et al. 2019). With --critic, training goes on from OUT with that
checkpoint's critic; without, a critic begins anew."""
import argparse
import os
import sys

import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import photo

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("network", nargs="+", help="FILE:SHARE")
a.add_argument("--critic", help="checkpoint of train_photo.py")
a.add_argument("--out", required=True)
a = a.parse_args()
mixed = {}
for part in a.network:
    path, share = part.rsplit(":", 1)
    for k, v in photo.load(path).state_dict().items():
        mixed[k] = mixed.get(k, 0) + float(share) * v
photo.from_state(mixed)  # a network, or an error now
critic = torch.load(a.critic, map_location="cpu", weights_only=False) if a.critic else {}
torch.save({"net": mixed, "ema": mixed, "steps": critic.get("steps", 0), **{k: critic[k] for k in ("critic", "critic_optimiser") if k in critic}}, a.out)
