"""More networks with attention, of architectures.py's kind: the families that people use, at a size that tests can hold."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from architectures import (
    ChannelNorm,
    DualBlock,
    HybridBlock,
    Mlp,
    OblongAttention,
    Upsampled,
    from_windows,
    picture,
    region_mask,
    relative_index,
    to_windows,
    tokens,
)


def split_heads(x, heads):
    """[B, C, N] to [B, heads, C / heads, N]."""
    return x.reshape(x.shape[0], heads, -1, x.shape[-1])


class WindowBlock(HybridBlock):
    """A block of SwinIR's: HAT's without the convolutions beside the attention."""

    def __init__(self, dim, heads, window, shift):
        super().__init__(dim, heads, window, shift)
        self.conv = nn.Sequential(nn.Conv2d(dim, dim, 1, groups=dim))


# DRCT: Hsu et al., CVPR 2024 workshop: window attention whose results are kept beside each other, as dense blocks do.
class DenseBlock(nn.Module):
    def __init__(self, dim, window, more=4):
        super().__init__()
        self.blocks = nn.ModuleList([WindowBlock(dim, 2, window, 0), WindowBlock(dim + more, 2, window, window // 2)])
        self.narrow = nn.ModuleList([nn.Conv2d(dim, more, 1), nn.Conv2d(dim + more, dim, 1)])
        self.bend = nn.LeakyReLU(0.2)

    def forward(self, x, size):
        first = tokens(self.bend(self.narrow[0](picture(self.blocks[0](x, size), size))))
        last = self.narrow[1](picture(self.blocks[1](torch.cat((x, first), -1), size), size))
        return x + 0.2 * tokens(last)


class DRCT(Upsampled):
    def __init__(self, dim=8, window=4):
        super().__init__(dim, [DenseBlock(dim, window)])


# OmniSR: Wang et al., CVPR 2023: attention over windows, over channels within windows, and over grids; a map of places that
# a pooled, strided branch finds.
class ChannelsInWindows(nn.Module):
    """Windows of neighbours, or, as a grid, of pixels that lie apart."""

    def __init__(self, dim, heads, window, grid):
        super().__init__()
        self.heads, self.window, self.grid = heads, window, grid
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv, self.out = nn.Conv2d(dim, 3 * dim, 1, bias=False), nn.Conv2d(dim, dim, 1, bias=False)
        self.around = nn.Conv2d(3 * dim, 3 * dim, 3, 1, 1, groups=3 * dim, bias=False)

    def forward(self, x):
        b, c, h, w = x.shape
        n, rows, columns = self.window, h // self.window, w // self.window
        sizes = (n, rows, n, columns) if self.grid else (rows, n, columns, n)
        order = (0, 3, 5, 1, 2, 4, 6)

        def groups(y):
            return y.reshape(b, self.heads, c // self.heads, *sizes).permute(*order).flatten(-2)

        q, k, v = (groups(y) for y in self.around(self.qkv(x)).chunk(3, 1))
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        y = (scores.softmax(-1) @ v).reshape(*q.shape[:5], *sizes[1::2])
        back = [order.index(axis) for axis in range(7)]
        return self.out(y.permute(*back).reshape(b, c, h, w))


class GridAttention(nn.Module):
    def __init__(self, dim, heads, window):
        super().__init__()
        self.heads, self.window = heads, window
        self.norm = nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.table = nn.Embedding((2 * window - 1) ** 2, heads)
        self.register_buffer("index", relative_index(window))

    def forward(self, x):
        b, c, h, w = x.shape
        n, rows, columns = self.window, h // self.window, w // self.window
        y = x.reshape(b, c, n, rows, n, columns).permute(0, 3, 5, 2, 4, 1).reshape(-1, n * n, c)
        q, k, v = (
            t.reshape(-1, n * n, self.heads, c // self.heads).transpose(1, 2) for t in self.qkv(self.norm(y)).chunk(3, -1)
        )
        scores = torch.einsum("bhid,bhjd->bhij", q * (c // self.heads) ** -0.5, k)
        scores = (scores + self.table(self.index).permute(2, 0, 1)).softmax(-1)
        y = y + self.out(torch.einsum("bhij,bhjd->bhid", scores, v).transpose(1, 2).reshape(-1, n * n, c))
        return y.reshape(b, rows, columns, n, n, c).permute(0, 5, 3, 1, 4, 2).reshape(b, c, h, w)


class Places(nn.Module):
    """Liu et al., Residual Feature Aggregation, CVPR 2020."""

    def __init__(self, dim, small=3):
        super().__init__()
        self.narrow, self.beside = nn.Conv2d(dim, small, 1), nn.Conv2d(small, small, 1)
        self.stride, self.conv = nn.Conv2d(small, small, 3, 2), nn.Conv2d(small, small, 3, 1, 1)
        self.wide = nn.Conv2d(small, dim, 1)

    def forward(self, x):
        y = self.narrow(x)
        z = self.conv(F.max_pool2d(self.stride(y), 3, 2))
        z = F.interpolate(z, x.shape[2:], mode="bilinear", align_corners=False)
        return x * self.wide(z + self.beside(y)).sigmoid()


class OmniSR(nn.Module):
    def __init__(self, dim=8, window=4):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, dim, 3, 1, 1), nn.Sequential(nn.Conv2d(dim, 12, 3, 1, 1), nn.PixelShuffle(2))
        self.norm1, self.norm2, self.norm3 = ChannelNorm(dim), ChannelNorm(dim), ChannelNorm(dim)
        self.windows, self.grid = ChannelsInWindows(dim, 2, window, False), ChannelsInWindows(dim, 2, window, True)
        self.apart = GridAttention(dim, 2, window)
        self.into, self.around = nn.Conv2d(dim, 2 * dim, 1), nn.Conv2d(2 * dim, 2 * dim, 3, 1, 1, groups=2 * dim)
        self.out, self.places = nn.Conv2d(dim, dim, 1), Places(dim)

    def forward(self, x):
        y = first = self.first(x)
        y = y + self.windows(self.norm1(y))
        a, b = self.around(self.into(self.norm2(y))).chunk(2, 1)
        y = y + self.out(F.gelu(a) * b)
        y = self.apart(y)
        y = y + self.grid(self.norm3(y))
        return self.last(self.places(y) + first)


# CRAFT: Li et al., ICCV 2023: high frequencies by max pooling, oblong windows, and attention between channels of the two.
class PooledBranch(nn.Module):
    def __init__(self, dim):
        super().__init__()
        half = dim // 2
        self.local, self.fc, self.pool = nn.Conv2d(half, half, 3, 1, 1), nn.Conv2d(half, half, 1), nn.MaxPool2d(3, 1, 1)
        self.out = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        a, b = x.chunk(2, 1)
        return x + self.out(torch.cat((F.gelu(self.local(a)), F.gelu(self.fc(self.pool(b)))), 1))


class OblongBlock(nn.Module):
    def __init__(self, dim, heads, shifted):
        super().__init__()
        self.shifted = shifted
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj, self.mlp = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim), Mlp(dim, 2 * dim)
        self.local = nn.Conv2d(dim, dim, 3, 1, 1, groups=dim)
        self.wide, self.tall = OblongAttention(dim // 2, heads // 2, 2, 4), OblongAttention(dim // 2, heads // 2, 4, 2)

    def forward(self, x, size):
        h, w = size
        b, length, c = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(b, length, 3, c).permute(2, 0, 1, 3)
        results = []
        for half, (rows, columns), attention in zip(qkv.chunk(2, -1), ((2, 4), (4, 2)), (self.wide, self.tall)):
            if self.shifted:
                s = (rows // 2, columns // 2)
                half = torch.roll(half.reshape(3, b, h, w, c // 2), (-s[0], -s[1]), (2, 3)).view(3, b, length, c // 2)
                y = attention(half, size, region_mask(h, w, rows, columns, *s))
                results.append(torch.roll(y, s, (1, 2)))
            else:
                results.append(attention(half, size, None))
        y = torch.cat(results, -1).view(b, length, c) + tokens(self.local(picture(qkv[2], size)))
        x = x + self.proj(y)
        return x + self.mlp(self.norm2(x))


class BetweenChannels(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.temperature = heads, nn.Parameter(torch.ones(heads, 1, 1))
        self.q, self.kv, self.out = nn.Conv2d(dim, dim, 1), nn.Conv2d(dim, 2 * dim, 1), nn.Conv2d(dim, dim, 1)
        self.around = nn.Conv2d(2 * dim, 2 * dim, 3, 1, 1, groups=2 * dim)

    def forward(self, low, high):
        q = split_heads(self.q(high).flatten(2), self.heads)
        k, v = (split_heads(t.flatten(2), self.heads) for t in self.around(self.kv(low)).chunk(2, 1))
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        return self.out((scores.softmax(-1) @ v).reshape(low.shape))


class CRAFT(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.first, self.high = nn.Conv2d(3, dim, 3, 1, 1), PooledBranch(dim)
        self.blocks = nn.ModuleList([OblongBlock(dim, 2, False), OblongBlock(dim, 2, True)])
        self.between, self.norm = BetweenChannels(dim, 2), ChannelNorm(dim)
        self.last = nn.Sequential(nn.Conv2d(dim, 12, 3, 1, 1), nn.PixelShuffle(2))

    def forward(self, x):
        first = self.first(x)
        size, y = first.shape[2:], tokens(first)
        for block in self.blocks:
            y = block(y, size)
        low = picture(y, size)
        return self.last(low + self.between(self.norm(low), self.high(first)) + first)


# FDAT: a network of the community, a lighter DAT: windows of an own bias each pair, channels, a gate between attention and
# convolution; sizes are padded within the network; the result comes by transposed convolutions.
class PaddedWindows(nn.Module):
    def __init__(self, dim, heads, window):
        super().__init__()
        self.heads, self.window = heads, window
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)
        self.bias = nn.Parameter(torch.zeros(heads, window**2, window**2))

    def forward(self, x, size):
        (h, w), n = size, self.window
        b, _, c = x.shape
        right, below = (n - w % n) % n, (n - h % n) % n
        y = F.pad(x.view(b, h, w, c), (0, 0, 0, right, 0, below))
        q, k, v = (
            self.qkv(to_windows(y, n, n)).view(-1, n * n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        )
        scores = q * (c // self.heads) ** -0.5 @ k.transpose(-2, -1) + self.bias
        y = self.proj((F.softmax(scores, -1) @ v).transpose(1, 2).reshape(-1, n * n, c))
        return from_windows(y, n, n, h + below, w + right)[:, :h, :w, :].contiguous().view(b, h * w, c)


class Channels(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.temperature = heads, nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)

    def forward(self, x, size):
        q, k, v = (split_heads(t.transpose(1, 2), self.heads) for t in self.qkv(x).chunk(3, -1))
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        return self.proj((scores.softmax(-1) @ v).flatten(1, 2).transpose(1, 2))


class Gated(nn.Module):
    """Attention and a convolution beside it, one of them weighed by the other."""

    def __init__(self, dim, attention, by_place):
        super().__init__()
        self.attention, self.by_place = attention, by_place
        self.local = nn.Sequential(nn.Conv2d(dim, dim, 3, 1, 1, groups=dim, bias=False), nn.GELU())
        self.gate = (
            nn.Conv2d(dim, 1, 1, bias=False)
            if by_place
            else nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(dim, 2, 1, bias=False), nn.GELU(), nn.Conv2d(2, dim, 1, bias=False))
        )

    def forward(self, x, size):
        attended, local = picture(self.attention(x, size), size), self.local(picture(x, size))
        if self.by_place:
            return tokens(attended + local * self.gate(attended).sigmoid())
        return tokens(attended * self.gate(local).sigmoid() + local)


class FDAT(nn.Module):
    def __init__(self, dim=8, window=4):
        super().__init__()
        self.first = nn.Conv2d(3, dim, 3, 1, 1)
        self.blocks = nn.ModuleList(
            [DualBlock(dim, Gated(dim, PaddedWindows(dim, 2, window), False)), DualBlock(dim, Gated(dim, Channels(dim, 2), True))]
        )
        self.up = nn.Sequential(nn.ConvTranspose2d(dim, 4, 4, 2, 1), nn.GELU(), nn.Conv2d(4, 3, 3, 1, 1))

    def forward(self, x):
        first = self.first(x)
        size, y = first.shape[2:], tokens(first)
        for block in self.blocks:
            y = block(y, size)
        return self.up(picture(y, size) + first)


# GRL: Li et al., CVPR 2023: windows beside stripes, which look at each other by way of a few pooled anchors; by angles.
class Affine(nn.Module):
    """Scores by a learned temperature, with the bias that a small network gives for each distance."""

    def __init__(self, heads):
        super().__init__()
        self.scale = nn.Parameter(torch.full((heads, 1, 1), math.log(10.0)))
        self.position = nn.Sequential(nn.Linear(2, 6), nn.ReLU(), nn.Linear(6, heads, bias=False))

    def forward(self, scores, offsets):
        bias = 16 * self.position(offsets).permute(2, 0, 1).sigmoid()
        return (scores * torch.clamp(self.scale, max=math.log(100.0)).exp() + bias).softmax(-1)


def offsets_between(rows, columns, factor):
    """Log-spaced distances from each pixel of a window to each of its anchors, [rows * columns, anchors, 2]."""
    place = lambda y, x: torch.stack(torch.meshgrid(y, x, indexing="ij"), -1).reshape(-1, 2)
    pixels = place(torch.arange(rows).float(), torch.arange(columns).float())
    middle = (factor - 1) / 2
    anchors = place(torch.arange(0, rows, factor) + middle, torch.arange(0, columns, factor) + middle)
    apart = pixels[:, None] - anchors[None]
    return torch.sign(apart) * torch.log2(apart.abs() + 1)


class AnchoredBlock(nn.Module):
    def __init__(self, dim, heads, window, stripe, factor=2):
        super().__init__()
        self.heads, self.window, self.stripe, self.factor = heads, window, stripe, factor
        self.qkv, self.anchor, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim // 2), nn.Linear(dim, dim)
        self.by_window, self.gather, self.spread = Affine(heads), Affine(heads), Affine(heads)
        self.norm1, self.norm2, self.mlp = nn.LayerNorm(dim), nn.LayerNorm(dim), Mlp(dim, 2 * dim)
        self.register_buffer("near", offsets_between(window, window, 1))
        self.register_buffer("far", offsets_between(*stripe, factor))

    def split(self, x):
        return x.reshape(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x, size):
        (h, w), f, angle = size, self.factor, lambda t: F.normalize(t, dim=-1)
        b, _, c = x.shape
        window, stripe = (t.reshape(b, h, w, 3, c // 2) for t in self.qkv(x).chunk(2, -1))
        parts = lambda t, rows, columns: [self.split(to_windows(t[..., i, :], rows, columns)) for i in range(3)]
        q, k, v = parts(window, self.window, self.window)
        near = self.by_window(angle(q) @ angle(k).transpose(-2, -1), self.near) @ v
        near = from_windows(near.transpose(1, 2).reshape(-1, self.window**2, c // 2), self.window, self.window, h, w)
        rows, columns = self.stripe
        q, k, v = parts(stripe, rows, columns)
        pooled = self.anchor(F.avg_pool2d(picture(x, size), f).permute(0, 2, 3, 1))
        anchors = angle(self.split(to_windows(pooled, rows // f, columns // f)))
        y = self.gather(anchors @ angle(k).transpose(-2, -1), self.far.transpose(0, 1)) @ v
        y = self.spread(angle(q) @ anchors.transpose(-2, -1), self.far) @ y
        far = from_windows(y.transpose(1, 2).reshape(-1, rows * columns, c // 2), rows, columns, h, w)
        x = x + self.norm1(self.proj(torch.cat((near, far), -1).view(b, h * w, c)))
        return x + self.norm2(self.mlp(x))


class GRL(Upsampled):
    def __init__(self, dim=8, heads=2):
        super().__init__(dim, [AnchoredBlock(dim, heads, 4, (4, 8)), AnchoredBlock(dim, heads, 4, (8, 4))])


# Restormer: Zamir et al., CVPR 2022: attention between channels at two sizes, norms that leave the mean alone.
class FreeNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        y = tokens(x)
        y = y / torch.sqrt(y.var(-1, keepdim=True, unbiased=False) + 1e-5) * self.weight
        return picture(y, x.shape[2:])


class RestorerBlock(nn.Module):
    def __init__(self, dim, heads=2):
        super().__init__()
        self.norm1, self.norm2, self.between = FreeNorm(dim), FreeNorm(dim), BetweenChannels(dim, heads)
        self.into, self.out = nn.Conv2d(dim, 4 * dim, 1, bias=False), nn.Conv2d(2 * dim, dim, 1, bias=False)
        self.around = nn.Conv2d(4 * dim, 4 * dim, 3, 1, 1, groups=4 * dim, bias=False)

    def forward(self, x):
        y = self.norm1(x)
        x = x + self.between(y, y)
        a, b = self.around(self.into(self.norm2(x))).chunk(2, 1)
        return x + self.out(F.gelu(a) * b)


class Restormer(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, dim, 3, 1, 1, bias=False), nn.Conv2d(2 * dim, 3, 3, 1, 1, bias=False)
        self.fine, self.coarse, self.back = RestorerBlock(dim), RestorerBlock(2 * dim), RestorerBlock(2 * dim)
        self.down = nn.Sequential(nn.Conv2d(dim, dim // 2, 3, 1, 1, bias=False), nn.PixelUnshuffle(2))
        self.up = nn.Sequential(nn.Conv2d(2 * dim, 4 * dim, 3, 1, 1, bias=False), nn.PixelShuffle(2))

    def forward(self, x):
        fine = self.fine(self.first(x))
        return self.last(self.back(torch.cat((self.up(self.coarse(self.down(fine))), fine), 1))) + x


# Uformer: Wang et al., CVPR 2022: a U of window attention, convolutions within the feed-forward, strided and transposed
# convolutions between the sizes.
class LocallyFed(nn.Module):
    def __init__(self, dim, heads, window, shift):
        super().__init__()
        self.block = WindowBlock(dim, heads, window, shift)
        self.norm = nn.LayerNorm(dim)
        self.into = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU())
        self.local = nn.Sequential(nn.Conv2d(2 * dim, 2 * dim, 3, 1, 1, groups=2 * dim), nn.GELU())
        self.out = nn.Linear(2 * dim, dim)

    def forward(self, x, size):
        x = self.block(x, size)
        return x + self.out(tokens(self.local(picture(self.into(self.norm(x)), size))))


class Uformer(nn.Module):
    def __init__(self, dim=4, window=4):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, dim, 3, 1, 1), nn.LeakyReLU())
        self.fine, self.coarse = LocallyFed(dim, 2, window, 0), LocallyFed(2 * dim, 2, window, 0)
        self.back = LocallyFed(2 * dim, 2, window, 2)
        self.down, self.up = nn.Conv2d(dim, 2 * dim, 4, 2, 1), nn.ConvTranspose2d(2 * dim, dim, 2, 2)
        self.last = nn.Conv2d(2 * dim, 3, 3, 1, 1)

    def forward(self, x):
        size, small = x.shape[2:], (x.shape[2] // 2, x.shape[3] // 2)
        fine = self.fine(tokens(self.first(x)), size)
        coarse = self.coarse(tokens(self.down(picture(fine, size))), small)
        y = torch.cat((tokens(self.up(picture(coarse, small))), fine), -1)
        return x + self.last(picture(self.back(y, size), size))
