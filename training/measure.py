#!/usr/bin/env python3
"""PSNR-Y (BT.601, 4-pixel border cut, 8-bit) and LPIPS of SR networks over folders of LR/HR pairs.

  python3 training/measure.py --model models/lway-faithful-x4.onnx
  python3 training/measure.py --model bicubic --model runs/crisp-x4.pt --pairs ../shared/data/eval/realsr --each

--model: an ONNX file, a checkpoint of train_sr.py, or the word bicubic (bicubic2 for x2); A+B@0.3 blends the weights of two of ours
(0.3 of B), A+B@0.3i their results. Means over all, odd- and even-numbered pairs (the first is number 1): odd pairs are
tuned on, even pairs are not.
"""
import argparse
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation, interpret, loop, metrics, networks, weights


def load_model(name):
    """-> f(lr [1,3,h,w]) -> sr."""
    if "@" in name:
        names, share = name.rsplit("@", 1)
        first, second = names.split("+")
        if share.endswith("i"):
            t, f, g = float(share[:-1]), load_model(first), load_model(second)
            return lambda x: (1 - t) * f(x) + t * g(x)
        t, a, b = float(share), weights.read(first), weights.read(second)
        return from_state({k: (1 - t) * a[k] + t * b[k] for k in a if k in b and a[k].is_floating_point()})
    if name in ("bicubic", "bicubic2"):
        def bicubic(x, s=2 if name.endswith("2") else 4):
            a = degradation.to_bytes(x[0].cpu())
            return degradation.from_bytes(np.array(Image.fromarray(a).resize((a.shape[1] * s, a.shape[0] * s), Image.BICUBIC)))[None].to(x.device)
        return bicubic
    if name.endswith(".onnx"):
        return interpret.OnnxNet(name).to(loop.device())
    return from_state(weights.read(name))


def from_state(state):
    scale = int((state["tail.weight"].shape[0] // 3) ** 0.5)
    blocks = len([k for k in state if k.startswith("body.") and k.endswith("a.weight")])
    net = networks.SuperResolver(scale, state["head.weight"].shape[0], blocks)
    net.load_state_dict({k: state[k] for k in net.state_dict()})
    return net.eval().to(loop.device())


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--model", action="append", required=True)
    a.add_argument("--data", default=data.DATA)
    a.add_argument("--pairs", action="append", help="folder with lr/ and hr/ (default: eval/realsr and eval/drealsr of --data)")
    a.add_argument("--each", action="store_true", help="one line per picture too")
    a.add_argument("--odd", action="store_true", help="only the odd-numbered pairs (for tuning)")
    a.add_argument("--save", help="folder for the results as PNG")
    a.add_argument("--threads", type=int, default=2)
    a = a.parse_args()
    loop.prepare(a.threads)
    device = loop.device()
    judge = metrics.judge(a.data, device)
    for model in a.model:
        f = load_model(model)
        for folder in a.pairs or [os.path.join(a.data, "eval", s) for s in ("realsr", "drealsr")]:
            rows = []
            for i, (name, low, high) in enumerate(data.pairs(folder)):
                if a.odd and i % 2:
                    continue
                lr, hr = data.read_image(low)[None].to(device), data.read_image(high)[None].to(device)
                with torch.no_grad():
                    sr = f(lr).clamp(0, 1)
                if sr.shape[2] != hr.shape[2]:
                    # a x2 network on x4 pairs: HR is brought to its size
                    hr = degradation.resize(hr[0].cpu(), sr.shape[2], sr.shape[3], "lanczos")[None].clamp(0, 1).to(device)
                rows.append((i, metrics.psnr_y(sr, hr), judge(sr, hr), metrics.psnr_y(F.avg_pool2d(sr, hr.shape[2] // lr.shape[2]), lr)))
                if a.each:
                    print(f"  {name} {rows[-1][1]:.2f} {rows[-1][2]:.4f}")
                if a.save:
                    os.makedirs(a.save, exist_ok=True)
                    Image.fromarray(degradation.to_bytes(sr[0].cpu())).save(os.path.join(a.save, f"{os.path.basename(folder)}-{name}.png"))
            t = np.array(rows)
            mean = lambda m: " / ".join(f"{v:.{d}f}" for v, d in zip(t[m, 1:].mean(0), (2, 4, 1)))
            odd = t[:, 0] % 2 == 0
            line = f"odd {mean(odd)}" if a.odd else f"all {len(t)}: {mean(odd | True)}   odd: {mean(odd)}   even: {mean(~odd)}"
            print(f"{os.path.basename(model)}  {os.path.basename(folder)}  PSNR-Y / LPIPS / consistency dB  {line}", flush=True)


if __name__ == "__main__":
    main()
