#!/usr/bin/env python3
"""Trains an SR network for --minutes. Prints validation as it goes; resumes from a checkpoint or a shipped ONNX file.

  python3 training/train_sr.py --minutes 30 --out runs/faithful-x4.pt
  python3 training/train_sr.py --minutes 30 --start runs/faithful-x4.pt --lr 6e-4 --distil 0.8 --perceptual 0.5 --teacher TEACHER.onnx --out runs/crisp-x4.pt
"""
import argparse
import os
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation, features as feature_maps, interpret, loop, metrics, networks, weights

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--data", default=data.DATA, help="folder with train/ (and eval/, metrics/, peers/ where used)")
a.add_argument("--out", required=True, help="checkpoint to write")
a.add_argument("--start", help="checkpoint (.pt) or shipped network (.onnx) to go on from; --scale 2 may start from a x4 network")
a.add_argument("--minutes", type=float, default=30)
a.add_argument("--scale", type=int, default=4)
a.add_argument("--width", type=int, default=48)
a.add_argument("--blocks", type=int, default=8)
a.add_argument("--batch", type=int, default=8)
a.add_argument("--patch", type=int, default=48, help="LR pixels")
a.add_argument("--lr", type=float, default=1.5e-3)
a.add_argument("--ema", type=float, default=0.999)
a.add_argument("--bank", type=int, default=1200, help="degraded crops held in memory")
a.add_argument("--fill", type=int, default=200, help="crops degraded before the first step")
a.add_argument("--refresh", type=float, default=0.25, help="crops newly degraded per step")
a.add_argument("--settings", default=degradation.SETTINGS)
a.add_argument("--pixel", type=float, default=1.0, help="Charbonnier loss against HR")
a.add_argument("--perceptual", type=float, default=0.0, help="feature distance (f3 to f5) against HR, or against the teacher's detail with --distil")
a.add_argument("--seen", type=int, default=0, help="pictures of each batch that the feature losses look at; 0: all (they cost as much as the network)")
a.add_argument("--adversarial", type=float, default=0.0, help="relativistic adversarial loss on the features f2 to f4 and on the picture")
a.add_argument("--distil", type=float, default=0.0, help="Charbonnier loss against the teacher's detail; needs --teacher")
a.add_argument("--features", default=feature_maps.FILE)
a.add_argument("--teacher", help="ONNX file of a network that may serve as a teacher (data/peers: the BSD-3 one)")
a.add_argument("--clip", type=float, default=0.5)
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

teacher = None
if a.distil:
    taught = interpret.OnnxNet(a.teacher).to(device).channels_last()

    def teacher(lr):
        with torch.no_grad(), loop.autocast():
            return taught(lr[None].to(device))[0].float().cpu()
bank = data.Bank(files, data.sr_entry(degradation.load_settings(a.settings), a.scale, teacher), a.scale, a.bank, a.seed)
began = time.time()
bank.refresh(min(a.bank, a.fill))
print(f"bank of {len(bank.entries)} filled in {time.time() - began:.0f} s", flush=True)
validation = data.validation(a.data, held_out, a.scale)


def validate():
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
features = heads = None
if a.perceptual or a.adversarial:
    features = feature_maps.FeatureNetwork(a.features).to(device)
if a.adversarial:
    # the discriminator is a small head on each of three maps of the frozen feature network: it costs next to
    # nothing beside the perceptual loss and is in balance within minutes ("projected GAN", Sauer et al. 2021)
    heads = networks.Critic([features.channels(f) for f in ("f2", "f3", "f4")]).to(device)
    judge_optimiser = torch.optim.Adam(heads.parameters(), 4e-4, betas=(0.5, 0.99))
    # a critic that begins anew costs a trained network a thousand steps of bad advice
    earlier = torch.load(a.start, map_location="cpu") if a.start and a.start.endswith(".pt") else {}
    if "critic" in earlier:
        heads.load_state_dict(earlier["critic"])
        judge_optimiser.load_state_dict(earlier["critic_optimiser"])
        optimiser.load_state_dict(earlier["optimiser"])
charbonnier = lambda x, y: torch.sqrt((x - y) ** 2 + 1e-6).mean()
norms = {}


@torch.no_grad()
def maps_of(picture):
    with loop.autocast():
        return [feature_maps.unit(t) for t in features(picture)]


def loss_terms(sr, batch):
    """{name: loss}, all as functions of sr; the weights are applied to their gradients (below)."""
    hr, terms = batch["hr"], {}
    if a.pixel:
        terms["pixel"] = charbonnier(sr, hr)
    if a.distil:
        terms["distil"] = charbonnier(sr, batch["teacher"])
    if features is not None:
        seen = slice(0, a.seen or len(sr))
        with loop.autocast():
            mine = features(sr[seen].contiguous(memory_format=torch.channels_last))
        mine = [feature_maps.unit(t) for t in mine]
        if a.perceptual:
            # the teacher's detail is a function of the LR picture, the true one is not: what can't be foretold is smoothed
            goal = maps_of((batch["teacher"] if a.distil else hr)[seen])
            terms["perceptual"] = sum(((p - q) ** 2).sum(1).mean() for p, q in zip(mine[2:], goal[2:])) / 3
        if a.adversarial:
            true, at_fake, at_real = maps_of(hr[seen]), sr[seen], hr[seen]
            for p in heads.parameters():
                p.requires_grad_(False)
            with loop.autocast():
                fake, real = heads(mine[1:4], at_fake), heads(true[1:4], at_real)
            terms["adversarial"] = sum(F.softplus(-(f.float() - r.float().mean())).mean() for f, r in zip(fake, real)) / len(fake)
            for p in heads.parameters():
                p.requires_grad_(True)
            judge_optimiser.zero_grad(set_to_none=True)
            with loop.autocast():
                fake, real = ([t.float() for t in heads([m.detach() for m in maps[1:4]], at.detach())] for maps, at in ((mine, at_fake), (true, at_real)))
            verdict = sum(F.softplus(-(r - f.mean())).mean() + F.softplus(f - r.mean()).mean() for f, r in zip(fake, real)) / 2 / len(fake)
            verdict.backward()
            judge_optimiser.step()
            running["judge"] = 0.98 * running.get("judge", verdict.item()) + 0.02 * verdict.item()
    return terms


clock, step, next_validation, running, owed = loop.Clock(a.minutes), 0, a.validate, {}, 0.0
while clock.done < 1:
    owed += a.refresh if len(bank.entries) == a.bank else min(1, 4 * a.refresh)
    bank.refresh(int(owed))
    owed -= int(owed)
    for g in optimiser.param_groups:
        g["lr"] = loop.cosine(clock.done, a.lr)
    batch = {k: v.to(device, memory_format=torch.channels_last) if v.dim() == 4 else v for k, v in bank.batch(a.batch, a.patch).items()}
    with loop.autocast():
        sr = net(batch["lr"])
    at = sr.detach().float().requires_grad_(True)
    terms = loss_terms(at, batch)
    # the weights are shares of the gradient with respect to the picture, each term's brought to the same length first:
    # so 1.0 means the same for every term, whatever its units, and stays so while its value falls
    total = 0
    for k, t in terms.items():
        g, = torch.autograd.grad(t, at, retain_graph=True)
        n = g.norm().item()
        norms[k] = n if k not in norms else 0.98 * norms[k] + 0.02 * n
        total = total + g * (getattr(a, k) / max(norms[k], 1e-12))
    optimiser.zero_grad(set_to_none=True)
    sr.backward((total * 1e-3).to(sr.dtype))
    torch.nn.utils.clip_grad_norm_(net.parameters(), a.clip)
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
        critic = {"critic": heads.state_dict(), "critic_optimiser": judge_optimiser.state_dict()} if heads else {}
        loop.save(a.out, **critic, optimiser=optimiser.state_dict(), ema=ema.net.state_dict(), net=net.state_dict(), scale=a.scale, width=a.width, blocks=a.blocks, steps=step, arguments=vars(a))
