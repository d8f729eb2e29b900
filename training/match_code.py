#!/usr/bin/env python3
"""The code of a real pair's small picture: guessed from its embedding, or optimised from there on copies made by R.

  python3 training/evaluate_code.py runs/code-x4.pt              # first: it keeps the read-out
  python3 training/match_code.py runs/code-x4.pt --pairs odd --matched --texture -1 --strength 0.5

One round is 11 passes of the network over a copy, as one batch: the guess, and each number moved up and down; then each
number goes where the parabola through its three costs, and a penalty for leaving the guess, is least. Cost: L1 and feature
distance to the picture, each as a share of the guess's."""
import argparse
import os
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import code, data, features, interpret, loop, metrics, photo

MODELS = os.path.join(data.ROOT, "models")
BORDER = 8
STEP = 0.7
a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("checkpoint")
a.add_argument("--pairs", choices=("odd", "even"), default="odd")
a.add_argument("--data", default=data.DATA)
a.add_argument("--read-out", default="runs/code-read-out.npz")
a.add_argument("--matched", action="store_true", help="also the numbers optimised on copies")
a.add_argument("--stay", type=float, default=0.1, help="weight of the penalty")
a.add_argument("--texture", type=float, default=0.0, help="in deviations, where it is not guessed")
a.add_argument("--strength", type=float, default=1.0, help="of the modulation: 0 is the network as shipped")
a.add_argument("--threads", type=int, default=1)
a = a.parse_args()
loop.prepare(a.threads)
encoder, reconstructor, estimate = (interpret.OnnxNet(os.path.join(MODELS, f"lway-{n}.onnx")) for n in ("encoder-x4", "reconstructor-x4", "estimate"))
state = torch.load(a.checkpoint, map_location="cpu", weights_only=False)
net = code.CodedNetwork(photo.load(os.path.join(MODELS, "lway-photo-x4.onnx")))
net.load_state_dict(state["ema"])
net = net.to(memory_format=torch.channels_last).eval().requires_grad_(False)
net.out.weight.data *= a.strength
net.out.bias.data *= a.strength
means, spreads = (np.append(t, l) for t, l in zip(state["statistics"], state["lively"]))
read_out, judge, score = np.load(a.read_out), features.FeatureNetwork(), metrics.judge(a.data)
planned = np.arange(len(code.NAMES)) < code.PLANNED


def guess(lr):
    e = encoder(lr)[0].numpy()
    return (np.clip(e @ read_out["weight"] + read_out["bias"], read_out["low"], read_out["high"]) - means) / spreads


def copy(lr):
    """The picture reduced as it was itself, with as much noise as it is thought to have."""
    e = encoder(lr)
    low = reconstructor(lr, e).clamp(0, 1)
    low = low + float(estimate(e)[0]) / 255 * torch.randn(low.shape, generator=torch.Generator().manual_seed(5))
    return (low.clamp(0, 1) * 255).round() / 255


def costs(lr, low, codes):
    sr = net(low.expand(len(codes), -1, -1, -1), torch.from_numpy(np.float32(codes)))
    l1 = (sr - lr)[..., BORDER:-BORDER, BORDER:-BORDER].abs().mean([1, 2, 3])
    maps = zip(judge(sr.clamp(0, 1))[2:], judge(lr)[2:])
    seen = sum(((features.unit(p) - features.unit(q)) ** 2).sum(1).mean([1, 2]) for p, q in maps)
    return (l1 / l1[0] + seen / seen[0]).numpy() / 2


def match(lr, start):
    moves = [s * STEP * np.eye(len(start))[k] for k in range(len(start)) for s in (-1, 1)]
    cost, best, at = costs(lr, copy(lr), np.stack([start, *(start + m for m in moves)])), start.copy(), np.linspace(-1, 1, 41)
    for k in range(len(start)):
        down, up = cost[1 + 2 * k], cost[2 + 2 * k]
        left = max(read_out["left"][k] / spreads[k], 0.2)
        best[k] += at[np.argmin((up - down) / (2 * STEP) * at + (up + down - 2) / (2 * STEP ** 2) * at ** 2 + a.stay * (at / left) ** 2)]
    return best


sets = [[(data.read_image(low)[None], data.read_image(high)[None]) for _, low, high in data.pairs(os.path.join(a.data, "eval", s))[a.pairs == "even"::2]] for s in ("realsr", "drealsr")]
fixed = a.texture * ~planned
variants = {"as shipped": None, "guessed": guess, f"guessed, texture {a.texture:g}": lambda lr: guess(lr) * planned + fixed, f"mean, texture {a.texture:g}": lambda lr: fixed}
if a.matched:
    variants["guessed, then matched"] = lambda lr: match(lr, guess(lr))
with torch.no_grad():
    for name, codes in variants.items():
        row = []
        for pairs in sets:
            made = [(net(lr, torch.from_numpy(np.float32(codes(lr)))[None]) if codes else net.base(lr), hr) for lr, hr in pairs]
            row.append(np.mean([(metrics.psnr_y(sr, hr), score(sr.clamp(0, 1), hr)) for sr, hr in made], 0))
        print(f"{name}: " + ", ".join(f"{p:.2f} / {l:.4f}" for p, l in row), flush=True)
