#!/usr/bin/env python3
"""Trains a small x4 network of a family (vq, diffusion, transformer) for --minutes and writes it as ONNX.

  python3 training/train_family.py vq --minutes 5 --out runs/vq-x4.onnx

They do not ship: docs/quality.md shows with them what adaptation does to networks of their kind. Training degradations and
photographs are those of train_sr.py. They are trained as published ones are: by errors in brightness first, then (--invent) by
feature distance and a critic, with little weight on what area downscaling can see.
"""
import argparse
import os
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation, families, interpret, loop, metrics, perception

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("family", choices=list(families.FAMILIES))
a.add_argument("--data", default=data.DATA, help="folder with train/ (and eval/, metrics/ for validation)")
a.add_argument("--out", required=True, help="ONNX file to write; the checkpoint lies beside it")
a.add_argument("--minutes", type=float, default=5)
a.add_argument("--start", help="checkpoint of the same family to go on from")
a.add_argument("--begin", type=float, default=0.0, help="share of the schedule to begin at, with --start: 0.7 is the last stage of diffusion")
a.add_argument("--teacher", help="ONNX file of a network whose results are learned instead of HR: one that invents, as published ones do")
a.add_argument("--invent", type=float, default=0.4, help="share of the time, at its end, with feature distance and critic; 0: brightness alone")
a.add_argument("--low", type=float, default=0.15, help="share of the gradient then, of the area-downscaled pictures' error")
a.add_argument("--pixel", type=float, default=0.1, help="of the pictures' error")
a.add_argument("--perceptual", type=float, default=0.6, help="of the feature distance")
a.add_argument("--adversarial", type=float, default=0.3, help="of the critic")
a.add_argument("--batch", type=int, default=4)
a.add_argument("--patch", type=int, default=32, help="LR pixels, a multiple of 16")
a.add_argument("--lr", type=float, default=1e-3)
a.add_argument("--bank", type=int, default=800, help="degraded crops held in memory")
a.add_argument("--threads", type=int, default=1)
a.add_argument("--seed", type=int, default=0)
a = a.parse_args()

loop.prepare(a.threads)
torch.manual_seed(a.seed)
files, held_out = data.split_by_photo(os.path.join(a.data, "train"))
net = families.FAMILIES[a.family]()
if a.start:
    net.load_state_dict(torch.load(a.start, map_location="cpu")["net"])
print(f"{sum(p.numel() for p in net.parameters())} parameters", flush=True)
bank = data.Bank(files, data.sr_entry(degradation.load_settings(degradation.SETTINGS)), 4, a.bank, a.seed)
bank.refresh(min(a.bank, 200))
validation = data.validation(a.data, held_out, count=4)
taught = interpret.OnnxNet(a.teacher) if a.teacher else None
ema = loop.Ema(net, 0.98 if a.start else 0.995)
charbonnier = lambda x, y: torch.sqrt((x.float() - y) ** 2 + 1e-6).mean()


started = a.start is not None


def through_codebook(z, done, first):
    """z itself until `first` of the time is over: an encoder learns little through a codebook that holds nothing yet."""
    global started
    if done < first:
        return z, 0.0
    if not started:
        net.codebook.begin(z)
        started = True
    quantised, commitment = net.codebook.learn(z)
    return quantised, 0.25 * commitment


def vq_result(lr, hr, done):
    z, features = net.latents(lr)
    quantised, commitment = through_codebook(z, done, 0.25)
    return net.decoded(quantised, features), commitment


def diffusion_result(lr, hr, done):
    """Autoencoder first, then the diffusion in its latents (a loss alone), then the one step and the decoder."""
    if done < 0.3:
        quantised, commitment = through_codebook(net.encoder(hr - 0.5), done, 0.15)
        return net.decoder(quantised) + 0.5, commitment
    if done < 0.55:
        with torch.no_grad():
            clean, condition = net.encoder(hr - 0.5).float(), net.condition(lr).float()
        # The last step is the one that is taken in the end: half of all.
        t = torch.randint(net.STEPS, (len(lr),))
        t = torch.where(torch.rand(len(lr)) < 0.5, net.STEPS - 1, t)
        eta = net.eta[t].view(-1, 1, 1, 1)
        state = clean + eta * (condition - clean) + net.noise * eta.sqrt() * torch.randn_like(clean)
        return None, F.mse_loss(net.denoised(state, condition, t).float(), clean)
    quantised, commitment = through_codebook(net.one_step(lr), done, 0)
    return net.decoder(quantised) + 0.5, commitment


def transformer_result(lr, hr, done):
    return net(lr), 0.0


invented, shares, inventing = None, perception.Shares(), 0


def picture_loss(sr, hr, done):
    """Of the result against the picture; where detail is invented, one whose gradient is the shares' of its terms."""
    global invented, inventing
    if done < 1 - a.invent:
        return charbonnier(sr, hr)
    if invented is None:
        invented = perception.Perception(a.data, loop.device())
    inventing += 1
    at = sr.detach().float().requires_grad_(True)
    with torch.no_grad():
        true = invented.maps(hr)
    mine = invented.maps(at)
    terms = {
        "low": charbonnier(F.avg_pool2d(at, families.SCALE), F.avg_pool2d(hr, families.SCALE)),
        "pixel": charbonnier(at, hr),
        "perceptual": invented.distance(mine, true),
        "adversarial": invented.deceit(at, hr, mine, true),
    }
    # A critic that begins knows nothing yet.
    weights = {name: getattr(a, name) for name in terms} | {"adversarial": a.adversarial * min(1.0, inventing / 300)}
    gradient = shares.gradient(terms, weights, at)
    follow(critic=invented.teach(at, hr, mine, true), **{name: term.item() for name, term in terms.items()})
    # As long as Charbonnier's gradient was: the codebook's own loss is beside it.
    return (sr.float() * gradient).sum() * shares.lengths["pixel"]


running = {}


def follow(**values):
    for name, value in values.items():
        running[name] = 0.98 * running.get(name, value) + 0.02 * value


def validate():
    rows = []
    with torch.no_grad():
        for name, items in validation.items():
            even = lambda t, f: t[..., : t.shape[-2] // f * f, : t.shape[-1] // f * f]
            scores = [metrics.psnr_y(ema.net(even(lr, 16)), even(hr, 64)) for lr, hr in items]
            rows.append(f"{name} {sum(scores) / len(scores):.2f}")
    return "  ".join(rows)


result_of = {"vq": vq_result, "diffusion": diffusion_result, "transformer": transformer_result}[a.family]
optimiser = torch.optim.Adam(net.parameters(), a.lr, betas=(0.9, 0.99))
clock, step, validated = loop.Clock(a.minutes), 0, 0
while clock.done < 1:
    if step % 4 == 0:
        bank.refresh()
    done = a.begin + (1 - a.begin) * clock.done
    for g in optimiser.param_groups:
        g["lr"] = loop.cosine(done, a.lr)
    batch = bank.batch(a.batch, a.patch)
    if taught:
        with torch.no_grad():
            batch["hr"] = taught(batch["lr"])
    with loop.autocast():
        sr, loss = result_of(batch["lr"], batch["hr"], done)
    if sr is not None:
        loss = loss + picture_loss(sr, batch["hr"], done)
    follow(loss=loss.item())
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    optimiser.step()
    ema.update(net)
    step += 1
    if step % 100 == 0:
        print(f"{step} steps {clock.elapsed():.0f} s  ", *(f"{name} {value:.4f}" for name, value in running.items()), flush=True)
    if int(clock.done * 4) > validated:
        validated = int(clock.done * 4)
        print(f"validation {step} steps {clock.elapsed():.0f} s  {validate()}", flush=True)
        loop.save(a.out.replace(".onnx", "") + ".pt", net=ema.net.state_dict(), family=a.family, arguments=vars(a))

trained = ema.net
if hasattr(trained, "codebook"):
    x = validation["held-out"][0][0][..., :80, :80]
    with torch.no_grad():
        z = trained.latents(x)[0] if a.family == "vq" else trained.one_step(x)
    print(f"entries in use on one picture: {trained.codebook.perplexity(z):.0f} of {len(trained.codebook.entries)}", flush=True)
torch.onnx.export(
    trained, torch.rand(1, 3, 64, 64), a.out, input_names=["image"], output_names=["enlarged"], opset_version=17, dynamo=False,
    dynamic_axes={"image": {0: "batch", 2: "height", 3: "width"}, "enlarged": {0: "batch", 2: "tall", 3: "wide"}},
)
print(f"{a.out}: {os.path.getsize(a.out)} bytes", flush=True)
