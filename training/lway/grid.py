"""Patterns of the LR grid: what a network writes along edges with the period of its pixel shuffle (dotted edges)."""
import math

import torch
import torch.nn.functional as F

SPAN = 32


def _waves(scale, device):
    """[2k,1,1,SPAN]: cosine and sine at the grid's frequency and its octave (where there is one below the sampling limit of
    two pixels), under a Hann window; amplitudes 0..1."""
    t = torch.arange(SPAN, device=device) + 0.5
    hann = 0.5 - 0.5 * torch.cos(2 * math.pi * t / SPAN)
    waves = []
    for period in (p for p in (scale, scale / 2) if p >= 2):
        for wave in (torch.cos, torch.sin):
            waves.append(hann * wave(2 * math.pi * t / period))
    return torch.stack(waves)[:, None, None] * (4 / SPAN)


def _straight(y):
    """y [n,1,h,w] luma -> weights [n,1,h,windows]: 1 where a row of SPAN pixels runs along a straight edge, 0 elsewhere."""
    across = F.pad((y[:, :, 6:] - y[:, :, :-6]).abs(), (0, 0, 3, 3))
    smooth = F.avg_pool2d(y, (1, 4), 1)
    along = F.pad((smooth[:, :, :, 4:] - smooth[:, :, :, :-4]).abs(), (3, 4))
    across, along = (F.avg_pool2d(t, (1, SPAN), (1, SPAN // 4)) for t in (across, along))
    return torch.sigmoid((across - 0.08) * 60) * torch.sigmoid((0.2 * across - along) * 150)


def dotted(sr, hr, scale=4):
    """Mean amplitude of the luma error of sr - hr at the grid's frequencies along straight edges of hr, both directions; [n,3,h,w]
    each. Nothing else of the picture counts, so nothing else is smoothed."""
    total = 0
    waves = _waves(scale, sr.device)
    luma = torch.tensor([0.299, 0.587, 0.114], device=sr.device).view(1, 3, 1, 1)
    sr, hr = ((t * luma).sum(1, keepdim=True) for t in (sr, hr))
    for flip in (False, True):
        a, b = (t.transpose(2, 3) if flip else t for t in (sr, hr))
        weight = _straight(b)
        e = F.conv2d(a - b, waves, stride=(1, SPAN // 4))
        amplitude = torch.sqrt(e[:, 0::2] ** 2 + e[:, 1::2] ** 2 + 1e-8).sum(1, keepdim=True)
        total = total + (amplitude * weight).sum() / (weight.sum() + 20)
    return total


SIDE = 16


def _lattice(scale, device):
    """[2k,1,SIDE,SIDE]: cosine and sine of the grid's frequencies along rows, columns and both diagonals, under a Hann window;
    amplitudes 0..1."""
    t = torch.arange(SIDE, device=device) + 0.5
    hann = 0.5 - 0.5 * torch.cos(2 * math.pi * t / SIDE)
    waves = []
    for period in (p for p in (scale, scale / 2) if p >= 2):
        for y, x in ((0, 1), (1, 0), (1, 1), (1, -1)):
            phase = 2 * math.pi * (y * t[:, None] + x * t[None]) / period
            for wave in (torch.cos(phase), torch.sin(phase)):
                waves.append(hann[:, None] * hann[None] * wave)
    return torch.stack(waves)[:, None] * (8 / SIDE ** 2)


def woven(sr, hr, scale=4):
    """Mean excess of the luma amplitude of sr over that of hr at the grid's frequencies in windows of 16x16, [n,3,h,w] each:
    the weave that a critic rewards as texture. Detail as strong as the truth's costs nothing, wherever it lies."""
    waves = _lattice(scale, sr.device)
    luma = torch.tensor([0.299, 0.587, 0.114], device=sr.device).view(1, 3, 1, 1)
    amplitudes = []
    for picture in (sr, hr):
        e = F.conv2d((picture * luma).sum(1, keepdim=True), waves, stride=SIDE // 4)
        amplitudes.append(torch.sqrt(e[:, 0::2] ** 2 + e[:, 1::2] ** 2 + 1e-8))
    return F.relu(amplitudes[0] - amplitudes[1]).sum(1).mean()
