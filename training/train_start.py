#!/usr/bin/env python3
"""Makes the start network: from the degradation embedding of a picture, what to add to the weights of an SR network.

Copies of the SR network are trained on, some on clean pictures, as many on noisy and compressed ones, for equally long
and with the same losses (train_sr.py --settings). The difference of their weights is the direction from dirty to clean; what
the training itself did to both, such as smoothing textures, cancels in it ("task arithmetic", Ilharco et al. 2023). How
far to go for a picture: a logistic regression on its embedding, fitted here.

  python3 training/train_start.py --clean runs/clean-?.pt --dirty runs/dirty-?.pt --out models/lway-start-x4.onnx
"""
import argparse
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation, export, interpret, loop, weights

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--clean", nargs="+", required=True, help="checkpoints trained on clean pictures; the mean of their weights counts")
a.add_argument("--dirty", nargs="+", required=True, help="checkpoints trained on noisy and compressed ones")
a.add_argument("--out", required=True, help="ONNX file to write; its name is the network's")
a.add_argument("--factor", type=float, default=0.75, help="how much of the direction a perfectly clean picture gets")
a.add_argument("--halve", action="store_true", help="for the x2 network that is made from the x4 one (weights.halve_tail)")
a.add_argument("--encoder", default=os.path.join(data.ROOT, "models", "lway-encoder-x4.onnx"))
a.add_argument("--data", default=data.DATA)
a.add_argument("--pictures", type=int, default=800, help="of each kind")
a.add_argument("--decay", type=float, default=0.02, help="L2 penalty of the regression")
a.add_argument("--threads", type=int, default=2)
a.add_argument("--seed", type=int, default=0)
a = a.parse_args()

loop.prepare(a.threads)
encoder = interpret.OnnxNet(a.encoder)
folder = os.path.dirname(degradation.SETTINGS)
kinds = [degradation.load_settings(os.path.join(folder, f"degradation-{kind}.json")) for kind in ("dirty", "clean")]
learned, held_out = data.split_by_photo(os.path.join(a.data, "train"))


@torch.no_grad()
def embeddings(files, count, seed):
    """-> [2 count, 512], dirty ones first, and 0 or 1 for each."""
    rng = np.random.default_rng(seed)
    rows = []
    for settings in kinds:
        for _ in range(count):
            hr = degradation.prepare_hr(data.read_image(files[int(rng.integers(len(files)))]), rng, settings)
            rows.append(encoder(degradation.apply_plan(hr, degradation.sample_plan(rng, settings))[None])[0])
    return torch.stack(rows), torch.arange(2).repeat_interleave(count).float()


x, y = embeddings(learned, a.pictures, a.seed)
mean, deviation = x.mean(0), x.std(0) + 1e-6
w, b = torch.zeros(x.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
optimiser = torch.optim.LBFGS([w, b], max_iter=200, line_search_fn="strong_wolfe")


def loss():
    optimiser.zero_grad()
    value = F.binary_cross_entropy_with_logits((x - mean) / deviation @ w + b, y) + a.decay * w.square().sum()
    value.backward()
    return value


optimiser.step(loss)
w, b = w.detach(), b.detach()
weight, bias = w / deviation, b - (w * mean / deviation).sum()
share = lambda e: torch.sigmoid(e @ weight + bias)
t, truth = embeddings(held_out, 150, a.seed + 1)
s = share(t)
auc = (s[truth == 1][:, None] > s[truth == 0]).float().mean()
print(f"held-out photographs: right {((s > 0.5) == truth.bool()).float().mean():.3f}, AUC {auc:.3f}, mean share clean {s[truth == 1].mean():.2f}, dirty {s[truth == 0].mean():.2f}")
for name in ("realsr", "drealsr"):
    where = os.path.join(a.data, "eval", name)
    if os.path.isdir(where):
        with torch.no_grad():
            print(f"odd pairs of {name}:", " ".join(f"{share(encoder(data.read_image(low)[None])[0]).item():.2f}" for _, low, _ in data.pairs(where)[::2]))

def mean_of(paths):
    states = [weights.read(path) for path in paths]
    mean = {k: sum(s[k] for s in states) / len(states) for k in states[0]}
    if a.halve:
        weights.halve_tail(mean)
    return mean


clean, dirty = mean_of(a.clean), mean_of(a.dirty)
offsets = {k: a.factor * (v - dirty[k]) for k, v in clean.items() if k.startswith(("head.", "body.", "tail."))}
name = os.path.splitext(os.path.basename(a.out))[0]
export.start(weight, bias, offsets, a.out, name, {"author": "LWay", "licence": "MIT"})
with torch.no_grad():
    outputs = interpret.OnnxNet(a.out)(t[:1])
names = list(interpret.OnnxNet(a.out).outputs)
got = dict(zip(names, outputs))
worst = max(float((got[k] - s[0] * v).abs().max()) for k, v in offsets.items())
print(f"{name}: share differs by {abs(float(got['share']) - float(s[0])):.1e}, offsets by {worst:.1e}")
