"""Tiny transformers as files of weights, and what PyTorch makes of a picture with them, gradients included.

    npx jest --selectProjects=unit --runTestsByPath tests/engine/conversion/transformers.test.ts   # checks them
    python3 tests/golden/conversion/make_transformers.py                                           # makes them

As make_pytorch.py: written from the papers and from the names that published files use, with the constants that those
files hold beside the weights (indices of positions, masks for the size that a network was trained at).
"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

from weights_files import case, safetensors, saved, write

sys.path.append(str(pathlib.Path(__file__).parent.parent / "graph"))
from architectures import Mlp, from_windows, picture, region_mask, relative_index, to_windows, tokens  # noqa: E402

torch.manual_seed(11)

MEAN = torch.tensor([0.4488, 0.4371, 0.404], dtype=torch.float32).double().view(1, 3, 1, 1)


class WindowAttention(nn.Module):
    def __init__(self, dim, heads, window, bias):
        super().__init__()
        self.heads, self.window = heads, window
        self.relative_position_bias_table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads))
        self.register_buffer("relative_position_index", relative_index(window))
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=bias), nn.Linear(dim, dim)

    def forward(self, x, mask):
        many, n, c = x.shape
        q, k, v = self.qkv(x).reshape(many, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / (c // self.heads) ** 0.5
        scores = scores + self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        if mask is not None:
            scores = (scores.unflatten(0, (-1, len(mask))) + mask[:, None]).flatten(0, 1)
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(many, n, c))


class SwinBlock(nn.Module):
    """The mask that lies in the file is that of another size; what this computes with is made for the picture."""

    def __init__(self, dim, heads, window, shift, bias):
        super().__init__()
        self.shift = shift
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn, self.mlp = WindowAttention(dim, heads, window, bias), Mlp(dim, 2 * dim)
        if shift:
            self.register_buffer("attn_mask", region_mask(2 * window, 2 * window, window, window, shift, shift))

    def forward(self, x, size):
        (h, w), n, s = size, self.attn.window, self.shift
        y = self.norm1(x).unflatten(1, size).roll((-s, -s), (1, 2))
        y = self.attn(to_windows(y, n, n), region_mask(h, w, n, n, s, s) if s else None)
        x = x + from_windows(y, n, n, h, w).roll((s, s), (1, 2)).flatten(1, 2)
        return x + self.mlp(self.norm2(x))


class Blocks(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x, size):
        for block in self.blocks:
            x = block(x, size)
        return x


def convs(dim, three):
    if not three:
        return nn.Conv2d(dim, dim, 3, 1, 1)
    bend, narrow = nn.LeakyReLU(0.2), dim // 4
    return nn.Sequential(
        nn.Conv2d(dim, narrow, 3, 1, 1), bend, nn.Conv2d(narrow, narrow, 1), bend, nn.Conv2d(narrow, dim, 3, 1, 1)
    )


class SwinGroup(nn.Module):
    def __init__(self, dim, heads, window, depth, three, bias):
        super().__init__()
        self.residual_group = Blocks([SwinBlock(dim, heads, window, i % 2 * (window // 2), bias) for i in range(depth)])
        self.conv = convs(dim, three)

    def forward(self, x, size):
        return x + tokens(self.conv(picture(self.residual_group(x, size), size)))


class Framed(nn.Module):
    """What SwinIR and the transformers after it have around their groups."""

    def __init__(self, dim, groups, upsampler, scale, three=False, channels=3, features=4, value_range=1,
                 fold=1):
        super().__init__()
        self.range, self.scale, self.upsampler = value_range, scale, upsampler
        self.mean = MEAN if channels == 3 else 0
        first = nn.Conv2d(channels * fold**2, dim, 3, 1, 1)
        self.conv_first = first if fold == 1 else nn.Sequential(nn.PixelUnshuffle(fold), first)
        self.layers = nn.ModuleList(groups)
        self.norm, self.conv_after_body = nn.LayerNorm(dim), convs(dim, three)
        if upsampler in ("pixelshuffle", "nearest+conv"):
            self.conv_before_upsample = nn.Sequential(nn.Conv2d(dim, features, 3, 1, 1), nn.LeakyReLU())
        if upsampler == "pixelshuffle":
            factors = [3] if scale == 3 else [2] * (scale.bit_length() - 1)
            pairs = [[nn.Conv2d(features, features * f**2, 3, 1, 1), nn.PixelShuffle(f)] for f in factors]
            self.upsample = nn.Sequential(*(layer for pair in pairs for layer in pair))
        if upsampler == "pixelshuffledirect":
            self.upsample = nn.Sequential(nn.Conv2d(dim, channels * scale**2, 3, 1, 1), nn.PixelShuffle(scale))
        if upsampler == "nearest+conv":
            for i in range(1, scale.bit_length()):
                setattr(self, f"conv_up{i}", nn.Conv2d(features, features, 3, 1, 1))
            self.conv_hr = nn.Conv2d(features, features, 3, 1, 1)
        if upsampler != "pixelshuffledirect":
            self.conv_last = nn.Conv2d(features if upsampler else dim, channels, 3, 1, 1)

    def first_norm(self, x):
        return self.patch_embed.norm(x) if hasattr(self, "patch_embed") else x

    def forward(self, x):
        x = (x - self.mean) * self.range
        first = self.conv_first(x)
        size, y = first.shape[2:], self.first_norm(tokens(first))
        for layer in self.layers:
            y = layer(y, size)
        y = self.conv_after_body(picture(self.norm(y), size)) + first
        return self.enlarged(x, y) / self.range + self.mean

    def enlarged(self, x, y):
        if self.upsampler == "pixelshuffle":
            return self.conv_last(self.upsample(self.conv_before_upsample(y)))
        if self.upsampler == "pixelshuffledirect":
            return self.upsample(y)
        if self.upsampler == "":
            return x + self.conv_last(y)
        y = self.conv_before_upsample(y)
        for i in range(1, self.scale.bit_length()):
            y = F.leaky_relu(getattr(self, f"conv_up{i}")(F.interpolate(y, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(y), 0.2))


class SwinIR(Framed):
    """Liang et al., ICCVW 2021."""

    def __init__(self, upsampler, scale, window=4, dim=8, heads=2, depths=(2,), three=False, bias=True, norm=True, **more):
        groups = [SwinGroup(dim, heads, window, depth, three, bias) for depth in depths]
        super().__init__(dim, groups, upsampler, scale, three, **more)
        if norm:
            self.patch_embed = nn.Module()
            self.patch_embed.norm = nn.LayerNorm(dim)


def shaken(network):
    """Normalisations too are something else than they were at first."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.LayerNorm, nn.BatchNorm2d)):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.2, 0.2)
    return network


case("SwinIR x4, classical", "classical.pth", lambda s: saved({"params": s}), shaken(SwinIR("pixelshuffle", 4)), "SwinIR", 4,
     shape=(2, 3, 8, 12), gradients=True)
case("SwinIR x3, lightweight, several groups of odd depth", "light.safetensors", safetensors,
     shaken(SwinIR("pixelshuffledirect", 3, depths=(1, 3), heads=1)), "SwinIR", 3, shape=(1, 3, 12, 8))
case("SwinIR x4 for real pictures, three convolutions, no bias", "real.pth", lambda s: saved({"params_ema": s}),
     shaken(SwinIR("nearest+conv", 4, window=2, three=True, bias=False)), "SwinIR", 4, shape=(1, 3, 4, 6))
case("SwinIR x2 for real pictures, without the first norm", "real2.pth", lambda s: saved({"params": s}),
     shaken(SwinIR("nearest+conv", 2, window=2, norm=False)), "SwinIR", 2, shape=(1, 3, 6, 4))
case("SwinIR x3, classical, a single window", "classical3.safetensors", safetensors,
     shaken(SwinIR("pixelshuffle", 3)), "SwinIR", 3, shape=(1, 3, 4, 4))
case("SwinIR x2, folded", "folded.pth", lambda s: saved({"params": s}),
     shaken(SwinIR("pixelshuffle", 4, window=2, fold=2)), "SwinIR", 2, shape=(1, 3, 4, 8))
case("SwinIR for noise", "noise.pth", lambda s: saved({"params": s}), shaken(SwinIR("", 1)), "SwinIR", 1, shape=(1, 3, 4, 8))
case("SwinIR for grey JPEG, windows of 7", "jpeg.pth", lambda s: saved({"params": s}),
     shaken(SwinIR("", 1, window=7, channels=1, value_range=255)), "SwinIR", 1, shape=(1, 1, 14, 7))

write("transformers.json")
