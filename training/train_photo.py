#!/usr/bin/env python3
"""Trains the quality network on from an ONNX file of the same graph (Real-ESRGAN general, BSD-3) or a checkpoint, for --minutes.

  python3 training/train_photo.py --start ../shared/data/peers/RealESRGAN_General_WDN_x4_v3.onnx --minutes 60 --out runs/photo-x4.pt
  python3 training/train_photo.py --start runs/photo-x4.pt --minutes 60 --out runs/photo-x4.pt        # goes on, critic and all
  python3 training/train_photo.py --start runs/photo-x4.pt --teacher runs/photo-x4.pt --scale 2 --minutes 30 --out runs/photo-x2.pt

The weights of the losses are shares of the gradient with respect to the picture, each term's brought to the same length."""
import argparse
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import camera, data, degradation, grid, loop, metrics, modules, networks, perception, photo, texture

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(data.DATA, "peers")
a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--start", required=True, help="ONNX file of the graph, or a checkpoint of this script")
a.add_argument("--out", required=True, help="checkpoint to write")
a.add_argument("--teacher", default=os.path.join(PEERS, "RealESRGAN_General_WDN_x4_v3.onnx"), help="whose own detail the result is held to (ONNX file or checkpoint)")
a.add_argument("--scale", type=int, choices=(2, 4), help="2: start and teacher of x4 are halved first, exactly; default is that of the start")
a.add_argument("--data", default=data.DATA)
a.add_argument("--minutes", type=float, default=60)
a.add_argument("--lr", type=float, default=1e-4)
a.add_argument("--critic-lr", type=float, default=1e-4)
a.add_argument("--critic-floor", type=float, default=0.45, help="the critic pauses while its loss is below this: one that wins too easily teaches nothing (chance is 0.69)")
a.add_argument("--ema", type=float, default=0.998)
a.add_argument("--batch", type=int, default=8)
a.add_argument("--patch", type=int, default=32, help="LR pixels")
a.add_argument("--low", type=float, default=0.4, help="Charbonnier loss of the area-downscaled pictures")
a.add_argument("--pixel", type=float, default=0.0, help="Charbonnier loss of the pictures")
a.add_argument("--distil", type=float, default=0.3, help="Charbonnier loss against the teacher's detail on the truth's low frequencies; drawn pictures have the truth as teacher")
a.add_argument("--whole", action="store_true", help="the teacher's result as it is (for a small network taught by a large one)")
a.add_argument("--perceptual", type=float, default=0.6, help="distance of Darknet's maps f3 to f5")
a.add_argument("--adversarial", type=float, default=0.15)
a.add_argument("--grid", type=float, default=0.25, help="amplitude of the error at the grid's frequencies along straight edges")
a.add_argument("--weave", type=float, default=0.0, help="amplitude beyond the truth's at the grid's frequencies, anywhere")
a.add_argument("--lively", type=float, default=0.0, help="energy of fine detail, place by place, against the truth's")
a.add_argument("--settings", default="degradation-photo.json", help="degradation of the photographs, a file beside this script")
a.add_argument("--cameras", type=float, default=0.0, help="share of the photographs that is taken down by the kernels of real cameras (City100's odd pairs)")
a.add_argument("--graphics", type=float, default=0.15, help="share of drawn pictures")
a.add_argument("--modules", type=float, default=0.03, help="share of pixel drawings")
a.add_argument("--bank", type=int, default=1000)
a.add_argument("--fill", type=int, default=200)
a.add_argument("--refresh", type=float, default=0.2, help="crops newly degraded per step")
a.add_argument("--validate", type=float, default=8, help="minutes between validations")
a.add_argument("--workers", type=int, default=0, help="processes that degrade pictures beside the training; the teacher then answers batch by batch")
a.add_argument("--least-rate", type=float, default=0, help="after 40 s the batch is halved where there are fewer steps a second than this")
a.add_argument("--threads", type=int, default=1)
a.add_argument("--seed", type=int, default=0)
a = a.parse_args()

loop.prepare(a.threads)
torch.manual_seed(a.seed)
device = loop.device()
to = lambda t: t.to(device, memory_format=torch.channels_last) if t.dim() == 4 else t.to(device)
state = {} if a.start.endswith(".onnx") else torch.load(a.start, map_location="cpu", weights_only=False)
net = photo.from_state(state["net"]) if state else photo.from_onnx(a.start)
changed = a.scale is not None and net.scale != a.scale
net = photo.at_scale(net, a.scale or net.scale).to(device).to(memory_format=torch.channels_last)
ema = loop.Ema(net, a.ema)
if state:
    ema.net.load_state_dict(photo.at_scale(photo.from_state(state["ema"]), net.scale).state_dict())
    ema.steps = state["steps"]

taught = photo.at_scale(photo.load(a.teacher), net.scale).to(device).to(memory_format=torch.channels_last).eval()


def teacher(lr):
    with torch.no_grad(), loop.autocast():
        return taught(to(lr[None]))[0].float().cpu()


def bank(files, settings, size, seed, taught_by=teacher, cameras=None):
    if a.workers:
        taught_by = "truth"
    make = data.sr_entry(degradation.load_settings(os.path.join(HERE, settings)), net.scale, taught_by if a.distil else None, a.whole, cameras, a.cameras)
    return data.Bank(files, make, net.scale, size, seed)


photographs, held_out = data.split_by_photo(os.path.join(a.data, "train"))
sources, shares = [], []
more = os.path.join(a.data, "train2")
if os.path.isdir(more):
    photographs += data.split_by_photo(os.path.join(more, "photos"))[0]
drawn = (1 - a.graphics - a.modules)
cameras = camera.Cameras(os.path.join(more, "city100"), net.scale) if a.cameras else None
sources.append(bank(photographs, a.settings, int(a.bank * drawn), a.seed, cameras=cameras))
shares.append(drawn)
if a.graphics and os.path.isdir(more):
    sources.append(bank(data.split_by_source(os.path.join(more, "graphics"))[0], "degradation-graphics.json", int(a.bank * a.graphics), a.seed + 1, "truth"))
    shares.append(a.graphics)
if a.modules:
    rng = np.random.default_rng(a.seed + 2)
    sources.append(bank([modules.draw(rng, 96, net.scale) for _ in range(60)], "degradation-modules.json", int(a.bank * a.modules), a.seed + 2, "truth"))
    shares.append(a.modules)
began = time.time()
if a.workers:
    mixture = data.WorkedMixture(sources, shares, a.workers, a.seed)
    mixture.fill(a.fill)
else:
    mixture = data.Mixture(sources, shares, a.seed)
    for source, share in zip(sources, shares):
        source.refresh(max(4, int(a.fill * share)))
print(f"{networks.parameters(net)} parameters, {len(photographs)} photographs, bank of {len(mixture)} in {time.time() - began:.0f} s, {device}", flush=True)

validation = data.validation(a.data, held_out, net.scale, 6)
judge = metrics.judge(a.data, device)


@torch.no_grad()
def validate():
    rows, seen = [], []
    for name, items in validation.items():
        p = l = 0.0
        for lr, hr in items:
            sr = ema.net(to(lr)).float()
            p += metrics.psnr_y(sr, to(hr)) / len(items)
            l += judge(sr.clamp(0, 1), to(hr)) / len(items)
            seen.append(sr)
        rows.append(f"{name} {p:.2f}/{l:.4f}")
    return "  ".join(rows) + f"  dots {metrics.dots(seen, net.scale):.2f}"


invented, gradients = perception.Perception(a.data, device, a.critic_lr, a.critic_floor), perception.Shares()
optimiser = torch.optim.Adam(net.parameters(), a.lr, betas=(0.9, 0.99))
if "critic" in state:
    invented.critic.load_state_dict(state["critic"])
    invented.optimiser.load_state_dict(state["critic_optimiser"])
    if "optimiser" in state and not changed:
        optimiser.load_state_dict(state["optimiser"])
for group in invented.optimiser.param_groups:
    group["lr"] = a.critic_lr
charbonnier = lambda x, y: torch.sqrt((x - y) ** 2 + 1e-6).mean()
running = {}


def follow(name, value):
    running[name] = value if name not in running else 0.98 * running[name] + 0.02 * value


def loss_terms(sr, batch, mine, true):
    """{name: loss}, all as functions of sr."""
    hr, s = batch["hr"], net.scale
    terms = {"low": charbonnier(F.avg_pool2d(sr, s), F.avg_pool2d(hr, s)), "grid": grid.dotted(sr, hr, s)}
    if a.weave:
        terms["weave"] = grid.woven(sr, hr, s)
    if a.lively:
        terms["lively"] = texture.liveliness(sr, hr)
    if a.pixel:
        terms["pixel"] = charbonnier(sr, hr)
    if a.distil:
        terms["distil"] = charbonnier(sr, batch["teacher"])
    terms["perceptual"] = invented.distance(mine, true)
    if a.adversarial:
        terms["adversarial"] = invented.deceit(sr, hr, mine, true)
    return terms


@torch.no_grad()
def teach(batch, count):
    """The teacher's answers to the first `count` pictures: where workers degrade, those that were photographed."""
    lr, hr = batch["lr"][:count], batch["hr"][:count]
    with loop.autocast():
        t = taught(lr).float()
    if not a.whole:
        low = F.avg_pool2d(hr - t, net.scale)
        t = t + F.interpolate(low, scale_factor=net.scale, mode="bicubic", align_corners=False)
    batch["teacher"][:count] = t.clamp(0, 1)


print("start", validate(), flush=True)
clock, step, next_validation, owed = loop.Clock(a.minutes), 0, a.validate, 0.0
before, started = state.get("steps", 0), time.time()
while clock.done < 1:
    owed += a.refresh if len(mixture) >= 0.98 * a.bank else 3 * a.refresh
    mixture.refresh(int(owed))
    owed -= int(owed)
    for group in optimiser.param_groups:
        group["lr"] = loop.cosine(clock.done, a.lr)
    batch = {k: to(v) for k, v in mixture.batch(a.batch, a.patch).items()}
    if a.workers and a.distil:
        teach(batch, int(mixture.counts[0]))
    with loop.autocast():
        sr = net(batch["lr"])
    at = sr.detach().float().requires_grad_(True)
    with torch.no_grad():
        true = invented.maps(batch["hr"])
    mine = invented.maps(at)
    terms = loss_terms(at, batch, mine, true)
    for name, term in terms.items():
        follow(name, term.item())
    # a critic that begins anew knows nothing yet
    weights = {name: getattr(a, name) * (min(1.0, (before + step) / 300) if name == "adversarial" else 1) for name in terms}
    total = gradients.gradient(terms, weights, at)
    if a.adversarial:
        follow("critic", invented.teach(at, batch["hr"], mine, true))
    optimiser.zero_grad(set_to_none=True)
    sr.backward((total * 1e-3).to(sr.dtype))
    torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    optimiser.step()
    ema.update(net)
    step += 1
    if a.least_rate and time.time() - started > 40:
        rate = step / (time.time() - started)
        if rate < a.least_rate and a.batch > 8:
            a.batch //= 2
        print(f"{rate:.1f} steps a second; batch {a.batch} from here on", flush=True)
        a.least_rate = 0
    if step % 50 == 0:
        print(f"{step} steps {clock.elapsed():.0f} s", " ".join(f"{k} {v:.4f}" for k, v in running.items()), flush=True)
    if clock.elapsed() > 60 * next_validation or clock.done >= 1:
        next_validation += a.validate
        print(f"validation {before + step} steps {clock.elapsed():.0f} s  {validate()}", flush=True)
        loop.save(a.out, net=net.state_dict(), ema=ema.net.state_dict(), critic=invented.critic.state_dict(), critic_optimiser=invented.optimiser.state_dict(), optimiser=optimiser.state_dict(), steps=before + step, arguments=vars(a))
