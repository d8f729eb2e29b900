#!/usr/bin/env python3
"""Trains the LR reconstructor R, and with it the degradation encoder E, for --minutes.

  python3 training/train_reconstructor.py --minutes 28 --encoder runs/encoder-x4.pt --sr models/lway-faithful-x4.onnx --out runs/reconstructor-x4.pt

E comes from train_encoder.py and learns on slowly (--encoder-lr). Loss: L1 of R(HR, E(LR)) against the noise-free twin of LR, the same for HR pictures with an SR network's errors (which
must come through), a contrastive term (one degradation on two photographs must give like embeddings), and a small
regression of the degradation's numbers. --sr and --teacher are the networks whose errors are shown, beside synthetic ones.
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
from lway import camera, data, degradation as D, interpret, loop, networks, weights

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--data", default=data.DATA)
a.add_argument("--out", required=True)
a.add_argument("--start", nargs="*", help="a checkpoint, or the shipped encoder and reconstructor (two .onnx files)")
a.add_argument("--encoder", help="E to start from (train_encoder.py's checkpoint or an .onnx); R's ties to the embedding start anew")
a.add_argument("--encoder-lr", type=float, default=1.0, help="share of the learning rate that E learns at; 0: frozen")
a.add_argument("--grid", choices=("lr", "hr"), default="lr", help="hr: the paper's form, on the HR grid against the enlarged LR (for comparison)")
a.add_argument("--skip", action="append", default=[], help="with --start: weights to start anew, by the beginning of their name")
a.add_argument("--fill", type=int, default=60, help="degradations drawn before the first step")
a.add_argument("--minutes", type=float, default=28)
a.add_argument("--scale", type=int, default=4)
a.add_argument("--embedding", type=int, default=512)
a.add_argument("--no-high-pass", action="store_true", help="ablation: E sees the plain picture only")
a.add_argument("--photos", type=int, default=0, help="ablation: train on that many crops only")
a.add_argument("--batch", type=int, default=8, help="degradations per step, two photographs each")
a.add_argument("--patch", type=int, default=48, help="LR pixels that E sees")
a.add_argument("--inner", type=int, default=24, help="LR pixels that R works on, cut from the patch")
a.add_argument("--lr", type=float, default=8e-4)
a.add_argument("--ema", type=float, default=0.998)
a.add_argument("--bank", type=int, default=500, help="degradations held in memory, two photographs each")
a.add_argument("--refresh", type=float, default=0.25)
a.add_argument("--sr", action="append", default=[], help="SR network whose errors are shown to R (.onnx, repeatable)")
a.add_argument("--cameras", help="folder of City100: kernels estimated from its odd pairs, and those pairs, among the synthetic ones")
a.add_argument("--alike", type=float, default=0.01, help="weight of the contrastive term")
a.add_argument("--numbers", type=float, default=0.02, help="weight of the regression of the degradation's numbers")
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


class Both(nn.Module):
    """E and R under one roof: state_dict names E.* and R.*."""

    def __init__(self):
        super().__init__()
        self.E = networks.Encoder(a.embedding, not a.no_high_pass)
        self.R = networks.Reconstructor(a.scale, embedding=a.embedding) if a.grid == "lr" else networks.FullSizeReconstructor(embedding=a.embedding)


def start_kernels(R, rng, count=300):
    """The linear branch starts from the principal components of the linear responses of `count` degradations."""
    s = a.scale
    area = torch.zeros(5 * s, 5 * s)
    area[2 * s:3 * s, 2 * s:3 * s] = 1 / s ** 2
    family = torch.stack([D.response(D.sample_plan(rng, settings, s)) - area for _ in range(count)])
    _, spread, basis = torch.linalg.svd(family.flatten(1), full_matrices=False)
    spread = spread[:R.kernels] / count ** 0.5
    print("kernel family: share of energy in the components", round(float((spread ** 2).sum() / (family ** 2).sum() * count), 4), flush=True)
    R.basis.data.copy_((basis[:R.kernels] * spread[:, None]).reshape(R.basis.shape))
    # E's first guess: the mean kernel
    mean = family.mean(0).flatten()
    R.mix.bias.data.copy_((basis[:R.kernels] @ mean) / spread)


@torch.no_grad()
def tie_kernels(R, encoder, rng, count=300):
    """The mixture of kernels starts from a ridge regression of the true responses on E's embeddings."""
    area = torch.zeros(5 * a.scale, 5 * a.scale)
    area[2 * a.scale:3 * a.scale, 2 * a.scale:3 * a.scale] = 1 / a.scale ** 2
    seen, true = [], []
    flat = R.basis.flatten(1)
    for _ in range(count):
        plan = D.sample_plan(rng, settings, a.scale)
        hr = D.prepare_hr(data.read_image(files[int(rng.integers(len(files)))]), rng, settings, a.scale)
        seen.append(encoder(D.apply_plan(hr, plan)[None])[0])
        true.append(torch.linalg.lstsq(flat.T, (D.response(plan) - area).flatten()[:, None]).solution[:, 0])
    x, y = torch.stack(seen), torch.stack(true)
    mean, centre = x.mean(0), y.mean(0)
    x, y = x - mean, y - centre
    w = torch.linalg.solve(x.T @ x + 0.3 * count * x.var(0).mean() * torch.eye(x.shape[1]), x.T @ y)
    print("kernels told by the embedding: share of variance", round(float(1 - (y - x @ w).var(0).sum() / y.var(0).sum()), 3), flush=True)
    R.mix.weight.copy_(w.T)
    R.mix.bias.copy_(centre - mean @ w)


net = Both()
if a.start:
    if a.start[0].endswith(".onnx"):
        if not a.encoder:
            weights.load(net.E, a.start[0])
        weights.load_reconstructor(net.R, a.start[1])
    else:
        weights.load(net, a.start[0], skip=a.skip)
elif a.grid == "lr":
    start_kernels(net.R, np.random.default_rng(5))
if a.encoder:
    weights.load(net.E, a.encoder)
    if a.grid == "lr":
        start_kernels(net.R, np.random.default_rng(5))
        tie_kernels(net.R, net.E, np.random.default_rng(6))
    for m in net.R.modulated:
        torch.nn.init.normal_(m.style.weight, std=0.3 / a.embedding ** 0.5)
        torch.nn.init.ones_(m.style.bias)
net = net.to(device).to(memory_format=torch.channels_last)
aux = nn.Linear(a.embedding, 4).to(device)
print(f"E {networks.parameters(net.E)} + R {networks.parameters(net.R)} parameters, {len(files)} crops, {device}", flush=True)

shown = []
for path in a.sr:
    m = interpret.OnnxNet(path)
    def run(lr, m=m):
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            return m(lr[None])[0].float()
    shown.append(run)
cameras = camera.Cameras(a.cameras, a.scale) if a.cameras else None
bank = data.Bank(files, data.reconstruction_entry(settings, a.scale, shown, cameras), a.scale, a.bank, a.seed)
began = time.time()
bank.refresh(min(a.bank, a.fill))
print(f"bank of {len(bank.entries)} filled in {time.time() - began:.0f} s", flush=True)

if not (a.start or a.encoder) or "E.hidden" in a.skip:
    net.E.calibrate(torch.cat([bank.batch(16, a.patch)["lr"] for _ in range(6)]).to(device))
ema = loop.Ema(net, a.ema)


def held_out_items():
    """Held-out photographs x held-out degradations, each degradation on two photographs."""
    rng, other = np.random.default_rng(11), D.load_settings(os.path.join(os.path.dirname(D.SETTINGS), "degradation-heldout.json"))
    items = []
    for k in range(12):
        plan = D.sample_plan(rng, other, a.scale)
        for f in (held_out[k % len(held_out)], held_out[(k + 12) % len(held_out)]):
            hr = data.read_image(f)
            hr = hr[:, :384 // a.scale * a.scale, :384 // a.scale * a.scale]
            items.append((hr[None], D.apply_plan(hr, plan)[None], D.apply_plan(hr, plan, noise=False)[None]))
    real = []
    if a.scale == 4:
        for name in ("realsr", "drealsr"):
            where = os.path.join(a.data, "eval", name)
            if os.path.isdir(where):
                real += [(data.read_image(h)[None], data.read_image(l)[None], data.read_image(l)[None]) for _, l, h in data.pairs(where)[::2]]
    return items, real


def on_grid(lr):
    """A picture of the LR grid on the grid that R answers on."""
    return lr if a.grid == "lr" else F.interpolate(lr, scale_factor=a.scale, mode="bicubic", align_corners=False)


def validate():
    out = []
    for name, items in zip(("held-out twin", "real odd"), held_out_items_cached):
        rim = 3 if a.grid == "lr" else 3 * a.scale
        err = lambda p, q: (p - q)[..., rim:-rim, rim:-rim].abs().mean().item()
        with torch.no_grad():
            es = [ema.net.E(lr.to(device)) for _, lr, _ in items]
            rows = []
            for i, (hr, _, twin) in enumerate(items):
                hr, twin = hr.to(device), twin.to(device)
                bic = torch.stack([D.resize(hr[0].cpu(), twin.shape[2], twin.shape[3], "bicubic")]).to(device)
                goal = on_grid(twin)
                rows.append((err(ema.net.R(hr, es[i]), goal), err(ema.net.R(hr, es[(i + len(es) // 2 + 1) % len(es)]), goal), err(on_grid(F.avg_pool2d(hr, a.scale)), goal), err(on_grid(bic), goal)))
        r, w, ar, b = np.array(rows).mean(0)
        out.append(f"{name}: R {r:.5f} wrong {w:.5f} area {ar:.5f} bicubic {b:.5f} share {r / min(ar, b):.3f}")
    return "  ".join(out)


held_out_items_cached = held_out_items()
for p in net.E.parameters():
    p.requires_grad_(a.encoder_lr > 0)
groups = [{"params": [*net.R.parameters(), *aux.parameters()], "share": 1.0}]
if a.encoder_lr > 0:
    groups.append({"params": [*net.E.parameters()], "share": a.encoder_lr})
params = [p for g in groups for p in g["params"]]
optimiser = torch.optim.Adam(groups, a.lr, betas=(0.9, 0.99))
clock, step, next_validation, running, owed = loop.Clock(a.minutes), 0, min(2, a.validate), {}, 0.0
while clock.done < 1:
    owed += a.refresh if len(bank.entries) == a.bank else min(1, 2 * a.refresh)
    bank.refresh(int(owed))
    owed -= int(owed)
    for g in optimiser.param_groups:
        g["lr"] = loop.cosine(clock.done, a.lr) * g["share"]
    b = {k: v.to(device) for k, v in bank.batch(a.batch, a.patch).items()}
    lr = b["lr"].contiguous(memory_format=torch.channels_last)
    o, i, s = (a.patch - a.inner) // 2, a.inner, a.scale
    low = lambda t: t[:, :, o:o + i, o:o + i]
    high = lambda t: t[:, :, s * o:s * (o + i), s * o:s * (o + i)]
    with loop.autocast():
        e = net.E(lr)
        # half of the pictures as they are, half with an SR network's errors, by turns
        pick = torch.arange(2 * a.batch, device=device)
        hr = torch.where(((pick + step) % 2 == 0)[:, None, None, None], high(b["hr"]), high(b["wrong"]))
        target = torch.where(((pick + step) % 2 == 0)[:, None, None, None], low(b["twin"]), low(b["wrong_twin"]))
        out = net.R(hr, e)
    rim = 2 if a.grid == "lr" else 2 * a.scale
    miss = (out.float() - on_grid(target))[:, :, rim:-rim, rim:-rim].abs().mean([1, 2, 3])
    z = F.normalize(e.float(), dim=1)
    sim = z @ z.T / 0.1 - 1e4 * torch.eye(len(z), device=device)
    terms = {
        "reconstruct": miss.mean(),
        "alike": a.alike * F.cross_entropy(sim, torch.arange(len(z), device=device) ^ 1),
        "numbers": a.numbers * (aux(e.float()) - b["numbers"]).abs().nanmean(),
    }
    loss = sum(terms.values())
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(params, 0.5)
    optimiser.step()
    ema.update(net)
    step += 1
    for k, t in terms.items():
        running[k] = t.item() if k not in running else 0.98 * running[k] + 0.02 * t.item()
    if step % 50 == 0:
        print(f"{step} steps {clock.elapsed():.0f} s", " ".join(f"{k} {v:.5f}" for k, v in running.items()), flush=True)
    if clock.elapsed() > 60 * next_validation or clock.done >= 1:
        next_validation += a.validate
        print(f"validation {step} steps {clock.elapsed():.0f} s  {validate()}", flush=True)
        loop.save(a.out, ema=ema.net.state_dict(), net=net.state_dict(), scale=a.scale, embedding=a.embedding, grid=a.grid, high_pass=not a.no_high_pass, steps=step, arguments=vars(a))
