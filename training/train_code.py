#!/usr/bin/env python3
"""Teaches the quality network to take a code: blur, noise, compression, sharpening and texture as numbers beside the picture.

  python3 training/train_code.py --minutes 15 --out runs/code-x4.pt
  python3 training/evaluate_code.py runs/code-x4.pt

Only the modulation learns (lway/code.py) unless --base-lr is given. Losses are shares of the gradient with respect to the
picture, as in train_photo.py. A tenth of the samples have the mean code (nothing known), a fifth the mean texture."""
import argparse
import os
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import code, data, degradation, features, loop, networks, photo, texture

HERE = os.path.dirname(os.path.abspath(__file__))
a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--start", default=os.path.join(data.ROOT, "models", "lway-photo-x4.onnx"))
a.add_argument("--resume", help="checkpoint of this script whose weights it begins with")
a.add_argument("--out", required=True)
a.add_argument("--data", default=data.DATA)
a.add_argument("--settings", default="degradation-photo.json", help="a file beside this script")
a.add_argument("--minutes", type=float, default=15)
a.add_argument("--lr", type=float, default=1e-3)
a.add_argument("--base-lr", type=float, default=0.0)
a.add_argument("--blind", action="store_true", help="control: always the mean code, so that only what suits every picture is learned")
a.add_argument("--ema", type=float, default=0.995)
a.add_argument("--batch", type=int, default=8)
a.add_argument("--patch", type=int, default=32, help="LR pixels")
a.add_argument("--low", type=float, default=0.5)
a.add_argument("--pixel", type=float, default=0.3)
a.add_argument("--perceptual", type=float, default=0.5)
a.add_argument("--lively", type=float, default=0.15)
a.add_argument("--adversarial", type=float, default=0.0)
a.add_argument("--critic-lr", type=float, default=2e-4)
a.add_argument("--critic-floor", type=float, default=0.4, help="the critic pauses while its loss is below this")
a.add_argument("--bank", type=int, default=600)
a.add_argument("--fill", type=int, default=200)
a.add_argument("--refresh", type=float, default=0.3)
a.add_argument("--save", type=float, default=3, help="minutes between checkpoints")
a.add_argument("--threads", type=int, default=1)
a.add_argument("--seed", type=int, default=0)
a = a.parse_args()

loop.prepare(a.threads)
torch.manual_seed(a.seed)
device = loop.device()
to = lambda t: t.to(device, memory_format=torch.channels_last) if t.dim() == 4 else t.to(device)
started = photo.load(a.start).to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)
net = code.CodedNetwork(photo.load(a.start)).to(device).to(memory_format=torch.channels_last)
settings = degradation.load_settings(os.path.join(HERE, a.settings))
if a.resume:
    state = torch.load(a.resume, map_location="cpu", weights_only=False)
    net.load_state_dict(state["ema"])
    statistics, lively = state["statistics"], state["lively"]
else:
    statistics, lively = code.statistics(settings, net.base.scale), None
net.base.requires_grad_(a.base_lr > 0)
own = [p for name, p in net.named_parameters() if not name.startswith("base.")]
groups = [{"params": own, "peak": a.lr}]
if a.base_lr:
    groups.append({"params": list(net.base.parameters()), "peak": a.base_lr})
optimiser = torch.optim.Adam(groups, a.lr, betas=(0.9, 0.99))
ema = loop.Ema(net, a.ema)

photographs = data.split_by_photo(os.path.join(a.data, "train"))[0]
more = os.path.join(a.data, "train2", "photos")
if os.path.isdir(more):
    photographs += data.split_by_photo(more)[0]
bank = data.Bank(photographs, code.entry(settings, net.base.scale, statistics), net.base.scale, a.bank, a.seed)
bank.refresh(a.fill)
print(f"{sum(p.numel() for p in own)} parameters of {networks.parameters(net)}, {len(photographs)} photographs, {device}; numbers {statistics}", flush=True)

judge = features.FeatureNetwork().to(device)
charbonnier = lambda x, y: torch.sqrt((x - y) ** 2 + 1e-6).mean()


@torch.no_grad()
def known(batch):
    """The code of a batch, normalised, but without what is dropped."""
    with loop.autocast():
        plain = started(batch["lr"])
    t = (code.livelier(batch["hr"], plain) - lively[0]) / lively[1] if lively else code.livelier(batch["hr"], plain)
    c = torch.cat([batch["numbers"], t[:, None]], 1)
    c[torch.rand(len(c), device=device) < 0.2, code.PLANNED:] = 0
    c[torch.rand(len(c), device=device) < 0.1] = 0
    return c * 0 if a.blind else c


def take():
    return {k: to(v) for k, v in bank.batch(a.batch, a.patch).items()}


critic = networks.Critic([judge.channels(f"f{k}") for k in (2, 3, 4)]).to(device)
critic_optimiser = torch.optim.Adam(critic.parameters(), a.critic_lr, betas=(0.5, 0.99))


def maps_of(picture):
    with loop.autocast():
        return [features.unit(t) for t in judge(picture.contiguous(memory_format=torch.channels_last))]


def verdicts(maps, picture):
    with loop.autocast():
        return [v.float() for v in critic(maps[1:4], picture)]


def loss_terms(sr, hr, mine, true):
    """{name: loss}, all as functions of sr."""
    s = net.base.scale
    terms = {"low": charbonnier(F.avg_pool2d(sr, s), F.avg_pool2d(hr, s)), "pixel": charbonnier(sr, hr), "lively": texture.liveliness(sr, hr),
             "perceptual": sum(((p - q) ** 2).sum(1).mean() for p, q in zip(mine[2:], true[2:])) / 3}
    if a.adversarial:
        fake, real = verdicts(mine, sr), verdicts(true, hr)
        terms["adversarial"] = sum(F.softplus(-(f - r.mean())).mean() for f, r in zip(fake, real)) / len(fake)
    return terms


def teach_critic(sr, hr, mine, true):
    """One step of the critic, unless it wins too easily. Its loss (0.69: chance)."""
    fake, real = verdicts([m.detach() for m in mine], sr.detach()), verdicts(true, hr)
    loss = sum(F.softplus(-(r - f.mean())).mean() + F.softplus(f - r.mean()).mean() for f, r in zip(fake, real)) / 2 / len(fake)
    if loss.item() > a.critic_floor:
        critic_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        critic_optimiser.step()
    return loss.item()


if lively is None:
    with torch.no_grad(), loop.autocast():
        seen = torch.cat([code.livelier(b["hr"], started(b["lr"])) for b in (take() for _ in range(24))])
    lively = (seen.mean().item(), seen.std().item())
    print("texture", lively, flush=True)
clock, step, next_save, owed, running, norms = loop.Clock(a.minutes), 0, a.save, 0.0, {}, {}
while clock.done < 1:
    owed += a.refresh
    bank.refresh(int(owed))
    owed -= int(owed)
    for group in optimiser.param_groups:
        group["lr"] = loop.cosine(clock.done, group["peak"])
    batch = take()
    with loop.autocast():
        sr = net(batch["lr"], known(batch))
    at, total = sr.detach().float().requires_grad_(True), 0
    with torch.no_grad():
        true = maps_of(batch["hr"])
    mine = maps_of(at)
    critic.requires_grad_(False)
    for name, term in loss_terms(at, batch["hr"], mine, true).items():
        g, = torch.autograd.grad(term, at, retain_graph=True)
        length = g.norm().item()
        running[name] = term.item() if name not in running else 0.98 * running[name] + 0.02 * term.item()
        norms[name] = length if name not in norms else 0.98 * norms[name] + 0.02 * length
        # a critic that begins anew knows nothing yet
        weight = getattr(a, name) * (min(1.0, step / 300) if name == "adversarial" else 1)
        total = total + g * (weight / max(norms[name], 1e-12))
    if a.adversarial:
        critic.requires_grad_(True)
        loss = teach_critic(at, batch["hr"], mine, true)
        running["critic"] = 0.98 * running.get("critic", loss) + 0.02 * loss
    optimiser.zero_grad(set_to_none=True)
    sr.backward((total * 1e-3).to(sr.dtype))
    torch.nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 0.5)
    optimiser.step()
    ema.update(net)
    step += 1
    if step % 50 == 0:
        print(f"{step} steps {clock.elapsed():.0f} s", " ".join(f"{k} {v:.4f}" for k, v in running.items()), flush=True)
    if clock.elapsed() > 60 * next_save or clock.done >= 1:
        next_save += a.save
        loop.save(a.out, ema=ema.net.state_dict(), statistics=statistics, lively=lively, steps=step, arguments=vars(a))
