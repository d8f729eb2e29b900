#!/usr/bin/env python3
"""Puts a network of train_photo.py into the product: ONNX file, comparison with PyTorch, measured quality, registry.

  python training/publish_photo.py runs/photo-x4.pt
  python training/publish_photo.py runs/photo-fast-x4.pt --id lway-photo-fast-x4
  python training/publish_photo.py runs/photo-x4.pt --mix ../shared/data/peers/RealESRGAN_General_WDN_x4_v3.onnx --share 0.5

Ends for Detail and Noise: --end NAME=NETWORK, or NAME=A-B for this network plus the difference of two others; NAME is
faithful, crisp, clean, sharp or drawn. Written as offsets in half precision (models/ID-NAME.onnx). Where they are not named, faithful
and crisp stay the networks that they are, seen from the new one, and clean keeps its offsets:

  python training/publish_photo.py runs/photo-x4.pt --end faithful=runs/photo-faithful.pt --end clean=GENERAL.onnx-GENERAL_WDN.onnx

Networks of x4 are halved for one of x2.

The entry of --id must be in models/about.json and its card in models/ (with its <!-- measured --> block, which this
fills). Then look at pictures, say in the card how the network was trained, and commit."""
import argparse
import os
import subprocess
import sys

import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, export, interpret, metrics, networks, photo, trace

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("checkpoint", help="of train_photo.py, or an ONNX file of the same graph")
a.add_argument("--id", default="lway-photo-x4")
a.add_argument("--weights", choices=("ema", "net"), default="ema", help="the averaged weights or the last ones")
a.add_argument("--mix", help="another network of the same graph (checkpoint or ONNX file) whose weights are mixed in")
a.add_argument("--share", type=float, default=0.5, help="its share")
a.add_argument("--end", action="append", default=[], help="NAME=NETWORK or NAME=A-B")
a.add_argument("--models", default=os.path.join(data.ROOT, "models"))
a.add_argument("--no-measure", action="store_true", help="keep the numbers that stand in the card and the registry")
a.add_argument("--threads", type=int, default=1)
a = a.parse_args()
torch.set_num_threads(a.threads)

net = photo.load(a.checkpoint, a.weights)
if a.mix:
    net.load_state_dict(photo.blend(net.state_dict(), photo.at_scale(photo.load(a.mix), net.scale).state_dict(), a.share))
net.eval()
path = os.path.join(a.models, f"{a.id}.onnx")
end_path = lambda name: os.path.join(a.models, f"{a.id}-{name}.onnx")
kept = {}
for name in ("faithful", "crisp"):
    if os.path.exists(path) and os.path.exists(end_path(name)) and not any(e.startswith(f"{name}=") for e in a.end):
        before, away = photo.load(path).state_dict(), metrics.initializers(end_path(name))
        kept[name] = {k: v + away[k].float().reshape(v.shape) - net.state_dict()[k] for k, v in before.items()}
# Ours keeps the names and constants of its kind, so that the weights of several can be mixed.
write = export.super_resolver if isinstance(net, networks.SuperResolver) else trace.upscaler
write(net, path, a.id, {"author": "LWay"})
exported = interpret.OnnxNet(path)
for h, w in ((1, 1), (7, 13), (64, 64)):
    x = torch.rand(2, 3, h, w)
    with torch.no_grad():
        worst = float((net(x) - exported(x)).abs().max())
    print(f"{a.id} {h}x{w}: largest difference to PyTorch {worst:.2e}")
    if worst > 1e-4:
        raise SystemExit("The export differs from the network.")
from_file = lambda p: photo.at_scale(photo.load(p, a.weights), net.scale).state_dict()
for end in a.end:
    name, files = end.split("=", 1)
    first, _, second = files.partition(".onnx-") if ".onnx-" in files else files.partition(".pt-")
    if second:
        to, start = from_file(files[:len(files) - len(second) - 1]), from_file(second)
    else:
        to, start = from_file(files), net.state_dict()
    offsets = {k: to[k] - start[k] for k in to}
    export.offsets(offsets, end_path(name), f"{a.id}-{name}", {"author": "LWay"})
    exact, stored = photo.load(path), photo.load(path)
    exact.load_state_dict({k: v + offsets[k] for k, v in net.state_dict().items()})
    stored.load_state_dict({k: v + offsets[k].half().float() for k, v in net.state_dict().items()})
    with torch.no_grad():
        x = torch.rand(1, 3, 64, 64)
        print(f"{name}: in half precision the end differs by {255 * float((exact(x) - stored(x)).abs().max()):.3f} of 255 at most, and from the network by {255 * float((exact(x) - net(x)).abs().mean()):.2f} on the mean")
for name, offsets in kept.items():
    export.offsets(offsets, end_path(name), f"{a.id}-{name}", {"author": "LWay"})
here = os.path.dirname(os.path.abspath(__file__))
if not a.no_measure:
    subprocess.run([sys.executable, os.path.join(here, "quality.py"), a.id, "--models", a.models, "--threads", str(a.threads)], check=True)
subprocess.run([sys.executable, os.path.join(here, "register.py"), "--models", a.models], check=True)
