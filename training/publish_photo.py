#!/usr/bin/env python3
"""Puts a network of train_photo.py into the product: ONNX file, comparison with PyTorch, measured quality, registry.

  python training/publish_photo.py runs/photo-x4.pt
  python training/publish_photo.py runs/photo-fast-x4.pt --id lway-photo-fast-x4
  python training/publish_photo.py runs/photo-x4.pt --mix ../shared/data/peers/RealESRGAN_General_WDN_x4_v3.onnx --share 0.5

The entry of --id must be in models/about.json and its card in models/ (with its <!-- measured --> block, which this
fills). Then look at pictures, say in the card how the network was trained, and commit."""
import argparse
import os
import subprocess
import sys

import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, interpret, photo, trace

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("checkpoint", help="of train_photo.py, or an ONNX file of the same graph")
a.add_argument("--id", default="lway-photo-x4")
a.add_argument("--weights", choices=("ema", "net"), default="ema", help="the averaged weights or the last ones")
a.add_argument("--mix", help="another network of the same graph (checkpoint or ONNX file) whose weights are mixed in")
a.add_argument("--share", type=float, default=0.5, help="its share")
a.add_argument("--models", default=os.path.join(data.ROOT, "models"))
a.add_argument("--no-measure", action="store_true", help="keep the numbers that stand in the card and the registry")
a.add_argument("--threads", type=int, default=1)
a = a.parse_args()
torch.set_num_threads(a.threads)

net = photo.load(a.checkpoint, a.weights)
if a.mix:
    net.load_state_dict(photo.blend(net.state_dict(), photo.load(a.mix).state_dict(), a.share))
net.eval()
path = os.path.join(a.models, f"{a.id}.onnx")
trace.upscaler(net, path, a.id, {"author": "LWay"})
exported = interpret.OnnxNet(path)
for h, w in ((1, 1), (7, 13), (64, 64)):
    x = torch.rand(2, 3, h, w)
    with torch.no_grad():
        worst = float((net(x) - exported(x)).abs().max())
    print(f"{a.id} {h}x{w}: largest difference to PyTorch {worst:.2e}")
    if worst > 1e-4:
        raise SystemExit("The export differs from the network.")
here = os.path.dirname(os.path.abspath(__file__))
if not a.no_measure:
    subprocess.run([sys.executable, os.path.join(here, "quality.py"), a.id, "--models", a.models, "--threads", str(a.threads)], check=True)
subprocess.run([sys.executable, os.path.join(here, "register.py"), "--models", a.models], check=True)
