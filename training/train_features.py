#!/usr/bin/env python3
"""Trains the feature network for perceptual distances, without labels and without anybody else's network.

Three tasks at once on the photographs of train/:
  crops       pooled features of the two deepest maps tell which of the crops in the batch a distorted copy comes from
              (InfoNCE): content must outlast mild distortion;
  strength    of two distortions of one kind, the stronger must be the farther in the very distance that the loss will
              use (logistic ranking), for the mean over layers and for every layer alone: this shapes what is measured;
  degradation pooled means and deviations of every map tell blur, noise, sharpening and compression (regression).

  python3 training/train_features.py --minutes 8 --out runs/features.pt
"""
import argparse
import os
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation as D, loop, networks, weights
from lway.distortions import KINDS, distort

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--data", default=data.DATA)
a.add_argument("--out", required=True)
a.add_argument("--start")
a.add_argument("--minutes", type=float, default=8)
a.add_argument("--batch", type=int, default=12, help="photographs per step")
a.add_argument("--patch", type=int, default=128)
a.add_argument("--lr", type=float, default=1e-3)
a.add_argument("--ema", type=float, default=0.998)
a.add_argument("--threads", type=int, default=2)
a.add_argument("--seed", type=int, default=0)
a = a.parse_args()

loop.prepare(a.threads)
torch.manual_seed(a.seed)
rng = np.random.default_rng(a.seed)
device = loop.device()
files, held_out = data.split_by_photo(os.path.join(a.data, "train"))
photos = [data.read_bytes(f) for f in files]


def example():
    """A crop, its weakly and strongly distorted versions (strengths apart by a margin), and the numbers of the stronger."""
    p = photos[int(rng.integers(len(photos)))]
    y, x = (int(rng.integers(s - a.patch + 1)) for s in p.shape[:2])
    ref = D.from_bytes(p[y:y + a.patch, x:x + a.patch])
    if rng.random() < 0.5:
        ref = ref.flip(2)
    kind, seed = KINDS[int(rng.integers(len(KINDS)))], int(rng.integers(2 ** 30))
    t = sorted(rng.random(2))
    if t[1] - t[0] < 0.15:
        t = [max(0.0, t[0] - 0.2), min(1.0, t[1] + 0.2)]
    target = np.zeros(len(KINDS), np.float32)
    target[KINDS.index(kind)] = t[1]
    return ref, distort(ref, kind, t[0], seed), distort(ref, kind, t[1], seed), target


net = networks.Features()
if a.start:
    weights.load(net, a.start)
net = net.to(device).to(memory_format=torch.channels_last)
widths = [s["same"].out_channels for s in net.stages]
head = nn.ModuleDict({"tell": nn.Linear(2 * sum(widths), len(KINDS)), "crop": nn.Linear(widths[2] + widths[3], 96)}).to(device)
scale = nn.Parameter(torch.tensor([3.0] * 5, device=device))
ema = loop.Ema(net, a.ema)
params = [*net.parameters(), *head.parameters(), scale]
optimiser = torch.optim.Adam(params, a.lr, betas=(0.9, 0.99))
print(f"{networks.parameters(net)} parameters, {len(files)} crops, {device}", flush=True)
clock, step, running = loop.Clock(a.minutes), 0, {}


def unit(t):
    t = t.float()
    return t / torch.sqrt((t ** 2).sum(1, keepdim=True) + 1e-6)


while clock.done < 1:
    for g in optimiser.param_groups:
        g["lr"] = loop.cosine(clock.done, a.lr)
    ref, weak, strong, target = zip(*(example() for _ in range(a.batch)))
    n = a.batch
    x = torch.cat([torch.stack(ref), torch.stack(weak), torch.stack(strong)]).to(device, memory_format=torch.channels_last)
    with loop.autocast():
        maps = net(x)
    maps = [m.float() for m in maps]
    near, far = [], []
    for m in maps:
        r, w, s = unit(m).split(n)
        near.append(((r - w) ** 2).sum(1).mean([1, 2]))
        far.append(((r - s) ** 2).sum(1).mean([1, 2]))
    near, far = torch.stack([*near, sum(near) / 4]), torch.stack([*far, sum(far) / 4])
    # the ratio of the distances must tell the order: no reward for mere size
    strength = F.softplus(-scale.clamp(0.5, 10)[:, None] * (torch.log(far + 1e-5) - torch.log(near + 1e-5))).mean()
    pooled = torch.cat([p for m in maps for p in (m.mean([2, 3]), m.std([2, 3]))], 1)
    tell = (head["tell"](pooled[2 * n:]) - torch.from_numpy(np.stack(target)).to(device)).abs().mean() + head["tell"](pooled[:n]).abs().mean() * 0.5
    z = F.normalize(head["crop"](torch.cat([maps[2].mean([2, 3]), maps[3].mean([2, 3])], 1)), dim=1)
    logits = z[:n] @ torch.cat([z[n:2 * n], z[2 * n:]]).T / 0.1
    own = torch.arange(n, device=device)
    mask = torch.zeros_like(logits)
    # either copy is right: leave the other one out of the denominator
    crops = 0
    for k in (0, 1):
        m = mask.clone()
        m[own, own + n * (1 - k)] = -1e4
        crops = crops + F.cross_entropy(logits + m, own + n * k) / 2
    terms = {"strength": strength, "tell": 2 * tell, "crops": 0.3 * crops}
    loss = sum(terms.values())
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(params, 1.0)
    optimiser.step()
    ema.update(net)
    step += 1
    for k, t in terms.items():
        running[k] = t.item() if k not in running else 0.98 * running[k] + 0.02 * t.item()
    right = (far > near).float().mean(1)
    running["right"] = right if step == 1 else 0.98 * running["right"] + 0.02 * right
    if step % 50 == 0:
        print(f"{step} steps {clock.elapsed():.0f} s", " ".join(f"{k} {v:.4f}" for k, v in running.items() if k != "right"), "order right per layer, mean", " ".join(f"{v:.2f}" for v in running["right"].tolist()), flush=True)
loop.save(a.out, ema=ema.net.state_dict(), net=net.state_dict(), steps=step, arguments=vars(a))
