#!/usr/bin/env python3
"""Trains the degradation encoder E alone for --minutes, before train_reconstructor.py joins it with R.

  python3 training/train_encoder.py --minutes 40 --start models/lway-encoder-x4.onnx --out runs/encoder-x4.pt

Through R, E learns slowly: what R misses depends on the subject far more than on the degradation. Here E is told the
truth directly. A linear read-out of the embedding must give what the plan of the degradation says (the kernel, in
coordinates in which equal steps make about equal differences on photographs; noise, compression, sharpening), and one
degradation on two photographs must give embeddings that are more alike than any other two of the batch.
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
from lway import data, degradation as D, loop, networks, truth, weights

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--data", default=data.DATA)
a.add_argument("--out", required=True)
a.add_argument("--start", help="a checkpoint of this script, or the shipped encoder (.onnx)")
a.add_argument("--skip", action="append", default=[], help="with --start: weights to start anew, by the beginning of their name")
a.add_argument("--minutes", type=float, default=40)
a.add_argument("--scale", type=int, default=4)
a.add_argument("--embedding", type=int, default=512)
a.add_argument("--no-high-pass", action="store_true", help="ablation: E sees the plain picture only")
a.add_argument("--photos", type=int, default=0, help="ablation: train on that many crops only")
a.add_argument("--batch", type=int, default=24, help="degradations per step, two photographs each")
a.add_argument("--patch", type=int, default=60, help="LR pixels that E sees (60: what the smallest prepared photograph has)")
a.add_argument("--lr", type=float, default=1e-3)
a.add_argument("--ema", type=float, default=0.998)
a.add_argument("--bank", type=int, default=2000, help="degradations held in memory, two photographs each")
a.add_argument("--fill", type=int, default=200, help="degradations drawn before the first step")
a.add_argument("--refresh", type=float, default=0.7)
a.add_argument("--alike", type=float, default=0.2, help="weight of the contrastive term; that of the read-out is 1")
a.add_argument("--settings", default=D.SETTINGS)
a.add_argument("--validate", type=float, default=4)
a.add_argument("--threads", type=int, default=2)
a.add_argument("--seed", type=int, default=0)
a = a.parse_args()

loop.prepare(a.threads)
torch.manual_seed(a.seed)
device = loop.device()
settings = D.load_settings(a.settings)
files, held_out = data.split_by_photo(os.path.join(a.data, "train"))
if a.photos:
    files = files[::max(1, len(files) // a.photos)][:a.photos]
facts = truth.Truth(settings, a.scale)
net = networks.Encoder(a.embedding, not a.no_high_pass)
if a.start:
    weights.load(net, a.start, skip=a.skip)
net = net.to(device)
read_out = nn.Linear(a.embedding, facts.size).to(device)
print(f"E {networks.parameters(net)} parameters, {facts.size} facts, {len(files)} crops, {device}", flush=True)

bank = data.Bank(files, data.encoder_entry(settings, a.scale, facts), a.scale, a.bank, a.seed)
began = time.time()
bank.refresh(min(a.bank, a.fill))
print(f"bank of {len(bank.entries)} filled in {time.time() - began:.0f} s", flush=True)
if not a.start or "hidden" in a.skip:
    net.calibrate(torch.cat([bank.batch(24, a.patch)["lr"] for _ in range(4)]).to(device))
ema, ema_read_out = loop.Ema(net, a.ema), loop.Ema(read_out, a.ema)


def held_out_items():
    """16 held-out degradations on 8 held-out photographs: pictures, facts, number of the degradation, of the photograph."""
    rng, other, items = np.random.default_rng(12), D.load_settings(os.path.join(os.path.dirname(D.SETTINGS), "degradation-heldout.json")), []
    for k in range(16):
        plan = D.sample_plan(rng, other, a.scale)
        for i, f in enumerate(held_out[::3][:8]):
            hr = data.read_image(f)[:, :384, :384]
            if plan["noise"]:
                plan["noise"]["seed"] += 1
            items.append((D.apply_plan(hr, plan)[None], torch.from_numpy(facts.of(plan)), k, i))
    return items


def validate():
    with torch.no_grad():
        es = torch.cat([ema.net(lr.to(device)) for lr, *_ in validation])
        told = ema_read_out.net(es).cpu()
    true = torch.stack([t for _, t, *_ in validation])
    explained = 1 - ((told - true) ** 2).mean(0) / true.var(0).clamp(min=1e-6)
    z = F.normalize(es - es.mean(0), dim=1).cpu()
    sim = z @ z.T
    plan, photo = (torch.tensor([v[k] for v in validation]) for k in (2, 3))
    sim[photo[:, None] == photo[None]] = -2
    right = (plan[sim.argmax(1)] == plan).float().mean().item()
    return f"retrieval {right:.3f} of 16; explained: " + " ".join(f"{n} {explained[i].item():.2f}" for i, n in enumerate(facts.names) if n)


validation = held_out_items()
params = [*net.parameters(), *read_out.parameters()]
optimiser = torch.optim.Adam(params, a.lr, betas=(0.9, 0.99))
clock, step, next_validation, running, owed = loop.Clock(a.minutes), 0, min(2, a.validate), {}, 0.0
while clock.done < 1:
    owed += a.refresh
    bank.refresh(int(owed))
    owed -= int(owed)
    for g in optimiser.param_groups:
        g["lr"] = loop.cosine(clock.done, a.lr)
    # not turned: the truth about the kernel is told for the picture as it lies
    b = {k: v.to(device) for k, v in bank.batch(a.batch, a.patch, augment=False).items()}
    with loop.autocast():
        e = net(b["lr"])
    z = F.normalize(e, dim=1)
    sim = z @ z.T / 0.1 - 1e4 * torch.eye(len(z), device=device)
    terms = {
        "facts": F.smooth_l1_loss(read_out(e), b["numbers"], beta=0.3),
        "alike": a.alike * F.cross_entropy(sim, torch.arange(len(z), device=device) ^ 1),
    }
    optimiser.zero_grad(set_to_none=True)
    sum(terms.values()).backward()
    torch.nn.utils.clip_grad_norm_(params, 1.0)
    optimiser.step()
    ema.update(net)
    ema_read_out.update(read_out)
    step += 1
    for k, t in terms.items():
        running[k] = t.item() if k not in running else 0.98 * running[k] + 0.02 * t.item()
    if step % 50 == 0:
        print(f"{step} steps {clock.elapsed():.0f} s", " ".join(f"{k} {v:.5f}" for k, v in running.items()), flush=True)
    if clock.elapsed() > 60 * next_validation or clock.done >= 1:
        next_validation += a.validate
        print(f"validation {step} steps {clock.elapsed():.0f} s  {validate()}", flush=True)
        loop.save(a.out, ema=ema.net.state_dict(), net=net.state_dict(), read_out=ema_read_out.net.state_dict(), scale=a.scale, embedding=a.embedding, high_pass=not a.no_high_pass, steps=step, arguments=vars(a))
