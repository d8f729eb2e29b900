"""PSNR on Y of BT.601 with a border cut, and LPIPS v0.1 (SqueezeNet) read from its ONNX file. For measuring only."""
import math

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


def luma(x):
    """BT.601 studio swing, as MATLAB's rgb2ycbcr: [n,3,h,w] 0..1 -> [n,h,w] 16/255..235/255."""
    return (65.481 * x[:, 0] + 128.553 * x[:, 1] + 24.966 * x[:, 2] + 16) / 255


def psnr_y(a, b, border=4):
    """Both quantised to 8 bits first, as files would be."""
    q = lambda t: (t.clamp(0, 1) * 255).round() / 255
    d = (luma(q(a)) - luma(q(b)))[:, border:-border, border:-border]
    return -10 * math.log10(max((d.double() ** 2).mean().item(), 1e-12))


def initializers(path):
    return {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in onnx.load(path).graph.initializer}


def judge(folder, device="cpu", size="squeeze"):
    """f(sr, hr) -> LPIPS as a float; inputs [1,3,h,w] 0..1. Returns nan where the file is not there."""
    import os

    from .interpret import OnnxNet
    path = os.path.join(folder, "metrics", f"lpips_{size}.onnx")
    if not os.path.exists(path):
        return lambda a, b: float("nan")
    net = OnnxNet(path).to(device)
    mean = torch.tensor([0.485, 0.456, 0.406], device=device).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225], device=device).view(1, 3, 1, 1)

    @torch.no_grad()
    def score(a, b):
        q = lambda t: ((t.clamp(0, 1) * 255).round() / 255 - mean) / std
        return float(net(q(b), q(a)).flatten()[0])
    return score
