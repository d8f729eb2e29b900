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
from architectures import BatchNorm, Mlp, from_windows, picture, region_mask, relative_index, to_windows, tokens  # noqa: E402

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
        normal = self.norm1(x)
        y = to_windows(normal.unflatten(1, size).roll((-s, -s), (1, 2)), n, n)
        y = self.attn(y, region_mask(h, w, n, n, s, s) if s else None)
        x = x + from_windows(y, n, n, h, w).roll((s, s), (1, 2)).flatten(1, 2) + self.beside(normal, size)
        return x + self.mlp(self.norm2(x))

    def beside(self, normal, size):
        return 0


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


class ChannelAttention(nn.Module):
    def __init__(self, dim, squeeze=4):
        super().__init__()
        self.attention = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(dim, dim // squeeze, 1), nn.ReLU(), nn.Conv2d(dim // squeeze, dim, 1), nn.Sigmoid()
        )

    def forward(self, x):
        return x * self.attention(x)


class HybridBlock(SwinBlock):
    def __init__(self, dim, heads, window, shift):
        super().__init__(dim, heads, window, shift, True)
        self.conv_block = nn.Module()
        self.conv_block.cab = nn.Sequential(
            nn.Conv2d(dim, dim // 2, 3, 1, 1), nn.GELU(), nn.Conv2d(dim // 2, dim, 3, 1, 1), ChannelAttention(dim)
        )

    def beside(self, normal, size):
        return 0.01 * tokens(self.conv_block.cab(picture(normal, size)))


class OverlappingAttention(nn.Module):
    def __init__(self, dim, heads, window):
        super().__init__()
        self.heads, self.window, self.wide = heads, window, window + window // 2
        self.norm1, self.norm2, self.mlp = nn.LayerNorm(dim), nn.LayerNorm(dim), Mlp(dim, 2 * dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        across = window + self.wide - 1
        self.relative_position_bias_table = nn.Parameter(torch.randn(across**2, heads))
        # From pixels of the window to those around it; counted from below 0 on, as the published network does.
        grid = lambda n: torch.stack(torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")).flatten(1)
        apart = grid(self.wide)[:, None, :] - grid(window)[:, :, None] + window - self.wide + 1
        self.index = apart[0] * across + apart[1]

    def forward(self, x, size):
        (h, w), n, m = size, self.window, self.wide
        heads = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
        around = F.unfold(picture(torch.cat((k, v), -1), size), m, stride=n, padding=(m - n) // 2)
        around = around.unflatten(1, (2, -1, m * m)).permute(1, 0, 4, 3, 2).flatten(1, 2)
        q, k, v = heads(to_windows(q.unflatten(1, size), n, n)), heads(around[0]), heads(around[1])
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        scores = scores + self.relative_position_bias_table[self.index].permute(2, 0, 1)
        y = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
        x = x + self.proj(from_windows(y, n, n, h, w).flatten(1, 2))
        return x + self.mlp(self.norm2(x))


class HybridGroup(nn.Module):
    def __init__(self, dim, heads, window, depth):
        super().__init__()
        self.residual_group = Blocks([HybridBlock(dim, heads, window, i % 2 * (window // 2)) for i in range(depth)])
        self.residual_group.overlap_attn = OverlappingAttention(dim, heads, window)
        self.conv = convs(dim, False)

    def forward(self, x, size):
        y = self.residual_group.overlap_attn(self.residual_group(x, size), size)
        return x + tokens(self.conv(picture(y, size)))


class HAT(Framed):
    """Chen et al., CVPR 2023."""

    def __init__(self, upsampler, scale, window=4, dim=8, heads=2, depths=(2,), **more):
        super().__init__(dim, [HybridGroup(dim, heads, window, depth) for depth in depths], upsampler, scale, **more)
        self.patch_embed = nn.Module()
        self.patch_embed.norm = nn.LayerNorm(dim)
        self.register_buffer("relative_position_index_SA", relative_index(window))


class PositionBias(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.pos_proj = nn.Linear(2, dim)
        layers = lambda out: nn.Sequential(nn.LayerNorm(dim), nn.ReLU(), nn.Linear(dim, out))
        self.pos1, self.pos2, self.pos3 = layers(dim), layers(dim), layers(heads)

    def forward(self, distances):
        return self.pos3(self.pos2(self.pos1(self.pos_proj(distances))))


class OblongAttention(nn.Module):
    def __init__(self, dim, heads, window):
        super().__init__()
        (rows, columns), self.heads, self.split = window, heads, window
        self.pos = PositionBias(6, heads)
        far = torch.meshgrid(torch.arange(1 - rows, rows), torch.arange(1 - columns, columns), indexing="ij")
        self.register_buffer("rpe_biases", torch.stack(far).flatten(1).t().float())
        at = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")).flatten(1)
        apart = at[:, :, None] - at[:, None, :]
        self.register_buffer("relative_position_index", (apart[0] + rows - 1) * (2 * columns - 1) + apart[1] + columns - 1)

    def forward(self, qkv, size, shifted):
        (h, w), (rows, columns) = size, self.split
        shift = (rows // 2, columns // 2) if shifted else (0, 0)
        y = torch.cat(qkv, -1).unflatten(1, size).roll((-shift[0], -shift[1]), (1, 2))
        q, k, v = to_windows(y, rows, columns).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        scores = scores + self.pos(self.rpe_biases)[self.relative_position_index].permute(2, 0, 1)
        if shifted:
            mask = region_mask(h, w, rows, columns, *shift)
            scores = (scores.unflatten(0, (-1, len(mask))) + mask[:, None]).flatten(0, 1)
        y = from_windows((scores.softmax(-1) @ v).transpose(1, 2).flatten(2), rows, columns, h, w)
        return y.roll(shift, (1, 2)).flatten(1, 2)


class Interaction(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.dwconv = nn.Sequential(nn.Conv2d(dim, dim, 3, 1, 1, groups=dim), BatchNorm(dim), nn.GELU())
        self.channel_interaction = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(dim, dim // 4, 1), BatchNorm(dim // 4), nn.GELU(), nn.Conv2d(dim // 4, dim, 1)
        )
        self.spatial_interaction = nn.Sequential(
            nn.Conv2d(dim, dim // 4, 1), BatchNorm(dim // 4), nn.GELU(), nn.Conv2d(dim // 4, 1, 1)
        )


class BetweenPixels(Interaction):
    def __init__(self, dim, heads, window, shifted):
        super().__init__(dim)
        self.shifted = shifted
        self.attns = nn.ModuleList([OblongAttention(dim // 2, heads // 2, each) for each in (window, window[::-1])])
        if shifted:
            rows, columns = window
            mask = region_mask(2 * rows, 2 * columns, rows, columns, rows // 2, columns // 2)
            self.register_buffer("attn_mask_0", mask)

    def forward(self, x, size):
        qkv = self.qkv(x).chunk(3, -1)
        halves = zip(*(each.chunk(2, -1) for each in qkv))
        attended = picture(torch.cat([f(each, size, self.shifted) for f, each in zip(self.attns, halves)], -1), size)
        local = self.dwconv(picture(qkv[2], size))
        by_channel, by_pixel = self.channel_interaction(local).sigmoid(), self.spatial_interaction(attended).sigmoid()
        return self.proj(tokens(attended * by_channel + local * by_pixel))


class BetweenChannels(Interaction):
    def __init__(self, dim, heads):
        super().__init__(dim)
        self.temperature = nn.Parameter(torch.rand(heads, 1, 1) + 0.5)

    def forward(self, x, size):
        heads = lambda t: t.unflatten(-1, (len(self.temperature), -1)).permute(0, 2, 3, 1)
        q, k, v = (heads(t) for t in self.qkv(x).chunk(3, -1))
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        attended = (scores.softmax(-1) @ v).flatten(1, 2).unflatten(-1, size)
        local = self.dwconv(v.flatten(1, 2).unflatten(-1, size))
        by_channel, by_pixel = self.channel_interaction(attended).sigmoid(), self.spatial_interaction(local).sigmoid()
        return self.proj(tokens(attended * by_pixel + local * by_channel))


class SpatialGate(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm, self.conv = nn.LayerNorm(dim), nn.Conv2d(dim, dim, 3, 1, 1, groups=dim)

    def forward(self, x, size):
        a, b = x.chunk(2, -1)
        return a * tokens(self.conv(picture(self.norm(b), size)))


class DualBlock(nn.Module):
    def __init__(self, dim, attention):
        super().__init__()
        self.norm1, self.norm2, self.attn = nn.LayerNorm(dim), nn.LayerNorm(dim), attention
        self.ffn = nn.Module()
        self.ffn.fc1, self.ffn.sg, self.ffn.fc2 = nn.Linear(dim, 2 * dim), SpatialGate(dim), nn.Linear(dim, dim)

    def forward(self, x, size):
        x = x + self.attn(self.norm1(x), size)
        return x + self.ffn.fc2(self.ffn.sg(F.gelu(self.ffn.fc1(self.norm2(x))), size))


class DualGroup(Blocks):
    """In even groups every fourth block is shifted from the third on, in odd ones from the first on."""

    def __init__(self, dim, heads, window, depth, odd, three):
        attention = lambda i: BetweenChannels(dim, heads) if i % 2 else BetweenPixels(dim, heads, window, i % 4 == 2 * (not odd))
        super().__init__([DualBlock(dim, attention(i)) for i in range(depth)])
        self.conv = convs(dim, three)

    def forward(self, x, size):
        return x + tokens(self.conv(picture(super().forward(x, size), size)))


class DAT(Framed):
    """Chen et al., ICCV 2023."""

    def __init__(self, upsampler, scale, window=(2, 4), dim=8, heads=2, depths=(3, 1), three=False, **more):
        groups = [DualGroup(dim, heads, window, depth, i % 2, three) for i, depth in enumerate(depths)]
        super().__init__(dim, groups, upsampler, scale, three, **more)
        self.before_RG = nn.Sequential(nn.Identity(), nn.LayerNorm(dim))

    def first_norm(self, x):
        return self.before_RG(x)


def shaken(network):
    """Normalisations too are something else than they were at first."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.LayerNorm, nn.BatchNorm2d)):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.2, 0.2)
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_var, 0.5, 2)
                nn.init.uniform_(module.running_mean, -0.2, 0.2)
    return network


case("SwinIR x4, classical", "classical.safetensors", safetensors, shaken(SwinIR("pixelshuffle", 4)), "SwinIR", 4,
     shape=(2, 3, 8, 12), gradients=True)
case("SwinIR x3, lightweight, several groups of odd depth", "light.safetensors", safetensors,
     shaken(SwinIR("pixelshuffledirect", 3, depths=(1, 3), heads=1)), "SwinIR", 3, shape=(1, 3, 12, 8))
case("SwinIR x4 for real pictures, three convolutions, no bias", "real.safetensors", safetensors,
     shaken(SwinIR("nearest+conv", 4, window=2, three=True, bias=False)), "SwinIR", 4, shape=(1, 3, 4, 6))
case("SwinIR x2 for real pictures, without the first norm", "real2.safetensors", safetensors,
     shaken(SwinIR("nearest+conv", 2, window=2, norm=False)), "SwinIR", 2, shape=(1, 3, 6, 4))
case("SwinIR x3, classical, a single window", "classical3.safetensors", safetensors,
     shaken(SwinIR("pixelshuffle", 3)), "SwinIR", 3, shape=(1, 3, 4, 4))
case("SwinIR x2, folded", "folded.safetensors", safetensors,
     shaken(SwinIR("pixelshuffle", 4, window=2, fold=2)), "SwinIR", 2, shape=(1, 3, 4, 8))
case("SwinIR for noise", "noise.pth", lambda s: saved({"params": s}), shaken(SwinIR("", 1)), "SwinIR", 1, shape=(1, 3, 4, 8))
case("SwinIR for grey JPEG, windows of 7", "jpeg.pth", lambda s: saved({"params": s}),
     shaken(SwinIR("", 1, window=7, depths=(1,), channels=1, value_range=255)), "SwinIR", 1, shape=(1, 1, 14, 7))
case("HAT x4", "hat.safetensors", safetensors, shaken(HAT("pixelshuffle", 4)), "HAT", 4,
     shape=(2, 3, 8, 12), gradients=True)
case("HAT x2, several groups of odd depth", "hat.safetensors", safetensors,
     shaken(HAT("pixelshuffle", 2, depths=(1, 3), heads=1)), "HAT", 2, shape=(1, 3, 4, 12))
case("DAT x4", "dat.safetensors", safetensors, shaken(DAT("pixelshuffle", 4)), "DAT", 4,
     shape=(2, 3, 8, 12), gradients=True)
case("DAT x2, light, three convolutions", "light.safetensors", safetensors,
     shaken(DAT("pixelshuffledirect", 2, depths=(4, 3), three=True, heads=4)), "DAT", 2, shape=(1, 3, 4, 8))

write("transformers.json")
