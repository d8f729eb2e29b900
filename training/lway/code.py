"""A code of a few numbers that an SR network takes beside the picture: how it was degraded, how much texture it should have."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from . import degradation as D, texture

NAMES = ["blur", "noise", "compression", "sharpening", "texture"]
PLANNED = 4


def numbers(plan):
    """The four of a plan, float32 [4], not yet normalised: logarithm of the blur's width in HR pixels (the effective one
    of blur and downscaling together), of the noise, what the strongest compression took of JPEG quality, amount of the
    unsharp mask."""
    k = D.response({**plan, "sharpen": None})
    n, s, j = plan["noise"], plan["sharpen"], plan["jpeg"]
    sigma = (n["read"] ** 2 + 0.4 * n["shot"] ** 2) ** 0.5 if n else 0.0
    width = float(4 * np.pi * (k / k.sum()).square().sum()) ** -0.5
    return np.array([np.log(width), np.log((sigma + 0.001) / 0.005), (100 - min(q for q, _ in j)) / 25 if j else 0, s[1] if s else 0], np.float32)


def livelier(hr, sr):
    """The number called texture, [n]: logarithm of the energy of fine detail in hr over that in sr, mean over places (the
    quantity that texture.liveliness compares)."""
    total = 0.0
    for true, mine, side in zip(texture.bands(hr), texture.bands(sr), (16, 8)):
        energy = lambda t: F.avg_pool2d(t * t, side, side // 2)
        total = total + 0.5 * torch.log((energy(true) + texture.FLOOR) / (energy(mine) + texture.FLOOR)).mean([1, 2, 3])
    return total / 2


def entry(settings, scale, statistics):
    """Entries for data.Bank: lr, hr and the plan's numbers, normalised; `statistics`: (means, deviations)."""
    def make(photo, rng):
        hr = D.prepare_hr(photo(), rng, settings, scale)
        plan = D.sample_plan(rng, settings, scale)
        return [{"lr": (D.to_bytes(D.apply_plan(hr, plan)), 1), "hr": (D.to_bytes(hr), scale), "numbers": (numbers(plan) - statistics[0]) / statistics[1]}]
    return make


def statistics(settings, scale, count=600, seed=3):
    """Means and deviations of the plan's numbers, float32 [4] each."""
    rng = np.random.default_rng(seed)
    t = np.stack([numbers(D.sample_plan(rng, settings, scale)) for _ in range(count)])
    return t.mean(0), t.std(0)


class CodedNetwork(nn.Module):
    """A network of photo.PhotoNetwork's graph whose features are scaled and shifted by channel after each PReLU, as a code
    [n,len(NAMES)] says (feature-wise linear modulation, Perez et al. 2018). Code 0 is the mean of each number: what to do if
    nothing is known. It begins as the network itself."""

    def __init__(self, base, hidden=24):
        super().__init__()
        self.base = base
        self.layers, self.width = len(base.acts), base.acts[0].weight.numel()
        self.hidden = nn.Linear(len(NAMES), hidden)
        self.out = nn.Linear(len(NAMES) + hidden, 2 * self.layers * self.width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def modulation(self, code):
        """[n,layers,2,width]"""
        return self.out(torch.cat([code, torch.tanh(self.hidden(code))], 1)).float().unflatten(1, (self.layers, 2, self.width))

    def forward(self, x, code):
        m = self.modulation(code)
        f = x
        for k, (conv, act) in enumerate(zip(self.base.convs, self.base.acts)):
            f = act(conv(f))
            scale, shift = (m[:, k, i, :, None, None].to(f.dtype) for i in (0, 1))
            f = f * (1 + scale) + shift
        return F.pixel_shuffle(self.base.convs[-1](f).float(), self.base.scale) + F.interpolate(x, scale_factor=self.base.scale, mode="nearest")
