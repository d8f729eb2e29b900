"""What results of upscaling suffer from, at a strength of 0..1: for training and checking perceptual distances."""
import torch
import torch.nn.functional as F

from . import degradation as D

KINDS = ("blur", "sharpen", "noise", "jpeg", "steps", "lines", "smear")


def distort(x, kind, t, seed):
    """x [3,H,W], strength t in 0..1 -> the same size. What SR results suffer from, by turns."""
    if kind == "blur":
        return D.blur(x, D.gaussian_kernel(15, 0.35 + 2.2 * t))
    if kind == "sharpen":
        return D.sharpen(x, 0.8 + (seed % 3) * 0.5, 0.1 + 2.0 * t).clamp(0, 1)
    if kind == "noise":
        return (x + D.sensor_noise(x, {"kind": ("gray", "colour", "blotchy")[seed % 3], "read": 0.005 + 0.1 * t, "shot": 0.0, "seed": seed})).clamp(0, 1)
    if kind == "jpeg":
        return D.jpeg(x, int(92 - 77 * t), 2 * (seed % 2))
    if kind == "steps":
        # aliasing and stairs: through a smaller grid with a hard enlargement
        n = max(8, int(x.shape[1] / (1.15 + 2.4 * t)))
        small = D.resize(x, n, n, "bicubic")
        return F.interpolate(small[None], size=x.shape[1:], mode="nearest")[0].clamp(0, 1)
    if kind == "lines":
        # a grid, as PixelShuffle leaves
        y, z = torch.arange(x.shape[1])[:, None], torch.arange(x.shape[2])[None]
        grid = ((y % 4 == seed % 4).float() - 0.25) + ((z % 4 == seed // 4 % 4).float() - 0.25)
        return (x + grid * (0.01 + 0.12 * t) * (0.3 + x.std())).clamp(0, 1)
    # smear: detail moved by a smooth random field, as wrong texture is
    g = torch.Generator().manual_seed(seed)
    field = F.interpolate(torch.randn(1, 2, x.shape[1] // 6, x.shape[2] // 6, generator=g), size=x.shape[1:], mode="bicubic", align_corners=False)[0]
    y, z = torch.meshgrid(torch.linspace(-1, 1, x.shape[1]), torch.linspace(-1, 1, x.shape[2]), indexing="ij")
    at = torch.stack([z, y], -1) + field.permute(1, 2, 0) * (0.3 + 4.0 * t) / x.shape[1]
    return F.grid_sample(x[None], at[None], mode="bilinear", padding_mode="reflection", align_corners=True)[0]
