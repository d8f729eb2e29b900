"""Networks of the families that people use, at a size that tests can hold: written from the papers, with random weights.

make_architectures.py exports them. What matters here is that every kind of operation of the full networks occurs, in the
way in which PyTorch writes it down.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def tokens(x):
    return x.flatten(2).transpose(1, 2)


def picture(x, size):
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], *size)


def to_windows(x, rows, columns):
    """[B, H, W, C] to [B * windows, rows * columns, C]."""
    b, h, w, c = x.shape
    x = x.view(b, h // rows, rows, w // columns, columns, c).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(-1, rows * columns, c)


def from_windows(x, rows, columns, h, w):
    b = x.shape[0] // ((h // rows) * (w // columns))
    x = x.view(b, h // rows, w // columns, rows, columns, -1).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(b, h, w, -1)


def region_mask(h, w, rows, columns, shift_rows, shift_columns):
    """What keeps pixels apart that a roll has brought together, filled in while the network runs: a ScatterND each."""
    region = torch.zeros((1, h, w, 1))
    count = 0
    for y in (slice(0, -rows), slice(-rows, -shift_rows), slice(-shift_rows, None)):
        for x in (slice(0, -columns), slice(-columns, -shift_columns), slice(-shift_columns, None)):
            region[:, y, x, :] = count
            count += 1
    groups = to_windows(region, rows, columns).squeeze(-1)
    apart = groups.unsqueeze(1) - groups.unsqueeze(2)
    return apart.masked_fill(apart != 0, -100.0).masked_fill(apart == 0, 0.0)


def relative_index(n):
    at = torch.stack(torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")).flatten(1)
    difference = (at[:, :, None] - at[:, None, :]).permute(1, 2, 0) + n - 1
    return difference[..., 0] * (2 * n - 1) + difference[..., 1]


class Mlp(nn.Module):
    def __init__(self, dim, hidden, out=None):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, out or dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Upsampled(nn.Module):
    """First convolution, a body of tokens, a skip around it, pixel shuffle: the frame that the transformers share."""

    def __init__(self, dim, blocks):
        super().__init__()
        self.first = nn.Conv2d(3, dim, 3, 1, 1)
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(dim)
        self.after = nn.Conv2d(dim, dim, 3, 1, 1)
        self.up = nn.Sequential(nn.Conv2d(dim, 12, 3, 1, 1), nn.PixelShuffle(2))

    def forward(self, x):
        first = self.first(x)
        size = (first.shape[2], first.shape[3])
        y = tokens(first)
        for block in self.blocks:
            y = block(y, size)
        return self.up(self.after(picture(self.norm(y), size)) + first)


class BatchNorm(nn.BatchNorm2d):
    """Written out but for the export: PyTorch 2.15 has wrong gradients of it where memory has the channels last."""

    def forward(self, x):
        if torch.onnx.is_in_onnx_export():
            return super().forward(x)
        line = lambda v: v.view(1, -1, 1, 1)
        y = (x - line(self.running_mean)) / (line(self.running_var) + self.eps).sqrt()
        return y * line(self.weight) + line(self.bias)


# HAT: Chen et al., CVPR 2023: window attention beside channel attention, then overlapping cross-attention.
class ChannelAttentionBlock(nn.Module):
    def __init__(self, dim, squeeze=2):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(dim, dim // 2, 3, 1, 1), nn.GELU(), nn.Conv2d(dim // 2, dim, 3, 1, 1))
        self.attention = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(dim, dim // squeeze, 1), nn.ReLU(), nn.Conv2d(dim // squeeze, dim, 1), nn.Sigmoid()
        )

    def forward(self, x):
        y = self.body(x)
        return y * self.attention(y)


class HybridBlock(nn.Module):
    def __init__(self, dim, heads, window, shift):
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.register_buffer("index", relative_index(window))
        self.conv, self.mlp = ChannelAttentionBlock(dim), Mlp(dim, 2 * dim)

    def forward(self, x, size):
        (h, w), n, s = size, self.window, self.shift
        b, _, c = x.shape
        y = self.norm1(x)
        beside = tokens(self.conv(picture(y, size)))
        y = y.view(b, h, w, c)
        if s:
            y = torch.roll(y, (-s, -s), (1, 2))
        y = to_windows(y, n, n)
        q, k, v = self.qkv(y).reshape(-1, n * n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1)
        scores = scores + self.table[self.index.view(-1)].view(n * n, n * n, -1).permute(2, 0, 1).contiguous().unsqueeze(0)
        if s:
            mask = region_mask(h, w, n, n, s, s)
            count = mask.shape[0]
            scores = scores.view(-1, count, self.heads, n * n, n * n) + mask.unsqueeze(1).unsqueeze(0)
            scores = scores.view(-1, self.heads, n * n, n * n)
        y = self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, n * n, c))
        y = from_windows(y, n, n, h, w)
        if s:
            y = torch.roll(y, (s, s), (1, 2))
        x = x + y.view(b, h * w, c) + beside * 0.1
        return x + self.mlp(self.norm2(x))


class OverlappingCrossAttention(nn.Module):
    def __init__(self, dim, heads, window):
        super().__init__()
        self.heads, self.window, self.wide = heads, window, window + window // 2
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj, self.mlp = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim), Mlp(dim, 2 * dim)
        self.unfold = nn.Unfold(self.wide, stride=window, padding=(self.wide - window) // 2)

    def forward(self, x, size):
        (h, w), n = size, self.window
        b, _, c = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(b, h, w, 3, c).permute(3, 0, 4, 1, 2)
        q = to_windows(qkv[0].permute(0, 2, 3, 1), n, n)
        around = self.unfold(torch.cat((qkv[1], qkv[2]), 1))
        count = around.shape[-1]
        k, v = around.view(b, 2, c, self.wide**2, count).permute(1, 0, 4, 3, 2).reshape(2, b * count, self.wide**2, c)
        split = lambda t: t.reshape(t.shape[0], t.shape[1], self.heads, c // self.heads).permute(0, 2, 1, 3)
        scores = (split(q) * (c // self.heads) ** -0.5) @ split(k).transpose(-2, -1)
        y = (scores.softmax(-1) @ split(v)).transpose(1, 2).reshape(-1, n * n, c)
        x = x + self.proj(from_windows(y, n, n, h, w).view(b, h * w, c))
        return x + self.mlp(self.norm2(x))


class HAT(Upsampled):
    def __init__(self, dim=8, heads=2, window=4):
        super().__init__(
            dim,
            [HybridBlock(dim, heads, window, 0), HybridBlock(dim, heads, window, 2), OverlappingCrossAttention(dim, heads, window)],
        )


# DAT: Chen et al., ICCV 2023: attention over oblong windows and over channels by turns, each with a convolution beside it.
class PositionBias(nn.Module):
    def __init__(self, heads, rows, columns):
        super().__init__()
        y, x = torch.meshgrid(torch.arange(1 - rows, rows), torch.arange(1 - columns, columns), indexing="ij")
        self.register_buffer("offsets", torch.stack([y, x]).flatten(1).t().float())
        at = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")).flatten(1)
        difference = (at[:, :, None] - at[:, None, :]).permute(1, 2, 0)
        self.register_buffer(
            "index", (difference[..., 0] + rows - 1) * (2 * columns - 1) + difference[..., 1] + columns - 1
        )
        self.body = nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.ReLU(), nn.Linear(4, heads))

    def forward(self):
        n = self.index.shape[0]
        return self.body(self.offsets)[self.index.view(-1)].view(n, n, -1).permute(2, 0, 1).unsqueeze(0)


class OblongAttention(nn.Module):
    def __init__(self, dim, heads, rows, columns):
        super().__init__()
        self.heads, self.rows, self.columns = heads, rows, columns
        self.bias = PositionBias(heads, rows, columns)

    def forward(self, qkv, size, mask):
        h, w = size
        _, b, _, c = qkv.shape
        n = self.rows * self.columns
        split = lambda t: (
            to_windows(t.view(b, h, w, c), self.rows, self.columns)
            .reshape(-1, n, self.heads, c // self.heads)
            .permute(0, 2, 1, 3)
        )
        q, k, v = split(qkv[0]), split(qkv[1]), split(qkv[2])
        scores = (q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1) + self.bias()
        if mask is not None:
            scores = (scores.view(b, -1, self.heads, n, n) + mask.unsqueeze(1).unsqueeze(0)).view(-1, self.heads, n, n)
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, n, c)
        return from_windows(y, self.rows, self.columns, h, w)


class Interaction(nn.Module):
    """One weight for each channel, and one for each pixel."""

    def __init__(self, dim):
        super().__init__()
        self.depthwise = nn.Sequential(nn.Conv2d(dim, dim, 3, 1, 1, groups=dim), BatchNorm(dim), nn.GELU())
        self.channel = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(dim, dim // 2, 1), BatchNorm(dim // 2), nn.GELU(), nn.Conv2d(dim // 2, dim, 1)
        )
        self.spatial = nn.Sequential(nn.Conv2d(dim, dim // 4, 1), BatchNorm(dim // 4), nn.GELU(), nn.Conv2d(dim // 4, 1, 1))


class DualSpatial(Interaction):
    def __init__(self, dim, heads, shifted):
        super().__init__(dim)
        self.shifted = shifted
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.wide, self.tall = OblongAttention(dim // 2, heads // 2, 2, 4), OblongAttention(dim // 2, heads // 2, 4, 2)

    def forward(self, x, size):
        h, w = size
        b, length, c = x.shape
        qkv = self.qkv(x).reshape(b, length, 3, c).permute(2, 0, 1, 3)
        v = picture(qkv[2], size)
        results = []
        for part, (rows, columns), attention in ((0, (2, 4), self.wide), (1, (4, 2), self.tall)):
            half = qkv[..., part * (c // 2) : (part + 1) * (c // 2)]
            if not self.shifted:
                results.append(attention(half, size, None))
                continue
            s = (rows // 2, columns // 2)
            rolled = torch.roll(half.view(3, b, h, w, c // 2), (-s[0], -s[1]), (2, 3)).view(3, b, length, c // 2)
            y = attention(rolled, size, region_mask(h, w, rows, columns, *s))
            results.append(torch.roll(y, s, (1, 2)))
        attended = torch.cat(results, -1).view(b, length, c)
        local = self.depthwise(v)
        by_channel = self.channel(local).permute(0, 2, 3, 1).view(b, 1, c).sigmoid()
        by_pixel = self.spatial(picture(attended, size)).sigmoid()
        return self.proj(attended * by_channel + tokens(local * by_pixel))


class DualChannel(Interaction):
    def __init__(self, dim, heads):
        super().__init__(dim)
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, size):
        b, length, c = x.shape
        q, k, v = self.qkv(x).reshape(b, length, 3, self.heads, c // self.heads).permute(2, 0, 3, 4, 1)
        local = self.depthwise(v.reshape(b, c, length).view(b, c, *size))
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        attended = (scores.softmax(-1) @ v).permute(0, 3, 1, 2).reshape(b, length, c)
        by_channel = self.channel(picture(attended, size)).sigmoid()
        by_pixel = tokens(self.spatial(local)).sigmoid()
        return self.proj(attended * by_pixel + tokens(local * by_channel))


class GatedFeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        self.norm, self.conv = nn.LayerNorm(dim), nn.Conv2d(dim, dim, 3, 1, 1, groups=dim)

    def forward(self, x, size):
        a, b = F.gelu(self.fc1(x)).chunk(2, -1)
        return self.fc2(a * tokens(self.conv(picture(self.norm(b), size))))


class DualBlock(nn.Module):
    def __init__(self, dim, attention):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention, self.feed = attention, GatedFeedForward(dim)

    def forward(self, x, size):
        x = x + self.attention(self.norm1(x), size)
        return x + self.feed(self.norm2(x), size)


class DAT(Upsampled):
    def __init__(self, dim=8):
        super().__init__(
            dim, [DualBlock(dim, DualSpatial(dim, 2, False)), DualBlock(dim, DualChannel(dim, 2)), DualBlock(dim, DualSpatial(dim, 2, True))]
        )


# RGT: Chen et al., ICLR 2024: attention to a summary of fixed length that strided convolutions make again and again.
class Generalisation(nn.Module):
    def __init__(self, dim, heads, steps=1):
        super().__init__()
        self.heads, self.steps = heads, steps
        small = dim // 2
        self.reduce1 = nn.Conv2d(dim, dim, 4, 4, groups=dim)
        self.reduce2 = nn.Conv2d(dim, small, 1)
        self.conv, self.norm = nn.Conv2d(small, small, 3, 1, 1, groups=small), nn.LayerNorm(small)
        self.q, self.k, self.v = nn.Linear(dim, small), nn.Linear(small, small), nn.Linear(small, dim)
        self.around, self.proj = nn.Conv2d(dim, dim, 3, 1, 1, groups=dim), nn.Linear(dim, dim)

    def forward(self, x, size):
        b, length, c = x.shape
        summary = picture(x, size)
        for _ in range(self.steps):
            summary = self.reduce1(summary)
        summary = tokens(self.conv(self.reduce2(summary)))
        summary = F.gelu(self.norm(summary))
        split = lambda t: t.reshape(b, -1, self.heads, t.shape[-1] // self.heads).permute(0, 2, 1, 3)
        q, k, v = split(self.q(x)), split(self.k(summary)), split(self.v(summary))
        scores = (q @ k.transpose(-2, -1)) * (c // 2 // self.heads) ** -0.5
        wide = self.v(summary)
        wide = wide + 0.1 * wide.mean(1, keepdim=True)
        y = (scores.softmax(-1) @ (v + split(wide))).transpose(1, 2).reshape(b, length, c)
        return self.proj(y + tokens(self.around(picture(x, size))))


class IntegratedBlock(nn.Module):
    """Its input comes in again, scaled, beside the usual skip."""

    def __init__(self, dim, attention):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention, self.feed = attention, GatedFeedForward(dim)
        self.scale = nn.Parameter(torch.ones(dim))

    def forward(self, x, size):
        y = x + self.attention(self.norm1(x), size)
        return y + self.feed(self.norm2(y), size) + x * self.scale


class RGT(Upsampled):
    def __init__(self, dim=8):
        super().__init__(dim, [DualBlock(dim, DualSpatial(dim, 2, True)), IntegratedBlock(dim, Generalisation(dim, 2))])


# SRFormer: Zhou et al., ICCV 2023: keys and values of fewer tokens, whose pixels have moved into the channels.
class PermutedBlock(nn.Module):
    def __init__(self, dim, heads, window, shift):
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.q, self.kv, self.proj = nn.Linear(dim, dim), nn.Linear(dim, dim // 2), nn.Linear(dim, dim)
        self.table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        aligned = relative_index(window).view(window, window, window, window)[:, :, ::2, ::2]
        self.register_buffer("index", aligned.reshape(window**2, -1).clone())
        self.fc1, self.fc2 = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)
        self.local = nn.Conv2d(2 * dim, 2 * dim, 5, 1, 2, groups=2 * dim)

    def forward(self, x, size):
        (h, w), n, s, heads = size, self.window, self.shift, self.heads
        b, _, c = x.shape
        y = self.norm1(x).view(b, h, w, c)
        if s:
            y = torch.roll(y, (-s, -s), (1, 2))
        y = to_windows(y, n, n)
        many = y.shape[0]
        kv = self.kv(y).view(many, n // 2, 2, n // 2, 2, 2, c // 4).permute(0, 5, 1, 3, 2, 4, 6)
        kv = kv.reshape(many, 2, (n // 2) ** 2, heads, c // heads).permute(1, 0, 3, 2, 4)
        q = self.q(y).reshape(many, n * n, heads, c // heads).permute(0, 2, 1, 3) * (c // heads) ** -0.5
        scores = q @ kv[0].transpose(-2, -1)
        scores = scores + self.table[self.index.view(-1)].view(n * n, (n // 2) ** 2, -1).permute(2, 0, 1).unsqueeze(0)
        if s:
            mask = region_mask(h, w, n, n, s, s).view(-1, n * n, n, n)[:, :, ::2, ::2].reshape(-1, n * n, (n // 2) ** 2)
            scores = scores.view(b, -1, heads, n * n, (n // 2) ** 2) + mask.unsqueeze(1).unsqueeze(0)
            scores = scores.view(-1, heads, n * n, (n // 2) ** 2)
        y = self.proj((scores.softmax(-1) @ kv[1]).transpose(1, 2).reshape(many, n * n, c))
        y = from_windows(y, n, n, h, w)
        if s:
            y = torch.roll(y, (s, s), (1, 2))
        x = x + y.view(b, h * w, c)
        z = F.gelu(self.fc1(self.norm2(x)))
        return x + self.fc2(z + tokens(F.gelu(self.local(picture(z, size)))))


class SRFormer(Upsampled):
    def __init__(self, dim=8, heads=2, window=4):
        super().__init__(dim, [PermutedBlock(dim, heads, window, 0), PermutedBlock(dim, heads, window, 2)])


# Swin2SR: Conde et al., ECCVW 2022: cosine attention, a small network for the position bias, norms behind the branches.
class CosineBlock(nn.Module):
    def __init__(self, dim, heads, window, shift):
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.logit_scale = nn.Parameter(torch.full((heads, 1, 1), math.log(10.0)))
        self.position = nn.Sequential(nn.Linear(2, 12), nn.ReLU(), nn.Linear(12, heads, bias=False))
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)
        self.q_bias, self.v_bias = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.zeros(dim))
        self.mlp = Mlp(dim, 2 * dim)
        steps = torch.arange(1 - window, window).float() / (window - 1) * 8
        steps = torch.sign(steps) * torch.log2(steps.abs() + 1) / 3
        self.register_buffer("coordinates", torch.stack(torch.meshgrid(steps, steps, indexing="ij"), -1).unsqueeze(0))
        self.register_buffer("index", relative_index(window))

    def forward(self, x, size):
        (h, w), n, s, heads = size, self.window, self.shift, self.heads
        b, _, c = x.shape
        y = x.view(b, h, w, c)
        if s:
            y = torch.roll(y, (-s, -s), (1, 2))
        y = to_windows(y, n, n)
        bias = torch.cat((self.q_bias, torch.zeros_like(self.v_bias), self.v_bias))
        q, k, v = F.linear(y, self.qkv.weight, bias).reshape(-1, n * n, 3, heads, c // heads).permute(2, 0, 3, 1, 4)
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
        scores = scores * torch.clamp(self.logit_scale, max=math.log(100.0)).exp()
        table = self.position(self.coordinates).view(-1, heads)
        position = table[self.index.view(-1)].view(n * n, n * n, -1).permute(2, 0, 1).contiguous()
        scores = scores + 16 * torch.sigmoid(position).unsqueeze(0)
        if s:
            mask = region_mask(h, w, n, n, s, s)
            scores = scores.view(-1, mask.shape[0], heads, n * n, n * n) + mask.unsqueeze(1).unsqueeze(0)
            scores = scores.view(-1, heads, n * n, n * n)
        y = self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, n * n, c))
        y = from_windows(y, n, n, h, w)
        if s:
            y = torch.roll(y, (s, s), (1, 2))
        x = x + self.norm1(y.view(b, h * w, c))
        return x + self.norm2(self.mlp(x))


class Swin2SR(Upsampled):
    def __init__(self, dim=8, heads=2, window=4):
        super().__init__(dim, [CosineBlock(dim, heads, window, 0), CosineBlock(dim, heads, window, 2)])


# RealPLKSR's way of enlarging by sampling: Liu et al., Learning to Upsample by Learning to Sample, ICCV 2023.
class DySample(nn.Module):
    def __init__(self, dim=8, scale=2, groups=2):
        super().__init__()
        self.scale, self.groups = scale, groups
        self.first = nn.Conv2d(3, dim, 3, 1, 1)
        self.offset, self.scope = nn.Conv2d(dim, 2 * groups * scale**2, 1), nn.Conv2d(dim, 2 * groups * scale**2, 1, bias=False)
        self.last = nn.Conv2d(dim, 3, 1)
        steps = (torch.arange(scale) - (scale - 1) / 2) / scale
        start = torch.stack(torch.meshgrid(steps, steps, indexing="ij")).transpose(1, 2).repeat(1, groups, 1)
        self.register_buffer("start", start.reshape(1, -1, 1, 1))

    def forward(self, x):
        y = self.first(x)
        offset = self.offset(y) * self.scope(y).sigmoid() * 0.5 + self.start
        b, _, h, w = offset.shape
        offset = offset.view(b, 2, -1, h, w)
        rows, columns = torch.arange(h) + 0.5, torch.arange(w) + 0.5
        at = torch.stack(torch.meshgrid(columns, rows, indexing="ij")).transpose(1, 2).unsqueeze(1).unsqueeze(0).to(y.dtype)
        size = torch.tensor([w, h], dtype=y.dtype).view(1, 2, 1, 1, 1)
        grid = (2 * (at + offset) / size - 1).view(b, -1, h, w)
        grid = F.pixel_shuffle(grid, self.scale).view(b, 2, -1, self.scale * h, self.scale * w)
        grid = grid.permute(0, 2, 3, 4, 1).contiguous().flatten(0, 1)
        sampled = F.grid_sample(
            y.reshape(b * self.groups, -1, h, w), grid, mode="bilinear", align_corners=False, padding_mode="border"
        )
        return self.last(sampled.view(b, -1, self.scale * h, self.scale * w)) + F.interpolate(x, scale_factor=2, mode="nearest")


# NAFNet: Chen et al., ECCV 2022: gates instead of activations, a U of two scales.
# Written out in views, as NAFNet has it; SAFMN's, in make_networks.py, is exported with other operations.
class ChannelNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        return self.weight.view(1, -1, 1, 1) * (x - mean) / (variance + 1e-6).sqrt() + self.bias.view(1, -1, 1, 1)


class GateBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(dim), ChannelNorm(dim)
        self.into, self.depthwise = nn.Conv2d(dim, 2 * dim, 1), nn.Conv2d(2 * dim, 2 * dim, 3, 1, 1, groups=2 * dim)
        self.attention, self.out = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(dim, dim, 1)), nn.Conv2d(dim, dim, 1)
        self.feed1, self.feed2 = nn.Conv2d(dim, 2 * dim, 1), nn.Conv2d(dim, dim, 1)
        self.beta, self.gamma = nn.Parameter(torch.ones(1, dim, 1, 1)), nn.Parameter(torch.ones(1, dim, 1, 1))

    def forward(self, x):
        a, b = self.depthwise(self.into(self.norm1(x))).chunk(2, 1)
        y = a * b
        x = x + self.out(y * self.attention(y)) * self.beta
        a, b = self.feed1(self.norm2(x)).chunk(2, 1)
        return x + self.feed2(a * b) * self.gamma


class NAFNet(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, dim, 3, 1, 1), nn.Conv2d(dim, 3, 3, 1, 1)
        self.encoder, self.middle, self.decoder = GateBlock(dim), GateBlock(2 * dim), GateBlock(dim)
        self.down = nn.Conv2d(dim, 2 * dim, 2, 2)
        self.up = nn.Sequential(nn.Conv2d(2 * dim, 4 * dim, 1, bias=False), nn.PixelShuffle(2))

    def forward(self, x):
        fine = self.encoder(self.first(x))
        return self.last(self.decoder(self.up(self.middle(self.down(fine))) + fine)) + x


# SeeMoRe: Zamfir et al., ICML 2024: of several low-rank experts those that a router prefers.
class SeeMoRe(nn.Module):
    def __init__(self, dim=8, experts=3):
        super().__init__()
        self.first = nn.Conv2d(3, dim, 3, 1, 1)
        self.router = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(dim, experts, bias=False))
        self.down = nn.ModuleList([nn.Conv2d(dim, i + 2, 1) for i in range(experts)])
        self.out = nn.ModuleList([nn.Conv2d(i + 2, dim, 1) for i in range(experts)])
        self.gate = nn.Conv2d(dim, dim, 3, 1, 1, groups=dim)
        self.up = nn.Sequential(nn.Conv2d(dim, 12, 3, 1, 1), nn.PixelShuffle(2))

    def forward(self, x):
        y = self.first(x)
        weights = self.router(y).softmax(-1)
        values, indices = torch.topk(weights, 2, dim=-1)
        chosen = torch.zeros_like(weights).scatter(1, indices, values)
        gate = F.silu(self.gate(y))
        for i, (down, out) in enumerate(zip(self.down, self.out)):
            y = y + chosen[:, i].view(-1, 1, 1, 1) * out(F.silu(down(y)) ) * gate
        return self.up(y)


class Normed(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(2, dim), nn.GroupNorm(2, dim)
        self.conv1, self.conv2 = nn.Conv2d(dim, dim, 3, 1, 1), nn.Conv2d(dim, dim, 3, 1, 1)

    def forward(self, x):
        return x + self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))


class Quantiser(nn.Module):
    """The nearest entry of a codebook, with the gradient of what went in (van den Oord et al., 2017)."""

    def __init__(self, entries, dim, one_hot):
        super().__init__()
        self.one_hot = one_hot
        self.codebook = nn.Parameter(torch.randn(entries, dim))

    def forward(self, z):
        flat = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])
        distance = (flat**2).sum(1, keepdim=True) + (self.codebook**2).sum(1) - 2 * flat @ self.codebook.t()
        nearest = torch.argmin(distance, 1)
        if self.one_hot:
            chosen = torch.zeros(nearest.shape[0], self.codebook.shape[0], dtype=z.dtype).scatter(1, nearest[:, None], 1.0)
            entry = chosen @ self.codebook
        else:
            entry = F.embedding(nearest, self.codebook)
        entry = entry.view(z.shape[0], z.shape[2], z.shape[3], z.shape[1]).permute(0, 3, 1, 2)
        return z + (entry - z).detach()


# FeMaSR: Chen et al., ACM MM 2022: features of the picture replaced by those of a codebook, and a skip around it.
class FeMaSR(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.first, self.encoder, self.before = nn.Conv2d(3, dim, 3, 1, 1), Normed(dim), nn.Conv2d(dim, 4, 1)
        self.quantiser, self.after = Quantiser(6, 4, True), nn.Conv2d(4, dim, 3, 1, 1)
        self.decoder, self.up = Normed(dim), nn.Conv2d(dim, dim, 3, 1, 1)
        self.last = nn.Conv2d(dim, 3, 3, 1, 1)

    def forward(self, x):
        y = self.encoder(self.first(x))
        z = self.after(self.quantiser(self.before(y)))
        y = self.up(F.interpolate(self.decoder(z + 0.5 * y), scale_factor=2, mode="nearest"))
        return self.last(F.silu(y))


class TimeBlock(nn.Module):
    """A residual block that a step of the diffusion shifts."""

    def __init__(self, inputs, dim, time):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(2, inputs), nn.GroupNorm(2, dim)
        self.conv1, self.conv2 = nn.Conv2d(inputs, dim, 3, 1, 1), nn.Conv2d(dim, dim, 3, 1, 1)
        self.time, self.skip = nn.Linear(time, 2 * dim), nn.Conv2d(inputs, dim, 1)

    def forward(self, x, time):
        scale, shift = self.time(F.silu(time))[:, :, None, None].chunk(2, 1)
        y = self.conv1(F.silu(self.norm1(x)))
        return self.skip(x) + self.conv2(F.silu(self.norm2(y) * (1 + scale) + shift))


class Attention(nn.Module):
    """Of the picture to itself, or to a text that is given once and for all."""

    def __init__(self, dim, context=None):
        super().__init__()
        self.norm = nn.GroupNorm(2, dim)
        self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(context or dim, dim), nn.Linear(context or dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x, context=None):
        y = tokens(self.norm(x))
        other = y if context is None else context
        scores = torch.einsum("bid,bjd->bij", self.q(y), self.k(other)) * y.shape[-1] ** -0.5
        y = torch.einsum("bij,bjd->bid", scores.softmax(-1), self.v(other))
        return x + picture(self.out(y), x.shape[2:])


class SmallUnet(nn.Module):
    def __init__(self, inputs, outputs, dim=8, context=None):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(8, 8), nn.SiLU(), nn.Linear(8, 8))
        self.first, self.last = nn.Conv2d(inputs, dim, 3, 1, 1), nn.Conv2d(dim, outputs, 3, 1, 1)
        self.fine, self.coarse, self.back = TimeBlock(dim, dim, 8), TimeBlock(dim, dim, 8), TimeBlock(2 * dim, dim, 8)
        self.down, self.attention = nn.Conv2d(dim, dim, 3, 2, 1), Attention(dim)
        self.cross = Attention(dim, context) if context else None
        self.norm = nn.GroupNorm(2, dim)
        steps = torch.exp(-math.log(10000) * torch.arange(4) / 4) * 15
        self.register_buffer("time", torch.cat([steps.cos(), steps.sin()]).unsqueeze(0))

    def forward(self, x, context=None):
        time = self.embed(self.time)
        fine = self.fine(self.first(x), time)
        coarse = self.attention(self.coarse(self.down(fine), time))
        if self.cross is not None:
            coarse = self.cross(coarse, context)
        y = torch.cat([F.interpolate(coarse, scale_factor=2, mode="nearest"), fine], 1)
        return self.last(F.silu(self.norm(self.back(y, time))))


# SinSR: Wang et al., CVPR 2024: one step of diffusion in the latents of a VQ autoencoder.
class SinSR(nn.Module):
    def __init__(self, size=(8, 8)):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1), Normed(8), nn.Conv2d(8, 3, 3, 2, 1))
        self.unet, self.quantiser = SmallUnet(6, 3), Quantiser(8, 3, False)
        self.decoder = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1), Normed(8), nn.Upsample(scale_factor=2), nn.Conv2d(8, 3, 3, 1, 1))
        self.register_buffer("noise", torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(3)))

    def forward(self, x):
        large = F.interpolate(x, scale_factor=2, mode="bicubic", align_corners=False)
        z = self.encoder(large)
        clean = self.unet(torch.cat([z + 0.3 * self.noise, z], 1))
        return self.decoder(self.quantiser(clean))


# OSEDiff: Wu et al., NeurIPS 2024: one step of a text-to-image UNet, with a text that stays.
class OSEDiff(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1), Normed(8), nn.Conv2d(8, 4, 3, 2, 1))
        self.unet = SmallUnet(4, 4, context=6)
        self.decoder = nn.Sequential(nn.Conv2d(4, 8, 3, 1, 1), Normed(8), nn.Upsample(scale_factor=2), nn.Conv2d(8, 3, 3, 1, 1))
        self.register_buffer("text", torch.randn(1, 5, 6, generator=torch.Generator().manual_seed(4)))

    def forward(self, x):
        large = F.interpolate(x, scale_factor=2, mode="bicubic", align_corners=False)
        z = self.encoder(large) * 0.18215
        clean = (z - 0.6 * self.unet(z, self.text)) / 0.8
        return self.decoder(clean / 0.18215)
