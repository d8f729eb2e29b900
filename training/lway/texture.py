"""How lively a picture is, place by place: the energy of its fine detail, whatever that detail is."""
import torch
import torch.nn.functional as F

# of the differences that count as detail, squared: a step of two of 255
FLOOR = (2 / 255) ** 2


def _luma(x):
    return 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]


def bands(x):
    """Luma of x [n,3,h,w], sides divisible by 4, split into its finest detail and the next coarser: [n,1,h,w], [n,1,h/2,w/2]."""
    y = _luma(x)
    half = F.avg_pool2d(y, 2)
    quarter = F.avg_pool2d(half, 2)
    up = lambda t: F.interpolate(t, scale_factor=2, mode="bilinear", align_corners=False)
    return [y - up(half), half - up(quarter)]


def liveliness(sr, hr, window=16):
    """How far the energies of fine detail are apart, as the mean size of the logarithm of their ratio, over windows of
    `window` HR pixels. Where detail cannot be known, losses that compare it pixel by pixel are least for none at all; this
    one is least where there is as much as there should be."""
    total = 0.0
    for mine, true, side in zip(bands(sr), bands(hr), (window, window // 2)):
        energy = lambda t: F.avg_pool2d(t * t, side, side // 2)
        total = total + 0.5 * torch.log((energy(mine) + FLOOR) / (energy(true) + FLOOR)).abs().mean()
    return total / 2
