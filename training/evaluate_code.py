#!/usr/bin/env python3
"""Is a code worth having? PSNR-Y and LPIPS of a network of train_code.py with right, mean, another picture's and guessed numbers.

  python3 training/evaluate_code.py runs/code-x4.pt --pictures 48

On held-out photographs (of train/ and train2/photos), half of --pictures with each of two kinds of degradation. The guess
is a ridge regression from the degradation embedding, fitted on training photographs."""
import argparse
import os
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import code, data, degradation as D, interpret, loop, metrics, photo

HERE = os.path.dirname(os.path.abspath(__file__))
a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("checkpoint", nargs="+")
a.add_argument("--start", default=os.path.join(data.ROOT, "models", "lway-photo-x4.onnx"))
a.add_argument("--encoder", default=os.path.join(data.ROOT, "models", "lway-encoder-x4.onnx"))
a.add_argument("--data", default=data.DATA)
a.add_argument("--settings", nargs="+", default=["degradation-heldout.json", "degradation-photo.json"])
a.add_argument("--pictures", type=int, default=96)
a.add_argument("--side", type=int, default=320, help="HR pixels")
a.add_argument("--examples", type=int, default=1200, help="for the read-out")
a.add_argument("--read-out", default="runs/code-read-out.npz", help="kept between calls")
a.add_argument("--items", default="runs/code-items.pt", help="likewise, the degraded pictures")
a.add_argument("--towards", help="weights to add for a network of more dB: what a plain blend would bring (lway-photo-x4-faithful.onnx)")
a.add_argument("--singles", action="store_true", help="each number right by itself, too")
a.add_argument("--threads", type=int, default=1)
a = a.parse_args()
loop.prepare(a.threads)
encoder = interpret.OnnxNet(a.encoder)
shipped = photo.load(a.start).to(memory_format=torch.channels_last).eval()
score = metrics.judge(a.data)
parts = [data.split_by_photo(os.path.join(a.data, part)) for part in ("train", os.path.join("train2", "photos"))]


@torch.no_grad()
def example(hr, plan):
    """lr, its embedding, the plan's numbers, texture, what the network as shipped makes of it."""
    lr = D.apply_plan(hr, plan)[None]
    plain = shipped(lr)
    return {"lr": lr, "hr": hr[None], "embedding": encoder(lr)[0], "plain": plain, "code": np.append(code.numbers(plan), code.livelier(hr[None], plain).item())}


def middle(hr, side):
    y, x = ((n - side) // 2 for n in hr.shape[1:])
    return hr[:, y:y + side, x:x + side]


def read_out():
    """weight [512,5], bias [5]: embedding to numbers."""
    if os.path.exists(a.read_out):
        kept = np.load(a.read_out)
        return kept["weight"], kept["bias"], kept["low"], kept["high"]
    files, rng, rows = [f for p in parts for f in p[0]], np.random.default_rng(21), []
    settings = D.load_settings(os.path.join(HERE, "degradation-photo.json"))
    for _ in range(a.examples):
        hr = D.prepare_hr(data.read_image(files[int(rng.integers(len(files)))]), rng, settings)
        e = example(data.crop(hr, 240, rng), D.sample_plan(rng, settings))
        rows.append((e["embedding"].numpy(), e["code"]))
    x, y = (np.array(t, np.float64) for t in zip(*rows))
    mean, spread = x.mean(0), x.std(0) + 1e-6
    z = np.concatenate([(x - mean) / spread, np.ones((len(x), 1))], 1)
    penalty = 0.3 * len(x) * np.eye(z.shape[1])
    penalty[-1, -1] = 0
    fit = lambda n: np.linalg.solve(z[:n].T @ z[:n] + penalty * n / len(x), z[:n].T @ y[:n])
    # what it misses: on a fifth that it was not fitted on
    fifth = len(x) * 4 // 5
    left = np.sqrt(np.square(z[fifth:] @ fit(fifth) - y[fifth:]).mean(0))
    w = fit(len(x))
    weight = w[:-1] / spread[:, None]
    bias = w[-1] - mean @ weight
    np.savez(a.read_out, weight=weight, bias=bias, low=y.min(0), high=y.max(0), left=left)
    return weight, bias, y.min(0), y.max(0)


weight, bias, least, most = read_out()
files = [f for pair in zip(*(p[1] for p in parts)) for f in pair]
items = torch.load(a.items, weights_only=False) if os.path.exists(a.items) else []
for name in a.settings if not items else []:
    rng, settings = np.random.default_rng(31), D.load_settings(os.path.join(HERE, name))
    for f in files[:a.pictures // len(a.settings)]:
        items.append({"kind": name, "photo": data.photo_name(f), **example(middle(data.read_image(f), a.side), D.sample_plan(rng, settings))})
torch.save(items, a.items)
kinds = np.array([i["kind"] for i in items])
true = np.stack([i["code"] for i in items])
guessed = np.stack([i["embedding"].numpy() for i in items]) @ weight + bias
guessed = np.clip(guessed, least, most)
for name in a.settings:
    m = kinds == name
    explained = 1 - ((guessed - true)[m] ** 2).mean(0) / true[m].var(0)
    print(f"the guess explains, {name}: " + " ".join(f"{n} {e:.2f} (r {np.corrcoef(guessed[m, k], true[m, k])[0, 1]:.2f})" for k, (n, e) in enumerate(zip(code.NAMES, explained))), flush=True)


def other(k):
    """Number of another picture with the same kind of degradation: half of them further on."""
    same = np.flatnonzero(kinds == kinds[k])
    return same[(np.flatnonzero(same == k)[0] + len(same) // 2) % len(same)]


def measured(sr, item):
    return metrics.psnr_y(sr, item["hr"]), score(sr.clamp(0, 1), item["hr"])


as_shipped = np.array([measured(i["plain"], i) for i in items])


def tell(name, rows, to):
    d = rows - to
    parts = []
    for m in [kinds == n for n in a.settings] + [kinds != ""]:
        wide = 1.96 * d[m, 0].std(ddof=1) / m.sum() ** 0.5, 196 * d[m, 1].std(ddof=1) / m.sum() ** 0.5 / to[m, 1].mean()
        parts.append(f"{rows[m, 0].mean():.2f} / {rows[m, 1].mean():.4f} ({d[m, 0].mean():+.2f} ± {wide[0]:.2f} dB, {100 * d[m, 1].mean() / to[m, 1].mean():+.1f} ± {wide[1]:.1f} %)")
    print(f"| {name} | " + " | ".join(parts) + " |", flush=True)


@torch.no_grad()
def blended(share):
    """Measures of the network as shipped with `share` of the offsets of --towards."""
    offsets, net = metrics.initializers(a.towards), photo.load(a.start)
    net.load_state_dict({k: v + share * offsets[k].float().reshape(v.shape) for k, v in net.state_dict().items()})
    return np.array([measured(net.to(memory_format=torch.channels_last)(i["lr"]), i) for i in items])


print(f"\n{len(items)} pictures; in brackets against the mean code of the same network\n\n| numbers | " + " | ".join(a.settings) + " | both |")
for path in a.checkpoint:
    state = torch.load(path, map_location="cpu", weights_only=False)
    net = code.CodedNetwork(photo.load(a.start))
    net.load_state_dict(state["ema"])
    net = net.to(memory_format=torch.channels_last).eval()
    means = np.append(state["statistics"][0], state["lively"][0])
    spreads = np.append(state["statistics"][1], state["lively"][1])
    c, g = ((t - means) / spreads for t in (true, guessed))
    planned = np.arange(len(code.NAMES)) < code.PLANNED

    @torch.no_grad()
    def run(codes):
        return np.array([measured(net(i["lr"], torch.from_numpy(np.float32(k))[None]), i) for i, k in zip(items, codes)])

    print(f"{path}, {state['steps']} steps", flush=True)
    mean = run(0 * c)
    tell("as shipped", as_shipped, mean)
    tell("mean", mean, mean)
    for share in (0.25, 0.5) if a.towards and path == a.checkpoint[0] else ():
        tell(f"as shipped, {share} of the way to {os.path.basename(a.towards)}", blended(share), mean)
    if state["arguments"]["blind"]:
        continue
    tell("right, without texture", run(c * planned), mean)
    tell("right", run(c), mean)
    tell("texture alone right", run(c * ~planned), mean)
    swapped = np.stack([c[other(k)] for k in range(len(items))])
    tell("another picture's, without texture", run(swapped * planned), mean)
    tell("another picture's", run(swapped), mean)
    tell("guessed, without texture", run(g * planned), mean)
    tell("guessed", run(g), mean)
    for k, n in enumerate(code.NAMES[:code.PLANNED] if a.singles else []):
        tell(f"{n} alone right", run(c * (np.arange(len(code.NAMES)) == k)), mean)
