"""Degradations as cameras have them: kernels estimated from aligned real pairs (City100), and those pairs themselves."""
import glob
import os

import numpy as np
import torch
import torch.nn.functional as F

from . import data, degradation as D

SCALE = 3
BLOCKS = 5


def estimate(hr, lr, scale=SCALE, smooth=1e-4):
    """The kernel [5 scale, 5 scale] that makes lr [3,h,w] from hr [3,scale h,scale w] with the least squared error, over all
    pixels and colours, with the squared slope of the kernel and its weight far out held down by `smooth`; and the RMS of
    what it misses. Blur of the lens, sensor, and sharpening in the camera are all in it."""
    side, rim = BLOCKS * scale, BLOCKS // 2
    seen = F.unfold(hr[:, None], side, stride=scale).double()
    made = lr[:, rim:-rim, rim:-rim].flatten(1).double()
    index = torch.arange(side * side).reshape(side, side)
    slope = torch.zeros(side * side, side * side, dtype=torch.float64)
    for a, b in ((index[:, :-1], index[:, 1:]), (index[:-1], index[1:])):
        a, b = a.flatten(), b.flatten()
        slope[a, a] += 1
        slope[b, b] += 1
        slope[a, b] -= 1
        slope[b, a] -= 1
    along = torch.linspace(-1, 1, side, dtype=torch.float64) ** 2
    far = torch.diag((along[:, None] + along[None]).flatten())
    left = sum(s @ s.T for s in seen) + smooth * made.numel() * (slope + 0.1 * far)
    kernel = torch.linalg.solve(left, sum(s @ m for s, m in zip(seen, made)))
    missed = kernel @ seen - made
    return kernel.reshape(side, side).float(), float(missed.square().mean().sqrt())


def stretched(kernel, scale, factor):
    """The kernel, made for another scale, over the pixels of `scale`, `factor` times as wide on the LR grid. Sum 1."""
    side = BLOCKS * scale
    at = torch.linspace(-1 + 1 / side, 1 - 1 / side, side) / factor
    grid = torch.stack(torch.meshgrid(at, at, indexing="xy"), -1)[None]
    k = F.grid_sample(kernel[None, None], grid, mode="bicubic", padding_mode="zeros", align_corners=False)[0, 0]
    return k / k.sum()


class Cameras:
    """City100's pairs with odd numbers; the even ones serve for reporting."""

    def __init__(self, folder, scale=4):
        self.scale, self.pairs, self.kernels = scale, {}, []
        for low in sorted(glob.glob(os.path.join(folder, "*_lr.png"))):
            camera, number = os.path.basename(low)[:-7].rsplit("_", 1)
            if int(number) % 2 == 0:
                continue
            lr, hr = data.read_image(low), data.read_image(low[:-6] + "hr.jpg")
            self.kernels.append(estimate(hr, lr)[0])
            large = D.resize(hr, lr.shape[1] * scale, lr.shape[2] * scale, "bicubic").clamp(0, 1)
            self.pairs.setdefault(camera, []).append((lr, large))

    def plan(self, rng, settings):
        """A degradation as sample_plan draws it, with a camera's kernel in place of blur, downscaling and most sharpening: a
        mixture of two, mirrored, turned, and made narrower or wider, since other lenses are."""
        plan = D.sample_plan(rng, settings, self.scale)
        share = float(rng.random())
        a, b = (self.kernels[int(rng.integers(len(self.kernels)))] for _ in range(2))
        k = stretched(share * a + (1 - share) * b, self.scale, float(np.exp(rng.uniform(np.log(0.8), np.log(1.8)))))
        if rng.random() < 0.5:
            k = k.flip(1)
        k = torch.rot90(k, int(rng.integers(4)))
        plan.update(kernel=None, two_step=None, resize="response", response=k.contiguous(), blur_kind="camera",
                    blur_width=float((4 * np.pi * (k ** 2).sum()) ** -0.5) * 4 / self.scale)
        if rng.random() < 0.7:
            plan["sharpen"] = None
        return plan

    def entry(self, rng):
        """Two real pairs of one camera, as data.reconstruction_entry gives synthetic ones. The large pictures are enlarged from
        x3; their LR pictures are their own twins, since what is noise in them is not known."""
        names = sorted(self.pairs)
        mine = self.pairs[names[int(rng.integers(len(names)))]]
        pictures = []
        for k in rng.choice(len(mine), 2, replace=False):
            low, high = (D.to_bytes(t) for t in mine[int(k)])
            pictures.append({"lr": (low, 1), "hr": (high, self.scale), "twin": (low, 1), "wrong": (high, self.scale), "wrong_twin": (low, 1), "numbers": np.full(4, np.nan, np.float32)})
        return pictures
