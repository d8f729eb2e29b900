#!/usr/bin/env python3
"""Writes a checkpoint as ONNX and compares both at sizes 1x1, 7x13 and 64x64 (PyTorch against lway/interpret.py here;
`node training/verify.mjs` compares with ONNX Runtime).

  python3 training/export_onnx.py runs/faithful-x4.pt models/lway-faithful-x4.onnx
  python3 training/export_onnx.py runs/reconstructor-x4.pt models/lway-encoder-x4.onnx models/lway-reconstructor-x4.onnx
"""
import argparse
import json
import os
import sys

import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import export, interpret, networks, weights

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("checkpoint")
a.add_argument("onnx", nargs="+")
a.add_argument("--blend", help="another SR checkpoint to mix in")
a.add_argument("--share", type=float, default=0.5, help="its share in the mix")
a.add_argument("--halve", action="store_true", help="x4 -> x2 without training (weights.halve_tail, weights.halve_reconstructor)")
a.add_argument("--samples", help="folder for inputs and PyTorch's outputs, for verify.mjs")
a = a.parse_args()

state = weights.read(a.checkpoint)
if a.blend:
    other = weights.read(a.blend)
    state = {k: (1 - a.share) * v + a.share * other[k] for k, v in state.items() if k in other and v.is_floating_point()}
if a.halve and "tail.weight" in state:
    weights.halve_tail(state)
elif a.halve:
    weights.halve_reconstructor(state, "R.")
name = lambda path: os.path.splitext(os.path.basename(path))[0]
about = {"author": "LWay", "licence": "MIT"}
torch.manual_seed(0)
report = []


def check(path, net, *inputs):
    exported = interpret.OnnxNet(path)
    with torch.no_grad():
        want, got = net(*inputs), exported(*inputs)
    want, got = ([t] if torch.is_tensor(t) else list(t) for t in (want, got))
    worst = max(float((p - q).abs().max()) for p, q in zip(want, got))
    report.append({"model": name(path), "shapes": [list(i.shape) for i in inputs], "difference": worst})
    print(name(path), [tuple(i.shape) for i in inputs], f"largest difference {worst:.2e}")
    if a.samples:
        os.makedirs(a.samples, exist_ok=True)
        stem = os.path.join(a.samples, f"{name(path)}-{inputs[0].shape[2]}x{inputs[0].shape[3]}")
        record = {"model": os.path.basename(path), "inputs": {n: {"dims": list(t.shape), "data": t.flatten().tolist()} for n, t in zip(exported.inputs, inputs)}, "outputs": {n: {"dims": list(t.shape), "data": t.flatten().tolist()} for n, t in zip(exported.outputs, want)}}
        with open(stem + ".json", "w") as f:
            json.dump(record, f)
    assert worst < 1e-4, "the export differs"


if "E.out.weight" in state:
    part = lambda p: {k[2:]: v for k, v in state.items() if k.startswith(p)}
    e, r = part("E."), part("R.")
    scale = int((e and r["first.weight"].shape[1] // 3) ** 0.5)
    E = networks.Encoder(e["out.weight"].shape[0])
    R = networks.Reconstructor(scale, r["first.weight"].shape[0], len([k for k in r if k.startswith("plain.") and k.endswith("weight")]), r["basis"].shape[0], e["out.weight"].shape[0])
    E.load_state_dict(e)
    R.load_state_dict(r)
    export.encoder(E.eval(), a.onnx[0], name(a.onnx[0]), about)
    export.reconstructor(R.eval(), a.onnx[1], name(a.onnx[1]), about)
    for h, w in ((16, 16), (17, 23), (64, 64)):
        check(a.onnx[0], E, torch.rand(1, 3, h, w))
    for h, w in ((1, 1), (7, 13), (64, 64)):
        check(a.onnx[1], R, torch.rand(1, 3, scale * h, scale * w), torch.randn(1, e["out.weight"].shape[0]))
else:
    from measure import from_state
    state = {k: v for k, v in state.items() if k.startswith(("head.", "body.", "tail."))}
    net = from_state(state).cpu()
    export.super_resolver(net, a.onnx[0], name(a.onnx[0]), about)
    for h, w in ((1, 1), (7, 13), (64, 64)):
        check(a.onnx[0], net, torch.rand(2, 3, h, w))
