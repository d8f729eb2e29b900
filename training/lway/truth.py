"""What an encoder should be able to tell about a degradation, as numbers of about unit size."""
import numpy as np
import torch

from . import degradation as D


def photographic(kernels):
    """[n,side,side] -> the same, filtered so that equal distances make about equal differences on photographs, whose
    spectrum falls as 1/frequency (Field 1987). Real and even, so kernels stay real."""
    side = kernels.shape[-1]
    f = torch.fft.fftfreq(side)
    weight = 1 / (torch.hypot(f[:, None], f[None]) + 0.5 / side)
    weight[0, 0] = 0
    return torch.fft.ifft2(torch.fft.fft2(kernels) * weight).real


class Truth:
    """Coordinates of a plan: `components` of its linear response (blur, downscaling, sharpening), then noise, compression
    and sharpening. `names` gives a name to those that are worth a look in a log."""

    def __init__(self, settings, scale=4, components=16, count=400, seed=5):
        rng = np.random.default_rng(seed)
        family = torch.stack([D.response(D.sample_plan(rng, settings, scale)) for _ in range(count)])
        flat = photographic(family).flatten(1)
        self.mean = flat.mean(0)
        _, spread, basis = torch.linalg.svd(flat - self.mean, full_matrices=False)
        spread = spread[:components] / count ** 0.5
        # minor components count less, but not as little as their energy says
        self.basis = basis[:components] / torch.sqrt(spread * spread[0])[:, None]
        self.names = ["kernel1", "kernel2", "kernel3", "kernel4"] + [""] * (components - 4) + ["noise", "bayer", "gray", "jpeg", "first", "chroma", "amount", "radius"]
        self.size = len(self.names)

    def of(self, plan):
        k = self.basis @ (photographic(D.response(plan)[None]).flatten() - self.mean)
        n, s, j = plan["noise"], plan["sharpen"], plan["jpeg"]
        sigma = (n["read"] ** 2 + 0.4 * n["shot"] ** 2) ** 0.5 if n else 0.0
        level = np.log((sigma + 0.001) / 0.005)
        others = [level, float(n["kind"] == "bayer") if n else 0, float(n["kind"] == "gray") if n else 0,
                  (100 - j[-1][0]) / 25 if j else 0, (100 - j[0][0]) / 25 if len(j) > 1 else 0, float(bool(j) and j[-1][1] == 2),
                  s[1] if s else 0, s[0] if s else 0]
        return np.concatenate([k.numpy(), np.array(others, np.float32)]).astype(np.float32)
