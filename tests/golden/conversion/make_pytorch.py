"""Tiny networks of the community's families as files of weights, and what PyTorch makes of a picture with them.

    npx jest --selectProjects=unit --runTestsByPath tests/engine/conversion.test.ts   # checks them
    python3 tests/golden/conversion/make_pytorch.py                                   # makes them (torch, numpy)

The modules below are written from the papers and from the names that published files use; sizes are the smallest that
still have every part. Files are written by torch.save, in the present form and in that from before PyTorch 1.6, and as
.safetensors; the names of the weights are those of the forms that are in circulation.
"""

import torch
import torch.nn.functional as F
from torch import nn

from weights_files import case, safetensors, saved, write

torch.manual_seed(5)


class Dense(nn.Module):
    def __init__(self, channels, growth):
        super().__init__()
        for i in range(5):
            setattr(self, f"conv{i + 1}", nn.Conv2d(channels + i * growth, channels if i == 4 else growth, 3, 1, 1))

    def forward(self, x):
        parts = [x]
        for i in range(1, 5):
            parts.append(F.leaky_relu(getattr(self, f"conv{i}")(torch.cat(parts, 1)), 0.2))
        return self.conv5(torch.cat(parts, 1)) * 0.2 + x


class Block(nn.Module):
    def __init__(self, channels, growth):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (Dense(channels, growth) for _ in range(3))

    def forward(self, x):
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class Rrdb(nn.Module):
    """Names as in Real-ESRGAN; at x2 and x1 the picture is folded first and still enlarged four times."""

    def __init__(self, scale, channels=4, growth=1, blocks=1):
        super().__init__()
        self.fold = 4 // scale
        self.conv_first = nn.Conv2d(3 * self.fold**2, channels, 3, 1, 1)
        self.body = nn.Sequential(*(Block(channels, growth) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(channels, channels, 3, 1, 1)
        self.conv_up1 = nn.Conv2d(channels, channels, 3, 1, 1)
        self.conv_up2 = nn.Conv2d(channels, channels, 3, 1, 1)
        self.conv_hr = nn.Conv2d(channels, channels, 3, 1, 1)
        self.conv_last = nn.Conv2d(channels, 3, 3, 1, 1)

    def forward(self, x):
        x = self.conv_first(F.pixel_unshuffle(x, self.fold) if self.fold > 1 else x)
        x = x + self.conv_body(self.body(x))
        for up in (self.conv_up1, self.conv_up2):
            x = F.leaky_relu(up(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2))


def first_esrgan_names(state, blocks=1):
    """The same weights under the names of the first ESRGAN files: a sequence with numbers."""
    plain = {"conv_first": "model.0", "conv_body": f"model.1.sub.{blocks}", "conv_up1": "model.3", "conv_up2": "model.6"}
    plain |= {"conv_hr": "model.8", "conv_last": "model.10"}
    renamed = {}
    for key, value in state.items():
        module, kind = key.rsplit(".", 1)
        if module.startswith("body."):
            _, block, dense, conv = module.split(".")
            module = f"model.1.sub.{block}.{dense.upper()}.{conv}.0"
        else:
            module = plain[module]
        renamed[f"{module}.{kind}"] = value
    return renamed


def middle_esrgan_names(state):
    """The names of ESRGAN's second form, which BSRGAN kept."""
    plain = {"conv_body": "trunk_conv", "conv_up1": "upconv1", "conv_up2": "upconv2", "conv_hr": "HRconv"}
    renamed = {}
    for key, value in state.items():
        module, kind = key.rsplit(".", 1)
        if module.startswith("body."):
            _, block, dense, conv = module.split(".")
            module = f"RRDB_trunk.{block}.{dense.upper()}.{conv}"
        renamed[f"{plain.get(module, module)}.{kind}"] = value
    return renamed


class Compact(nn.Module):
    def __init__(self, scale, channels=6, layers=2):
        super().__init__()
        self.scale = scale
        body = [nn.Conv2d(3, channels, 3, 1, 1), nn.PReLU(channels)]
        for _ in range(layers):
            body += [nn.Conv2d(channels, channels, 3, 1, 1), nn.PReLU(channels)]
        self.body = nn.ModuleList([*body, nn.Conv2d(channels, 3 * scale**2, 3, 1, 1)])

    def forward(self, x):
        y = x
        for layer in self.body:
            y = layer(y)
        return F.pixel_shuffle(y, self.scale) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


class Reparametrised(nn.Module):
    """SPAN's convolution while it is trained: the three in a row and the one beside them, not folded."""

    def __init__(self, inputs, outputs, gain=2):
        super().__init__()
        self.sk = nn.Conv2d(inputs, outputs, 1)
        wide = outputs * gain
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, inputs * gain, 1), nn.Conv2d(inputs * gain, wide, 3), nn.Conv2d(wide, outputs, 1)
        )
        self.eval_conv = nn.Conv2d(inputs, outputs, 3, 1, 1)

    def forward(self, x):
        return self.conv(F.pad(x, (1, 1, 1, 1))) + self.sk(x)


class SpanBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.c1_r, self.c2_r, self.c3_r = (Reparametrised(channels, channels) for _ in range(3))

    def forward(self, x):
        first = self.c1_r(x)
        third = self.c3_r(F.silu(self.c2_r(F.silu(first))))
        return (third + x) * (torch.sigmoid(third) - 0.5), first


class Span(nn.Module):
    def __init__(self, scale, channels=2, norm=True):
        super().__init__()
        self.scale = scale
        if not norm:
            self.register_buffer("no_norm", torch.zeros(1))
        self.norm = norm
        self.conv_1 = Reparametrised(3, channels)
        for i in range(1, 7):
            setattr(self, f"block_{i}", SpanBlock(channels))
        self.conv_cat = nn.Conv2d(4 * channels, channels, 1)
        self.conv_2 = Reparametrised(channels, channels)
        self.upsampler = nn.Sequential(nn.Conv2d(channels, 3 * scale**2, 3, 1, 1))

    def forward(self, x):
        if self.norm:
            x = (x - torch.tensor([0.4488, 0.4371, 0.404], dtype=x.dtype).view(1, 3, 1, 1)) * 255
        features = self.conv_1(x)
        one, _ = self.block_1(features)
        y = one
        for i in range(2, 6):
            y, _ = getattr(self, f"block_{i}")(y)
        y, inner = self.block_6(y)
        y = self.conv_cat(torch.cat([features, self.conv_2(y), one, inner], 1))
        return F.pixel_shuffle(self.upsampler(y), self.scale)


class ChannelNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(dim) + 0.5)
        self.bias = nn.Parameter(torch.randn(dim) * 0.1)

    def forward(self, x):
        variance, mean = torch.var_mean(x, 1, keepdim=True, unbiased=False)
        unit = (x - mean) / torch.sqrt(variance + 1e-6)
        return unit * self.weight.view(-1, 1, 1) + self.bias.view(-1, 1, 1)


class PlkBlock(nn.Module):
    def __init__(self, dim, kernel, part, attention, layer_norm):
        super().__init__()
        if layer_norm:
            self.layer_norm = ChannelNorm(dim)
        self.channel_mixer = nn.Sequential(nn.Conv2d(dim, 2 * dim, 3, 1, 1), nn.Mish(), nn.Conv2d(2 * dim, dim, 3, 1, 1))
        self.lk = nn.Module()
        self.lk.conv = nn.Conv2d(part, part, kernel, 1, kernel // 2)
        if attention:
            self.attn = nn.Module()
            self.attn.f = nn.Sequential(nn.Conv2d(dim, dim, 3, 1, 1), nn.Sigmoid())
        self.refine = nn.Conv2d(dim, dim, 1)
        if not layer_norm:
            self.norm = nn.GroupNorm(4, dim)
            nn.init.uniform_(self.norm.weight, 0.5, 1.5)
            nn.init.uniform_(self.norm.bias, -0.1, 0.1)
        self.part, self.layer, self.attention = part, layer_norm, attention

    def forward(self, x):
        y = self.channel_mixer(self.layer_norm(x) if self.layer else x)
        y = torch.cat([self.lk.conv(y[:, : self.part]), y[:, self.part :]], 1)
        y = self.refine(y * self.attn.f(y) if self.attention else y)
        return x + (y if self.layer else self.norm(y))


class RealPlksr(nn.Module):
    def __init__(self, scale, dim=8, blocks=1, kernel=5, attention=True, layer_norm=False):
        super().__init__()
        self.scale = scale
        self.feats = nn.Sequential(
            nn.Conv2d(3, dim, 3, 1, 1),
            *(PlkBlock(dim, kernel, dim // 4, attention, layer_norm) for _ in range(blocks)),
            nn.Dropout2d(0),
            nn.Conv2d(dim, 3 * scale**2, 3, 1, 1),
        )

    def forward(self, x):
        return F.pixel_shuffle(self.feats(x) + x.repeat_interleave(self.scale**2, 1), self.scale)


case("ESRGAN x4, Real-ESRGAN's names, in params_ema", "real.pth",
     lambda s: saved({"params": {"wrong": torch.zeros(1)}, "params_ema": s}), Rrdb(4), "ESRGAN", 4)
case("ESRGAN x2, folded", "folded.pth", lambda s: saved({"params": s}), Rrdb(2), "ESRGAN", 2)
case("ESRGAN x4, the first names, from before PyTorch 1.6", "first.pth",
     lambda s: saved(first_esrgan_names(s), legacy=True), Rrdb(4), "ESRGAN", 4)
case("ESRGAN x4, the second names, half precision", "second.safetensors",
     lambda s: safetensors(middle_esrgan_names(s)), Rrdb(4), "ESRGAN", 4, half=True)
case("Compact x3, with module. before all names and an optimizer beside", "compact.pth",
     lambda s: saved({"model_state_dict": {f"module.{k}": v for k, v in s.items()}, "epoch": 3,
                      "optimizer": {"lr": 1e-4, "betas": (0.9, 0.99)}}), Compact(3), "Compact", 3)
case("Compact x1, half precision, views of one storage", "views.pth",
     lambda s: saved({k: torch.stack([v, v])[1].transpose(0, -1).contiguous().transpose(0, -1) for k, v in s.items()}),
     Compact(1), "Compact", 1, half=True)
case("SPAN x2", "span.safetensors", safetensors, Span(2), "SPAN", 2)
case("SPAN x4 without the mean", "span.pth", lambda s: saved({"params": s}, legacy=True), Span(4, norm=False), "SPAN", 4)
case("RealPLKSR x4", "realplksr.pth", lambda s: saved(s), RealPlksr(4), "RealPLKSR", 4)
case("RealPLKSR x2, layer normalisation, no attention", "layernorm.safetensors", safetensors,
     RealPlksr(2, attention=False, layer_norm=True), "RealPLKSR", 2)

write("pytorch.json")
