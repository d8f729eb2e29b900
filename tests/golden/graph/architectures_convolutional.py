"""Convolutional networks of architectures.py's kind: the families that people use, at a size that tests can hold."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from architectures import ChannelNorm


def conv(inputs, outputs, size=3, groups=1):
    return nn.Conv2d(inputs, outputs, size, 1, size // 2, groups=groups)


# RCAN: Zhang et al., ECCV 2018: residual groups of blocks with channel attention, the mean picture taken off and put back.
class RCAN(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1))
        self.first, self.after, self.last = conv(3, dim), conv(dim, dim), conv(dim, 3)
        self.body = nn.ModuleList([nn.Sequential(conv(dim, dim), nn.ReLU(), conv(dim, dim)) for _ in range(2)])
        self.attention = nn.ModuleList(
            [
                nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(dim, 3, 1), nn.ReLU(), conv(3, dim, 1), nn.Sigmoid())
                for _ in range(2)
            ]
        )
        self.up = nn.Sequential(conv(dim, 4 * dim), nn.PixelShuffle(2))

    def forward(self, x):
        first = y = self.first(x - self.mean)
        for body, attention in zip(self.body, self.attention):
            z = body(y)
            y = y + z * attention(z)
        return self.last(self.up(first + self.after(y))) + self.mean


# MoSR: a network of the community, "Mamba out": gated blocks whose third part of channels a large kernel sees; of eight
# results the mean is shuffled to pixels.
class GatedConvolution(nn.Module):
    def __init__(self, dim, hidden, mixer):
        super().__init__()
        self.norm, self.into, self.out = ChannelNorm(dim), conv(dim, 2 * hidden), conv(hidden, dim)
        self.mixer, self.parts = mixer, [hidden, hidden - dim, dim]

    def forward(self, x):
        gate, kept, mixed = torch.split(self.into(self.norm(x)), self.parts, 1)
        return F.mish(self.out(F.mish(gate) * torch.cat((kept, self.mixer(mixed)), 1)))


class MoSR(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.first, self.block = conv(3, dim), GatedConvolution(dim, 6, conv(dim, dim, 7, dim))
        self.beside = nn.Sequential(conv(3, dim), nn.Mish(), conv(dim, dim), nn.Mish())
        self.eight = conv(dim, 8 * 12)

    def forward(self, x):
        y = self.first(x)
        y = self.eight(self.block(y) + (y - 0.5) + self.beside(x))
        return F.pixel_shuffle(y.reshape(y.shape[0], 8, -1, y.shape[-2], y.shape[-1]).mean(1), 2)


# MoESR: the same with kernels of four forms (Yu et al., InceptionNeXt, CVPR 2024), and blocks at half the size; odd sizes
# are padded by reflection and cut again.
class FourKernels(nn.Module):
    def __init__(self, part):
        super().__init__()
        self.part = part
        self.square = conv(part, part, 3, part)
        self.wide = nn.Conv2d(part, part, (1, 5), padding=(0, 2), groups=part)
        self.tall = nn.Conv2d(part, part, (5, 1), padding=(2, 0), groups=part)

    def forward(self, x):
        kept, a, b, c = torch.split(x, [x.shape[1] - 3 * self.part] + 3 * [self.part], 1)
        return torch.cat((kept, self.square(a), self.wide(b), self.tall(c)), 1)


class MoESR(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.first, self.block = conv(3, dim), GatedConvolution(dim, 10, FourKernels(2))
        self.gamma = nn.Parameter(torch.ones(1, dim, 1, 1))
        self.down = nn.Sequential(conv(dim, dim // 4), nn.PixelUnshuffle(2), nn.LeakyReLU(0.1))
        self.up = nn.Sequential(conv(dim, 4 * dim), nn.PixelShuffle(2), nn.LeakyReLU(0.1))
        self.last = nn.Sequential(conv(dim, 12), nn.PixelShuffle(2))

    def forward(self, x):
        h, w = x.shape[2:]
        y = first = self.first(F.pad(x, (0, w % 2, 0, h % 2), "reflect"))
        y = y + self.block(y) * self.gamma
        y = y + self.up(self.down(y))
        return self.last(y + first)[:, :, : 2 * h, : 2 * w]


# MIRNet: Zamir et al., ECCV 2020: attention to channels and to places, two sizes whose features a softmax chooses from.
class DualAttention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.body = nn.Sequential(conv(dim, dim), nn.PReLU(), conv(dim, dim))
        self.places = nn.Conv2d(2, 1, 5, 1, 2)
        self.channels = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(dim, 2, 1), nn.PReLU(), conv(2, dim, 1))
        self.join = conv(2 * dim, dim, 1)

    def forward(self, x):
        y = self.body(x)
        places = torch.cat((y.max(1, keepdim=True)[0], y.mean(1, keepdim=True)), 1)
        return x + self.join(torch.cat((y * self.places(places).sigmoid(), y * self.channels(y).sigmoid()), 1))


class MIRNet(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.first, self.last = conv(3, dim), conv(dim, 3)
        self.fine, self.coarse = DualAttention(dim), DualAttention(2 * dim)
        self.down = nn.Sequential(
            conv(dim, dim), nn.PReLU(), nn.AvgPool2d(3, 2, 1, count_include_pad=False), conv(dim, 2 * dim, 1)
        )
        self.up = nn.Sequential(
            conv(2 * dim, 2 * dim, 1), nn.PReLU(), nn.Upsample(scale_factor=2, mode="bilinear"), conv(2 * dim, dim, 1)
        )
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(dim, 2, 1), nn.PReLU())
        self.choose = nn.ModuleList([conv(2, dim, 1) for _ in range(2)])

    def forward(self, x):
        first = self.first(x)
        both = torch.stack((self.fine(first), self.up(self.coarse(self.down(first)))), 1)
        small = self.squeeze(both.sum(1))
        shares = torch.stack([choose(small) for choose in self.choose], 1).softmax(1)
        return x + self.last(first + (both * shares).sum(1))


# Real-CUGAN: bilibili, 2022: convolutions without padding, two U shapes, the second taking off what the first does wrong.
class SmallU(nn.Module):
    def __init__(self, inputs, last, dim=4):
        super().__init__()
        plain = lambda a, b, c: nn.Sequential(
            nn.Conv2d(a, b, 3), nn.LeakyReLU(0.1), nn.Conv2d(b, c, 3), nn.LeakyReLU(0.1)
        )
        self.conv1, self.conv2 = plain(inputs, dim, 2 * dim), plain(2 * dim, dim, 2 * dim)
        self.down = nn.Sequential(nn.Conv2d(2 * dim, 2 * dim, 2, 2), nn.LeakyReLU(0.1))
        self.up = nn.Sequential(nn.ConvTranspose2d(2 * dim, 2 * dim, 2, 2), nn.LeakyReLU(0.1))
        self.squeeze = nn.Sequential(conv(2 * dim, 2, 1), nn.ReLU(), conv(2, 2 * dim, 1))
        self.conv3, self.last = nn.Sequential(nn.Conv2d(2 * dim, dim, 3), nn.LeakyReLU(0.1)), last

    def forward(self, x):
        fine = self.conv1(x)
        coarse = self.conv2(self.down(fine))
        coarse = coarse * self.squeeze(coarse.mean((2, 3), keepdim=True)).sigmoid()
        return self.last(self.conv3(F.pad(fine, (-4, -4, -4, -4)) + self.up(coarse)))


class RealCUGAN(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.first = SmallU(3, nn.ConvTranspose2d(dim, 3, 4, 2, 3))
        self.second = SmallU(3, nn.Conv2d(dim, 3, 3))

    def forward(self, x):
        h, w = x.shape[2:]
        first = self.first(F.pad(x, (12, 12 + w % 2, 12, 12 + h % 2), "reflect"))
        return (F.pad(first, (-8, -8, -8, -8)) + self.second(first))[:, :, : 2 * h, : 2 * w]
