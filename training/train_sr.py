#!/usr/bin/env python3
"""Trains an SR network for --minutes. Prints validation as it goes; resumes from a checkpoint or a shipped ONNX file.

  python3 training/train_sr.py --minutes 30 --out runs/faithful-x4.pt
  python3 training/train_sr.py --minutes 30 --start runs/faithful-x4.pt --temper crisp --out runs/crisp-x4.pt
"""
import argparse
import os
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation, interpret, loop, metrics, networks, weights

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--data", default=data.DATA, help="folder with train/ (and eval/, metrics/, peers/ where used)")
a.add_argument("--out", required=True, help="checkpoint to write")
a.add_argument("--start", help="checkpoint (.pt) or shipped network (.onnx) to go on from")
a.add_argument("--minutes", type=float, default=30)
a.add_argument("--scale", type=int, default=4)
a.add_argument("--width", type=int, default=48)
a.add_argument("--blocks", type=int, default=8)
a.add_argument("--batch", type=int, default=8)
a.add_argument("--patch", type=int, default=48, help="LR pixels")
a.add_argument("--lr", type=float, default=1.5e-3)
a.add_argument("--ema", type=float, default=0.999)
a.add_argument("--bank", type=int, default=1200, help="degraded crops held in memory")
a.add_argument("--refresh", type=float, default=0.25, help="crops newly degraded per step")
a.add_argument("--settings", default=degradation.SETTINGS)
a.add_argument("--pixel", type=float, default=1.0, help="weight of the Charbonnier loss against HR")
a.add_argument("--validate", type=float, default=4, help="minutes between validations")
a.add_argument("--threads", type=int, default=2)
a.add_argument("--seed", type=int, default=0)
a = a.parse_args()

loop.prepare(a.threads)
torch.manual_seed(a.seed)
device = loop.device()
files, held_out = data.split_by_photo(os.path.join(a.data, "train"))
net = networks.SuperResolver(a.scale, a.width, a.blocks)
if a.start:
    weights.load(net, a.start)
net = net.to(device).to(memory_format=torch.channels_last)
ema = loop.Ema(net, a.ema)
print(f"{networks.parameters(net)} parameters, {len(files)} training crops, {len(held_out)} held out, {device}", flush=True)

bank = data.Bank(files, data.sr_entry(degradation.load_settings(a.settings), a.scale), a.scale, a.bank, a.seed)
began = time.time()
bank.refresh(min(a.bank, 400))
print(f"bank of {len(bank.entries)} filled in {time.time() - began:.0f} s", flush=True)
validation = data.validation(a.data, held_out, a.scale)


def validate():
    was, ema.net.training = ema.net.training, False
    rows = []
    for name, items in validation.items():
        p = l = 0.0
        for lr, hr in items:
            with torch.no_grad():
                sr = ema.net(lr.to(device))
                p += metrics.psnr_y(sr, hr.to(device)) / len(items)
                l += judge(sr.clamp(0, 1), hr.to(device)) / len(items)
        rows.append(f"{name} {p:.2f}/{l:.4f}")
    return "  ".join(rows)


judge = metrics.judge(a.data, device)
optimiser = torch.optim.Adam(net.parameters(), a.lr, betas=(0.9, 0.99))
clock, step, next_validation, running, owed = loop.Clock(a.minutes), 0, a.validate, {}, 0.0
while clock.done < 1:
    owed += a.refresh if len(bank.entries) == a.bank else 1
    bank.refresh(int(owed))
    owed -= int(owed)
    for g in optimiser.param_groups:
        g["lr"] = loop.cosine(clock.done, a.lr)
    batch = {k: v.to(device, memory_format=torch.channels_last) for k, v in bank.batch(a.batch, a.patch).items()}
    lr, hr = batch["lr"], batch["hr"]
    with loop.autocast():
        sr = net(lr)
    terms = {"pixel": a.pixel * torch.sqrt((sr.float() - hr) ** 2 + 1e-6).mean()}
    loss = sum(terms.values())
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    optimiser.step()
    ema.update(net)
    step += 1
    for k, t in terms.items():
        running[k] = t.item() if k not in running else 0.98 * running[k] + 0.02 * t.item()
    if step % 100 == 0:
        print(f"{step} steps {clock.elapsed():.0f} s", " ".join(f"{k} {v:.5f}" for k, v in running.items()), flush=True)
    if clock.elapsed() > 60 * next_validation or clock.done >= 1:
        next_validation += a.validate
        print(f"validation {step} steps {clock.elapsed():.0f} s  {validate()}", flush=True)
        loop.save(a.out, ema=ema.net.state_dict(), net=net.state_dict(), scale=a.scale, width=a.width, blocks=a.blocks, steps=step, arguments=vars(a))
