"""The networks, as trained. `export.py` writes the same graphs in ONNX by hand.

SR (x4, x2): plain residual network on the LR grid, nearest-neighbour skip, PixelShuffle.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

SLOPE = 0.1


class SuperResolver(nn.Module):
    """lr [n,3,h,w] -> sr [n,3,scale*h,scale*w].

    conv -> `blocks` residual blocks (conv, LeakyReLU, conv, add) -> conv + long skip -> LeakyReLU -> conv -> PixelShuffle,
    added to the nearest-neighbour enlarged input. No normalisation, nothing global: tiles are exact."""

    def __init__(self, scale=4, width=48, blocks=8):
        super().__init__()
        self.scale, self.width, self.blocks = scale, width, blocks
        self.head = nn.Conv2d(3, width, 3, 1, 1)
        self.body = nn.ModuleList()
        for _ in range(blocks):
            a, b = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
            nn.init.kaiming_normal_(a.weight, SLOPE)
            nn.init.kaiming_normal_(b.weight, SLOPE)
            # blocks start small, so that the depth costs the first steps nothing
            b.weight.data.mul_(0.1)
            nn.init.zeros_(a.bias)
            nn.init.zeros_(b.bias)
            self.body.append(nn.ModuleDict({"a": a, "b": b}))
        self.tail = nn.Conv2d(width, 3 * scale * scale, 3, 1, 1)
        # step 0 is the nearest-neighbour enlargement exactly
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)

    def forward(self, x):
        # centred input: the first convolution need not learn away the mean
        f = self.head(x - 0.5)
        for block in self.body:
            f = f + block["b"](F.leaky_relu(block["a"](f), SLOPE))
        y = self.tail(F.leaky_relu(f, SLOPE))
        return F.pixel_shuffle(y.float(), self.scale) + F.interpolate(x, scale_factor=self.scale, mode="nearest")

    def receptive_field(self):
        """Radius in LR pixels: one per 3x3 convolution on the path."""
        return 2 + 2 * self.blocks


def space_to_depth(x, block):
    """ONNX SpaceToDepth: channel (by * block + bx) * C + c."""
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // block, block, w // block, block)
    return x.permute(0, 3, 5, 1, 2, 4).reshape(n, block * block * c, h // block, w // block)


class Encoder(nn.Module):
    """lr [n,3,h,w], sides of 16 or more -> embedding [n,512] of the degradation.

    Sees the picture and its high-pass residual, amplified. Pools mean and log standard deviation over the picture from
    five depths: blur, noise and compression show in low-level statistics, and in ratios (differences of logarithms) of
    the energy of bands rather than in the energy itself, which depends on the subject. Beside them `HEADS` weighted means
    of the last map, whose weights it says itself, since only some places tell: an edge tells the blur, a flat spot the
    noise."""

    GAIN = 12.0
    POOLED = (0, 1, 3, 5, 6)
    HEADS, VALUES = 8, 128

    def __init__(self, embedding=512, high_pass=True):
        super().__init__()
        self.high_pass = high_pass
        # fixed: 2 (x - 0.5) and GAIN (x - mean of 3x3), both over the inner pixels only, so no border is invented
        w = torch.zeros(6, 3, 3, 3)
        for c in range(3):
            w[c, c, 1, 1] = 2
            w[3 + c, c] = -self.GAIN / 9
            w[3 + c, c, 1, 1] += self.GAIN
        if not high_pass:
            w[3:] = w[:3]
        self.register_buffer("input_weight", w)
        self.register_buffer("input_bias", torch.tensor([-1.0, -1.0, -1.0, 0, 0, 0]) if high_pass else torch.full((6,), -1.0))
        plan = [(6, 32, 1), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 192, 2)]
        self.convs = nn.ModuleList([nn.Conv2d(a, b, 3, s, 1) for a, b, s in plan])
        for c in self.convs:
            nn.init.kaiming_normal_(c.weight, SLOPE)
            nn.init.zeros_(c.bias)
        self.gate, self.value = nn.Conv2d(plan[-1][1], self.HEADS, 1), nn.Conv2d(plan[-1][1], self.VALUES, 1)
        self.hidden, self.out = nn.Linear(2 * sum(plan[k][1] for k in self.POOLED) + self.VALUES, 384), nn.Linear(384, embedding)

    def statistics(self, x):
        f, pooled = F.conv2d(x, self.input_weight, self.input_bias), []
        for k, c in enumerate(self.convs):
            f = F.leaky_relu(c(f), SLOPE)
            if k in self.POOLED:
                g = f.float()
                mean = g.mean([2, 3], keepdim=True)
                variance = ((g - mean) ** 2).mean([2, 3], keepdim=True)
                pooled += [mean, torch.log(variance + 1e-5) * 0.5]
        weight = torch.exp(torch.clamp(self.gate(f).float(), -8, 8))
        value = self.value(f).float()
        n, _, h, w = value.shape
        value = value.reshape(n, self.HEADS, -1, h, w) * weight[:, :, None]
        told = value.mean([3, 4]) / weight.mean([2, 3])[:, :, None]
        return torch.cat([torch.cat(pooled, 1).flatten(1), told.flatten(1)], 1)

    def forward(self, x):
        return self.out(F.leaky_relu(self.hidden(self.statistics(x)), SLOPE)).float()

    @torch.no_grad()
    def calibrate(self, x):
        """Start of the head from pictures x [n,3,h,w]: statistics brought to mean 0 and deviation 1 (folded into the
        weights), embedding likewise. Without it the part common to all pictures hides the differences for long."""
        t = self.statistics(x)
        mean, std = t.mean(0), t.std(0) + 1e-3
        nn.init.kaiming_normal_(self.hidden.weight, SLOPE)
        self.hidden.weight.div_(std[None])
        self.hidden.bias.copy_(-self.hidden.weight @ mean)
        nn.init.kaiming_normal_(self.out.weight, SLOPE)
        nn.init.zeros_(self.out.bias)
        e = self.out(F.leaky_relu(self.hidden(t), SLOPE))
        self.out.weight.div_(e.std())
        self.out.bias.copy_(-e.mean(0) / e.std())


class ModulatedConv(nn.Module):
    """3x3 convolution, input channels scaled by the embedding, output demodulated (StyleGAN2, Karras et al. 2020)."""

    def __init__(self, channels, embedding):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, channels, 3, 3) / (9 * channels) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.style = nn.Linear(embedding, channels)
        nn.init.normal_(self.style.weight, std=0.5 / embedding ** 0.5)
        nn.init.ones_(self.style.bias)

    def scales(self, e):
        """(scale per input channel, scale per output channel), each [n,c]."""
        s = self.style(e).float()
        return s, torch.rsqrt(s ** 2 @ (self.weight.float() ** 2).sum([2, 3]).T + 1e-6)

    def forward(self, x, e):
        s, d = self.scales(e)
        y = F.conv2d(x * s[:, :, None, None].to(x.dtype), self.weight, padding=1)
        return y * d[:, :, None, None].to(y.dtype) + self.bias[None, :, None, None].to(y.dtype)


class Reconstructor(nn.Module):
    """hr [n,3,4h,4w], embedding [n,512] -> lr [n,3,h,w], all on the LR grid.

    lr = area(hr) + linear(hr, e) + rest(hr, e).
    `linear`: one blur-and-downscale kernel per embedding, a mixture of `kernels` learned zero-mean kernels of 20x20 HR
    pixels (x4), the same for the three colours. Being linear in hr it cannot forgive errors of contrast in hr.
    `rest`: a small residual network of modulated convolutions for what is not linear (clipping, compression); its 9x9
    means are removed. So the low frequencies are those of area downscaling."""

    def __init__(self, scale=4, width=48, blocks=3, kernels=24, embedding=512):
        super().__init__()
        self.scale, self.kernels = scale, kernels
        self.basis = nn.Parameter(torch.randn(kernels, 5 * scale, 5 * scale) * 0.01)
        self.mix = nn.Linear(embedding, kernels)
        self.first = nn.Conv2d(3 * scale * scale, width, 3, 1, 1)
        self.seen = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.modulated = nn.ModuleList([ModulatedConv(width, embedding) for _ in range(blocks)])
        self.plain = nn.ModuleList([nn.Conv2d(width, width, 3, 1, 1) for _ in range(blocks)])
        self.last = nn.Conv2d(width, 3, 3, 1, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)
        self.register_buffer("box", torch.full((1, 1, 9, 9), 1 / 81))

    def kernel_weight(self):
        """[kernels, scale^2, 5, 5]: the zero-mean basis on the LR grid, phases as channels (by * scale + bx)."""
        b, s = self.basis - self.basis.mean([1, 2], keepdim=True), self.scale
        return b.reshape(-1, 5, s, 5, s).permute(0, 2, 4, 1, 3).reshape(-1, s * s, 5, 5)

    def linear(self, hr, e):
        n, _, h, w = hr.shape
        x = space_to_depth(hr.reshape(3 * n, 1, h, w), self.scale)
        y = F.conv2d(x, self.kernel_weight(), padding=2)
        y = y.reshape(n, 3, self.kernels, h // self.scale, w // self.scale)
        return (y.float() * self.mix(e).float()[:, None, :, None, None]).sum(2)

    def forward(self, hr, e):
        c = hr - 0.5
        low = F.avg_pool2d(hr, self.scale) + self.linear(c, e)
        x = self.first(space_to_depth(c, self.scale)) + self.seen(low - 0.5)
        for m, p in zip(self.modulated, self.plain):
            x = x + p(F.leaky_relu(m(x, e), SLOPE))
        z = self.last(x).float()
        n, _, h, w = z.shape
        z = z - F.conv2d(z.reshape(3 * n, 1, h, w), self.box, padding=4).reshape(n, 3, h, w)
        return low + z


class FullSizeReconstructor(nn.Module):
    """hr [n,3,4h,4w], embedding [n,512] -> lr enlarged to [n,3,4h,4w]: the form of the paper (LWay, CVPR 2024), on the HR
    grid. For comparison with Reconstructor; about three times its cost."""

    def __init__(self, width=24, blocks=3, embedding=512):
        super().__init__()
        self.first = nn.Conv2d(3, width, 3, 1, 1)
        self.modulated = nn.ModuleList([ModulatedConv(width, embedding) for _ in range(blocks)])
        self.plain = nn.ModuleList([nn.Conv2d(width, width, 3, 1, 1) for _ in range(blocks)])
        self.last = nn.Conv2d(width, 3, 3, 1, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, hr, e):
        x = self.first(hr - 0.5)
        for m, p in zip(self.modulated, self.plain):
            x = x + p(F.leaky_relu(m(x, e), SLOPE))
        return hr + self.last(x).float()


class Critic(nn.Module):
    """Discriminator: heads on the unit-normalised maps of the frozen feature network, and one small trained branch on the
    picture itself (its high-pass residual beside it), which sees the textures that the feature network was never asked to
    tell apart. (maps, pictures [n,3,h,w]) -> one map of logits each."""

    GAIN = 4.0

    def __init__(self, channels, width=32):
        super().__init__()
        self.heads = nn.ModuleList([nn.Sequential(nn.Conv2d(c, width, 3, 1, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, width, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, 1, 1)) for c in channels])
        norm = nn.utils.spectral_norm
        layers = [norm(nn.Conv2d(6, width, 4, 2, 1)), nn.LeakyReLU(0.2), norm(nn.Conv2d(width, 2 * width, 4, 2, 1)), nn.LeakyReLU(0.2), norm(nn.Conv2d(2 * width, 2 * width, 3, 1, 1)), nn.LeakyReLU(0.2), nn.Conv2d(2 * width, 1, 3, 1, 1)]
        self.pixels = nn.Sequential(*layers)

    def forward(self, maps, picture):
        high = picture - F.avg_pool2d(picture, 5, 1, 2, count_include_pad=False)
        return [*(h(m * m.shape[1] ** 0.5) for h, m in zip(self.heads, maps)), self.pixels(torch.cat([2 * picture - 1, self.GAIN * high], 1))]


def parameters(net):
    return sum(p.numel() for p in net.parameters())
