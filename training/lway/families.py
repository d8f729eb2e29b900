"""Small networks of three families that people use, each of which can be trained in minutes: codebook, diffusion, transformer.

Not shipped: they show that the adaptation works on networks of their kind. All are x4, RGB 0..1, [n,3,h,w] -> [n,3,4h,4w].
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

SCALE = 4


def enlarged(x):
    return F.interpolate(x, scale_factor=SCALE, mode="bicubic", align_corners=False)


def convolution(inputs, outputs, size=3):
    return nn.Conv2d(inputs, outputs, size, 1, size // 2)


class Residual(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.first, self.second = convolution(dim, dim), convolution(dim, dim)

    def forward(self, x):
        return x + self.second(F.silu(self.first(x)))


class Codebook(nn.Module):
    """Each piece of `dim` channels is replaced by the nearest entry; the gradient passes straight through (van den Oord et
    al., 2017). The entries follow the means of what is given to them; one that nothing comes to starts again elsewhere."""

    def __init__(self, entries, dim):
        super().__init__()
        self.dim = dim
        self.register_buffer("entries", torch.randn(entries, dim))
        self.register_buffer("count", torch.ones(entries))
        self.register_buffer("total", self.entries.clone())

    def look_up(self, z):
        """[n,c,h,w] -> what comes out before the gradient is seen to, the entries chosen [n*h*w*c/dim], and what chose them."""
        n, c, h, w = z.shape
        flat = z.float().permute(0, 2, 3, 1).reshape(-1, self.dim)
        distance = (flat**2).sum(1, keepdim=True) + (self.entries**2).sum(1) - 2 * flat @ self.entries.t()
        nearest = distance.argmin(1)
        return F.embedding(nearest, self.entries).view(n, h, w, c).permute(0, 3, 1, 2), nearest, flat

    def forward(self, z):
        return z + (self.look_up(z)[0] - z).detach()

    def begin(self, z):
        """The entries are pieces of what is given: from random ones encoder and codebook shrink towards each other."""
        flat = self.look_up(z.detach())[2]
        self.entries.copy_(flat[torch.randperm(len(flat))[: len(self.entries)]])
        self.count.fill_(len(flat) / len(self.entries))
        self.total.copy_(self.entries * self.count[:, None])

    def learn(self, z, decay=0.98):
        """As forward, with the term that keeps what goes in near the entries, while these follow it."""
        found, nearest, flat = self.look_up(z)
        with torch.no_grad():
            hits = torch.zeros_like(self.count).index_add_(0, nearest, torch.ones_like(nearest, dtype=flat.dtype))
            self.count.lerp_(hits, 1 - decay)
            self.total.lerp_(torch.zeros_like(self.total).index_add_(0, nearest, flat), 1 - decay)
            unused = self.count < 0.02 * self.count.mean()
            if unused.any():
                self.total[unused] = flat[torch.randint(len(flat), (int(unused.sum()),))]
                self.count[unused] = 1.0
            self.entries.copy_(self.total / self.count[:, None].clamp(min=1e-3))
        return z + (found - z).detach(), F.mse_loss(z, found.detach())

    def perplexity(self, z):
        """How many entries are in use: the exponential of their entropy."""
        p = torch.bincount(self.look_up(z)[1], minlength=len(self.entries)).float()
        p = p / p.sum()
        return math.exp(-(p[p > 0] * p[p > 0].log()).sum().item())


class VectorQuantised(nn.Module):
    """After FeMaSR (Chen et al., ACM MM 2022): encoder, codebook, decoder, and the encoder's features past the codebook to the
    decoder, as there. All of the picture comes from the decoder; nothing enlarged is added to it."""

    def __init__(self, dim=48, entries=512, code=12):
        super().__init__()
        self.encoder = nn.Sequential(convolution(3, dim), *[Residual(dim) for _ in range(3)])
        self.narrow, self.wide = convolution(dim, code, 1), convolution(code, dim)
        self.codebook = Codebook(entries, code)
        self.decoder = nn.Sequential(*[Residual(dim) for _ in range(3)], convolution(dim, 48), nn.PixelShuffle(4))

    def latents(self, x):
        """What the codebook is asked for, and the features that go past it."""
        features = self.encoder(x - 0.5)
        return self.narrow(features), features

    def decoded(self, quantised, features):
        return self.decoder(self.wide(quantised) + features) + 0.5

    def forward(self, x):
        z, features = self.latents(x)
        return self.decoded(self.codebook(z), features)


class TimeBlock(nn.Module):
    """A residual block that the step of the diffusion scales and shifts."""

    def __init__(self, inputs, outputs, time):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, inputs), nn.GroupNorm(8, outputs)
        self.first, self.second, self.skip = convolution(inputs, outputs), convolution(outputs, outputs), convolution(inputs, outputs, 1)
        self.time = nn.Linear(time, 2 * outputs)

    def forward(self, x, time):
        scale, shift = self.time(F.silu(time))[:, :, None, None].chunk(2, 1)
        y = self.first(F.silu(self.norm1(x)))
        return self.skip(x) + self.second(F.silu(self.norm2(y) * (1 + scale) + shift))


def windows(x, n):
    """[b,h,w,c] -> [b*windows,n*n,c]."""
    b, h, w, c = x.shape
    return x.view(b, h // n, n, w // n, n, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, n * n, c)


def unwindowed(x, n, b, h, w):
    return x.view(b, h // n, w // n, n, n, -1).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, -1)


class WindowAttention(nn.Module):
    """Attention within windows of n x n, shifted by half a window or not, with a learned position bias (Liu et al., 2021)."""

    def __init__(self, dim, heads, n=8, shifted=False):
        super().__init__()
        self.heads, self.n, self.shift = heads, n, n // 2 if shifted else 0
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.bias = nn.Parameter(torch.zeros((2 * n - 1) ** 2, heads))
        at = torch.stack(torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")).flatten(1)
        apart = at[:, :, None] - at[:, None, :] + n - 1
        self.register_buffer("index", (apart[0] * (2 * n - 1) + apart[1]).flatten())

    def mask(self, h, w):
        """Keeps apart what the roll brought together from opposite edges."""
        line = lambda size: (torch.arange(size) >= size - self.n).float() + (torch.arange(size) >= size - self.shift).float()
        region = windows((3 * line(h)[:, None] + line(w)[None, :]).view(1, h, w, 1), self.n).squeeze(-1)
        return -100.0 * (region[:, None, :] != region[:, :, None]).float()

    def forward(self, x):
        """[b,h,w,c]; h and w are multiples of n."""
        (b, h, w, c), n, s = x.shape, self.n, self.shift
        y = windows(torch.roll(x, (-s, -s), (1, 2)) if s else x, n)
        q, k, v = self.qkv(y).reshape(-1, n * n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1)
        scores = scores + self.bias[self.index].view(n * n, n * n, -1).permute(2, 0, 1)
        if s:
            mask = self.mask(h, w).to(scores.dtype)
            scores = (scores.view(b, -1, self.heads, n * n, n * n) + mask[None, :, None]).view(-1, self.heads, n * n, n * n)
        y = self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, n * n, c))
        y = unwindowed(y, n, b, h, w)
        return torch.roll(y, (s, s), (1, 2)) if s else y


class Unet(nn.Module):
    def __init__(self, latent, dim=48, deep=64, time=32):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(16, time), nn.SiLU(), nn.Linear(time, time))
        self.first, self.last = convolution(2 * latent, dim), convolution(dim, latent)
        self.fine = nn.ModuleList([TimeBlock(dim, dim, time) for _ in range(2)])
        self.down = nn.Conv2d(dim, deep, 3, 2, 1)
        self.coarse = nn.ModuleList([TimeBlock(deep, deep, time) for _ in range(2)])
        self.norm, self.attention = nn.LayerNorm(deep), WindowAttention(deep, 4)
        self.back = nn.ModuleList([TimeBlock(dim + deep, dim, time), TimeBlock(dim, dim, time)])
        self.end = nn.GroupNorm(8, dim)

    def forward(self, z, t):
        """z: state and condition side by side; t: [n], the step."""
        at = t[:, None] * torch.exp(-math.log(100) * torch.arange(8) / 8)
        time = self.embed(torch.cat([at.cos(), at.sin()], 1))
        y = self.first(z)
        for block in self.fine:
            y = block(y, time)
        deep = self.down(y)
        for block in self.coarse:
            deep = block(deep, time)
        deep = deep + self.attention(self.norm(deep.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        y = torch.cat([F.interpolate(deep, scale_factor=2, mode="nearest"), y], 1)
        for block in self.back:
            y = block(y, time)
        return self.last(F.silu(self.end(y)))


class Diffusion(nn.Module):
    """After SinSR (Wang et al., CVPR 2024) and ResShift (Yue et al., NeurIPS 2023): diffusion from the small picture's latents
    to the large one's, taken in one step; the latents are those of an autoencoder with a codebook. Sizes: multiples of 16."""

    STEPS = 4

    def __init__(self, latent=12, entries=512, code=4, dim=48):
        super().__init__()
        self.encoder = nn.Sequential(nn.PixelUnshuffle(4), convolution(48, dim), Residual(dim), Residual(dim), convolution(dim, latent, 1))
        self.codebook = Codebook(entries, code)
        self.decoder = nn.Sequential(convolution(latent, dim), *[Residual(dim) for _ in range(3)], convolution(dim, 48), nn.PixelShuffle(4))
        self.unet = Unet(latent, dim)
        # eta of ResShift: how far from the large picture (0) to the small one (1), and the noise that goes with it.
        self.register_buffer("eta", torch.linspace(math.sqrt(0.04), math.sqrt(0.99), self.STEPS) ** 2)
        self.noise = 0.5
        # One noise for all: the same picture gives the same result.
        self.register_buffer("still", torch.randn(1, latent, 64, 64, generator=torch.Generator().manual_seed(3)))

    def condition(self, x):
        return self.encoder(enlarged(x) - 0.5)

    def denoised(self, state, condition, t):
        """What the large picture's latents are, by one look at `state`; t: [n], whole numbers from 0."""
        return condition + self.unet(torch.cat([state, condition], 1), t.float())

    def one_step(self, x):
        condition = self.condition(x)
        rows, columns = torch.arange(condition.shape[2]) % 64, torch.arange(condition.shape[3]) % 64
        noise = self.still[:, :, rows][:, :, :, columns]
        last = torch.full((x.shape[0],), self.STEPS - 1)
        return self.denoised(condition + self.noise * self.eta[-1].sqrt() * noise, condition, last)

    def forward(self, x):
        return self.decoder(self.codebook(self.one_step(x))) + 0.5


class SwinBlock(nn.Module):
    def __init__(self, dim, heads, shifted):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = WindowAttention(dim, heads, shifted=shifted)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """After SwinIR (Liang et al., ICCVW 2021), with fewer layers. As there, nothing enlarged is added to the result. Sizes:
    multiples of 8."""

    def __init__(self, dim=48, heads=4, blocks=6):
        super().__init__()
        self.first, self.after, self.last = convolution(3, dim), convolution(dim, dim), convolution(dim, 48)
        self.blocks = nn.ModuleList([SwinBlock(dim, heads, k % 2 == 1) for k in range(blocks)])
        self.norm = nn.LayerNorm(dim)

    def forward(self, x):
        first = self.first(x - 0.5)
        y = first.permute(0, 2, 3, 1)
        for block in self.blocks:
            y = block(y)
        y = self.after(self.norm(y).permute(0, 3, 1, 2)) + first
        return F.pixel_shuffle(self.last(F.silu(y)), SCALE) + 0.5


FAMILIES = {"vq": VectorQuantised, "diffusion": Diffusion, "transformer": Transformer}
