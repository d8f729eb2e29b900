#!/usr/bin/env python3
"""Fits what says how noisy, compressed and blurred a picture is (ridge regression): all from the degradation embedding, the
noise from the fine detail of the picture's flattest places as well, which knows grain better. Measures it on photographs and
kinds of degradation that it was not fitted on, and writes it as ONNX.

  python3 training/train_estimate.py --out models/lway-estimate.onnx

Outputs: `noise`, the standard deviation of the noise as it is in the file, after sharpening and compression, in 8-bit
steps; `compression`, 100 less the JPEG quality (0: none, or nothing lost); `blur`, the width of what blur, downscaling and
sharpening come to, in LR pixels: the standard deviation of a Gaussian that spreads as far.
"""
import argparse
import os
import sys

import numpy as np
import torch
from scipy.stats import spearmanr

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation as D, export, fine_detail, interpret, loop, metrics

HERE = os.path.dirname(os.path.abspath(__file__))
a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--out", required=True)
a.add_argument("--encoder", default=os.path.join(data.ROOT, "models", "lway-encoder-x4.onnx"))
a.add_argument("--data", default=data.DATA)
a.add_argument("--settings", default="degradation-photo.json,degradation-dirty.json,degradation-clean.json")
a.add_argument("--noisy", default="degradation-noise.json", help="further pictures, two thirds as many, for the noise alone")
a.add_argument("--soft", default="degradation-soft.json", help="further pictures, a third as many, for the blur alone: they hold hardly any noise")
a.add_argument("--keep", help="a read-out of before, whose compression and blur stay as they are")
a.add_argument("--pictures", type=int, default=1200)
a.add_argument("--tests", type=int, default=240)
a.add_argument("--ridge", type=float, default=0.03)
a.add_argument("--noise-ridge", type=float, default=0.3)
a.add_argument("--threads", type=int, default=1)
a = a.parse_args()
loop.prepare(a.threads)
encoder = interpret.OnnxNet(a.encoder)
NOISE_FLOOR = 0.5


def width(plan):
    """Standard deviation in LR pixels of the Gaussian whose kernel has the energy of this plan's."""
    k = D.response(plan).double()
    return float((4 * np.pi * (k ** 2).sum() / k.sum() ** 2) ** -0.5) / plan["scale"]


def example(photo, plan):
    """(embedding, fine detail, log of noise, compression, log of blur) of one degraded crop."""
    lr = D.apply_plan(photo, plan)
    twin = D.apply_plan(photo, plan, noise=False)
    noise = 255 * float((lr - twin).std()) if plan["noise"] else 0.0
    with torch.no_grad():
        e = encoder(lr[None])[0].numpy()
    return e, fine_detail.statistics([lr]), np.log(noise + NOISE_FLOOR), 100 - plan["jpeg"][-1][0] if plan["jpeg"] else 0, np.log(width(plan))


def examples(files, settings, count, seed):
    rng, rows = np.random.default_rng(seed), []
    settings = [D.load_settings(os.path.join(HERE, s)) for s in settings]
    for k in range(count):
        s = settings[k % len(settings)]
        photo = D.prepare_hr(data.read_image(files[int(rng.integers(len(files)))]), rng, s)
        rows.append(example(photo, D.sample_plan(rng, s)))
        if k % 100 == 99:
            print(f"{k + 1} of {count}", flush=True)
    return [np.array(t, np.float64) for t in zip(*rows)]


files, held_out = data.split_by_photo(os.path.join(a.data, "train"))


def fit(e, truth, ridge=a.ridge, free=0):
    """Ridge regression of truth [n,k] on e [n,d], whose last `free` columns are held to little: weight [d,k], bias [k]."""
    mean, spread = e.mean(0), e.std(0) + 1e-6
    x = np.concatenate([(e - mean) / spread, np.ones((len(e), 1))], 1)
    penalty = np.full(x.shape[1], ridge * len(e))
    penalty[len(penalty) - 1 - free:-1] *= 0.03
    penalty[-1] = 0
    w = np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ truth)
    weight = w[:-1] / spread[:, None]
    return weight, w[-1] - mean @ weight


def both(detail):
    """Numbers and their squares."""
    return np.concatenate([detail, detail ** 2], 1)


e, detail, noise, compression, blur = examples(files, a.settings.split(","), a.pictures, 1)
noisy = examples(files, [a.noisy], a.pictures * 2 // 3, 5)
soft = None if a.keep else examples(files, [a.soft], a.pictures // 3, 4)
more = lambda k, rows, beside: np.concatenate([rows, beside[k]])
told_noise, bias_noise = fit(np.concatenate([more(0, e, noisy), both(more(1, detail, noisy))], 1), more(2, noise, noisy)[:, None], a.noise_ridge, 2 * detail.shape[1])
seen, weight = told_noise[e.shape[1]:], np.zeros((e.shape[1], 3))
bias = np.zeros(3)
weight[:, 0], bias[0] = told_noise[:e.shape[1], 0], bias_noise[0]
if not a.keep:
    for k, (x, truth) in ((1, (e, compression)), (2, (more(0, e, soft), more(4, blur, soft)))):
        w, b = fit(x, truth[:, None])
        weight[:, k], bias[k] = w[:, 0], b[0]
else:
    known = metrics.initializers(a.keep)
    for k, name in ((1, "compression"), (2, "blur")):
        weight[:, k], bias[k] = known[f"{name}.weight"].numpy().ravel(), float(known[f"{name}.bias"])

for name, settings, seed in (
    ("kinds it was fitted on", a.settings.split(","), 2),
    ("kinds it was not", ["degradation-heldout.json"], 3),
    ("noisy", ["degradation-noisy.json"], 6),
    ("grain", ["degradation-grain.json"], 7),
):
    e, detail, noise, compression, blur = examples(held_out, settings, a.tests, seed)
    told = e @ weight + bias
    told[:, :1] += both(detail) @ seen
    wrong = np.abs(np.exp(told[:, 0]) - np.exp(noise))
    q = np.clip(told[:, 1], 0, 100)
    print(f"{name}, {len(e)} crops of held-out photographs: noise rank {spearmanr(told[:, 0], noise)[0]:.3f}, mean error {wrong.mean():.2f} of {np.exp(noise).mean():.2f} steps; compression rank {spearmanr(q, compression)[0]:.3f}, mean error {np.abs(q - compression).mean():.1f} of {compression.mean():.1f}; blur rank {spearmanr(told[:, 2], blur)[0]:.3f}, mean error {np.abs(np.exp(told[:, 2]) - np.exp(blur)).mean():.2f} of {np.exp(blur).mean():.2f} pixels")
export.estimate(torch.from_numpy(weight).float(), torch.from_numpy(bias).float(), torch.from_numpy(seen).float(), NOISE_FLOOR, a.out, "lway-estimate", {"author": "LWay", "licence": "MIT"})
net = interpret.OnnxNet(a.out)
got = [float(v) for v in net(torch.from_numpy(e[:1]).float(), torch.from_numpy(detail[:1]).float())]
want = [max(0.0, float(np.exp(told[0, 0])) - NOISE_FLOOR), float(q[0]), float(np.exp(told[0, 2]))]
assert np.allclose(got, want, atol=1e-2), (got, want)
