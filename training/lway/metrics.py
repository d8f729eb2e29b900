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


def dots(pictures, period=4):
    """Dotted edges of pictures [1,3,h,w] 0..1, as a ratio: along straight, axis-parallel edges, amplitude at the period of
    the grid over that at its neighbours (32-pixel Hann windows). About 1 where there is no pattern; nan without edges."""
    at = beside = 0.0
    t = torch.arange(32.0)
    hann = 0.5 - 0.5 * torch.cos(2 * math.pi * (t + 0.5) / 32)
    for picture in pictures:
        p = (picture[0].cpu().clamp(0, 1) * 255).round()
        luma = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]
        for y in (luma, luma.T):
            across = F.avg_pool1d((y[9:-3] - y[3:-9]).abs()[None], 32, 16)[0]
            four = F.avg_pool1d(y[6:-6][None], 4, 1)[0]
            step = (four[:, 4:] - four[:, :-4]).abs()
            along = F.avg_pool1d(step[None], 25, 16)[0][:, :across.shape[1]]
            rows = y[6:-6].unfold(1, 32, 16)
            straight = (across[:, :along.shape[1]] >= 20) & (along <= 0.12 * across[:, :along.shape[1]])
            signal = rows[:, :along.shape[1]][straight]
            spectrum = torch.fft.rfft((signal - signal.mean(1, keepdim=True)) * hann).abs()
            k = 32 // period
            at += spectrum[:, k].sum().item()
            beside += spectrum[:, [b for b in (k - 3, k - 2, k + 2, k + 3) if b <= 16]].mean(1).sum().item()
    return at / beside if beside else float("nan")
