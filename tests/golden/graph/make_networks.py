"""Makes networks.json, adam.json and the .onnx files beside them: whole tiny networks with PyTorch's gradients.

    /usr/bin/python3 tests/golden/graph/make_networks.py          (torch 1.13, onnx 1.12, numpy)

Each network is written from the published description of its architecture, with random weights and a few thousand
parameters. Its gradients of sum(mask * |network(x) - target|) / size are computed in float64, for all parameters and
the input. It is exported twice: `folded` (opset 13, constants folded, fixed shape) and `plain` (opset 17, nothing
folded, height and width left open where the exporter can).

adam.json: ten steps of Adam and of SGD with momentum, gradients clipped by their global norm, in float64.
"""
import os
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F

from architectures import relative_index, to_windows
from golden_format import encode, write_json
from golden_networks import away_from_kinks, export, masked_l1, parameters_of_initializers

HERE = os.path.dirname(os.path.abspath(__file__))
warnings.filterwarnings("ignore")


# SRVGGNetCompact: Wang et al., Real-ESRGAN, ICCVW 2021.
class SRVGG(nn.Module):
    def __init__(self, features=8, convs=3, scale=2):
        super().__init__()
        self.scale = scale
        layers = [nn.Conv2d(3, features, 3, 1, 1), nn.PReLU(features)]
        for _ in range(convs):
            layers += [nn.Conv2d(features, features, 3, 1, 1), nn.PReLU(features)]
        self.body = nn.Sequential(*layers, nn.Conv2d(features, 3 * scale**2, 3, 1, 1))
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x):
        return self.shuffle(self.body(x)) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


# SPAN: Wan et al., Swift Parameter-free Attention Network, CVPRW 2024 (convolutions in their merged form).
class SPAB(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.c1 = nn.Conv2d(features, features, 3, 1, 1)
        self.c2 = nn.Conv2d(features, features, 3, 1, 1)
        self.c3 = nn.Conv2d(features, features, 3, 1, 1)

    def forward(self, x):
        first = self.c1(x)
        out = self.c3(F.silu(self.c2(F.silu(first))))
        attention = torch.sigmoid(out) - 0.5
        return (out + x) * attention, first


class SPAN(nn.Module):
    def __init__(self, features=6, scale=2):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4488, 0.4371, 0.4040]).reshape(1, 3, 1, 1))
        self.first = nn.Conv2d(3, features, 3, 1, 1)
        self.blocks = nn.ModuleList([SPAB(features) for _ in range(3)])
        self.last = nn.Conv2d(features, features, 3, 1, 1)
        self.merge = nn.Conv2d(4 * features, features, 1)
        self.up = nn.Sequential(nn.Conv2d(features, 3 * scale**2, 3, 1, 1), nn.PixelShuffle(scale))

    def forward(self, x):
        x = (x - self.mean) * 2.0
        feature = self.first(x)
        a, _ = self.blocks[0](feature)
        b, _ = self.blocks[1](a)
        c, c1 = self.blocks[2](b)
        return self.up(self.merge(torch.cat([feature, self.last(c), a, c1], 1)))


# EDSR: Lim et al., CVPRW 2017.
class EDSR(nn.Module):
    def __init__(self, features=8, blocks=2):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4488, 0.4371, 0.4040]).reshape(1, 3, 1, 1))
        self.head = nn.Conv2d(3, features, 3, 1, 1)
        self.body = nn.ModuleList(
            [
                nn.Sequential(
                    nn.Conv2d(features, features, 3, 1, 1), nn.ReLU(), nn.Conv2d(features, features, 3, 1, 1)
                )
                for _ in range(blocks)
            ]
        )
        self.end = nn.Conv2d(features, features, 3, 1, 1)
        self.up = nn.Sequential(nn.Conv2d(features, 4 * features, 3, 1, 1), nn.PixelShuffle(2))
        self.tail = nn.Conv2d(features, 3, 3, 1, 1)

    def forward(self, x):
        head = self.head(x - self.mean)
        y = head
        for block in self.body:
            y = y + 0.1 * block(y)
        return self.tail(self.up(self.end(y) + head)) + self.mean


# RRDBNet: Wang et al., ESRGAN, ECCVW 2018.
class DenseBlock(nn.Module):
    def __init__(self, features, growth):
        super().__init__()
        self.convs = nn.ModuleList(
            [nn.Conv2d(features + i * growth, growth if i < 4 else features, 3, 1, 1) for i in range(5)]
        )
        self.act = nn.LeakyReLU(0.2, inplace=False)

    def forward(self, x):
        parts = [x]
        for conv in self.convs[:4]:
            parts.append(self.act(conv(torch.cat(parts, 1))))
        return self.convs[4](torch.cat(parts, 1)) * 0.2 + x


class RRDB(nn.Module):
    def __init__(self, features=6, growth=4):
        super().__init__()
        self.first = nn.Conv2d(3, features, 3, 1, 1)
        self.dense = nn.ModuleList([DenseBlock(features, growth) for _ in range(2)])
        self.body = nn.Conv2d(features, features, 3, 1, 1)
        self.up = nn.Conv2d(features, features, 3, 1, 1)
        self.hr = nn.Conv2d(features, features, 3, 1, 1)
        self.last = nn.Conv2d(features, 3, 3, 1, 1)
        self.act = nn.LeakyReLU(0.2, inplace=False)

    def forward(self, x):
        first = self.first(x)
        y = first
        for block in self.dense:
            y = block(y)
        y = first + self.body(y * 0.2 + first)
        y = self.act(self.up(F.interpolate(y, scale_factor=2, mode="nearest")))
        return self.last(self.act(self.hr(y)))


# SwinIR: Liang et al., ICCVW 2021: window attention with relative position bias, every second block shifted.
class WindowBlock(nn.Module):
    def __init__(self, dim, heads, window, shift, size):
        super().__init__()
        self.dim, self.heads, self.window, self.shift = dim, heads, window, shift
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.fc1, self.fc2 = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)
        self.table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.register_buffer("index", relative_index(window))
        # Pixels that the roll brings together from opposite edges do not attend to each other.
        region = torch.zeros(1, size, size, 1)
        cuts = (slice(0, -window), slice(-window, -shift), slice(-shift, None)) if shift else ()
        for i, rows in enumerate(cuts):
            for j, columns in enumerate(cuts):
                region[:, rows, columns] = 3 * i + j
        groups = to_windows(region, window, window).squeeze(-1)
        self.register_buffer("mask", (groups[:, None, :] != groups[:, :, None]).float() * -100.0)

    def forward(self, x, size):
        h, w = size
        b, _, c = x.shape
        n = self.window
        shortcut = x
        x = self.norm1(x).view(b, h, w, c)
        if self.shift:
            x = torch.roll(x, (-self.shift, -self.shift), (1, 2))
        x = to_windows(x, n, n)
        many, length, _ = x.shape
        q, k, v = self.qkv(x).reshape(many, length, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        attention = (q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1)
        bias = self.table[self.index.view(-1)].view(length, length, self.heads).permute(2, 0, 1)
        attention = attention + bias.unsqueeze(0)
        if self.shift:
            count = self.mask.shape[0]
            attention = attention.view(many // count, count, self.heads, length, length) + self.mask[None, :, None]
            attention = attention.view(-1, self.heads, length, length)
        x = (attention.softmax(-1) @ v).transpose(1, 2).reshape(many, length, c)
        x = self.proj(x).view(b, h // n, w // n, n, n, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        if self.shift:
            x = torch.roll(x, (self.shift, self.shift), (1, 2))
        x = shortcut + x.view(b, h * w, c)
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class SwinIR(nn.Module):
    def __init__(self, dim=12, heads=2, window=4, size=8):
        super().__init__()
        self.first = nn.Conv2d(3, dim, 3, 1, 1)
        self.blocks = nn.ModuleList(
            [WindowBlock(dim, heads, window, 0, size), WindowBlock(dim, heads, window, window // 2, size)]
        )
        self.norm = nn.LayerNorm(dim)
        self.conv = nn.Conv2d(dim, dim, 3, 1, 1)
        self.up = nn.Sequential(nn.Conv2d(dim, 12, 3, 1, 1), nn.PixelShuffle(2))

    def forward(self, x):
        first = self.first(x)
        size = (first.shape[2], first.shape[3])
        y = first.flatten(2).transpose(1, 2)
        for block in self.blocks:
            y = block(y, size)
        y = self.norm(y).transpose(1, 2).reshape(first.shape)
        return self.up(self.conv(y) + first)


# SAFMN: Sun et al., Spatially-Adaptive Feature Modulation, ICCV 2023.
class SAFM(nn.Module):
    def __init__(self, dim, levels=3):
        super().__init__()
        part = dim // levels
        self.levels = levels
        self.depthwise = nn.ModuleList([nn.Conv2d(part, part, 3, 1, 1, groups=part) for _ in range(levels)])
        self.merge = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        h, w = x.shape[-2:]
        out = []
        for i, (part, conv) in enumerate(zip(x.chunk(self.levels, 1), self.depthwise)):
            if i:
                part = F.adaptive_max_pool2d(part, (int(h) // 2**i, int(w) // 2**i))
                out.append(F.interpolate(conv(part), size=(h, w), mode="nearest"))
            else:
                out.append(conv(part))
        return F.gelu(self.merge(torch.cat(out, 1))) * x


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of NCHW, written out."""

    def __init__(self, dim):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        return self.weight[:, None, None] * ((x - mean) / torch.sqrt(variance + 1e-6)) + self.bias[:, None, None]


class SAFMN(nn.Module):
    def __init__(self, dim=9, blocks=2):
        super().__init__()
        self.first = nn.Conv2d(3, dim, 3, 1, 1)
        self.blocks = nn.ModuleList(
            [
                nn.ModuleList(
                    [
                        ChannelNorm(dim),
                        SAFM(dim),
                        ChannelNorm(dim),
                        nn.Sequential(nn.Conv2d(dim, 2 * dim, 3, 1, 1), nn.GELU(), nn.Conv2d(2 * dim, dim, 1)),
                    ]
                )
                for _ in range(blocks)
            ]
        )
        self.up = nn.Sequential(nn.Conv2d(dim, 12, 3, 1, 1), nn.PixelShuffle(2))

    def forward(self, x):
        first = self.first(x)
        y = first
        for norm1, mix, norm2, channels in self.blocks:
            y = mix(norm1(y)) + y
            y = channels(norm2(y)) + y
        return self.up(y + first)


# PLKSR: Lee et al., Partial Large Kernel CNNs, 2024 (with the group norm of RealPLKSR).
class PLKBlock(nn.Module):
    def __init__(self, dim, part, kernel):
        super().__init__()
        self.part = part
        self.mix = nn.Sequential(nn.Conv2d(dim, 2 * dim, 3, 1, 1), nn.GELU(), nn.Conv2d(2 * dim, dim, 3, 1, 1))
        self.large = nn.Conv2d(part, part, kernel, 1, kernel // 2)
        self.attention = nn.Sequential(nn.Conv2d(dim, dim, 3, 1, 1), nn.Sigmoid())
        self.refine = nn.Conv2d(dim, dim, 1)
        self.norm = nn.GroupNorm(3, dim)

    def forward(self, x):
        y = self.mix(x)
        a, b = torch.split(y, [self.part, y.shape[1] - self.part], 1)
        y = torch.cat([self.large(a), b], 1)
        y = self.refine(y * self.attention(y))
        return self.norm(y) + x


class PLKSR(nn.Module):
    def __init__(self, dim=9, part=3, kernel=17, scale=2):
        super().__init__()
        self.scale = scale
        self.first = nn.Conv2d(3, dim, 3, 1, 1)
        self.blocks = nn.Sequential(PLKBlock(dim, part, kernel))
        self.last = nn.Conv2d(dim, 3 * scale**2, 3, 1, 1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x):
        repeated = torch.repeat_interleave(x, repeats=self.scale**2, dim=1)
        return self.shuffle(self.last(self.blocks(self.first(x))) + repeated)


# name: class, height and width of the input, seed, whether height and width may stay open in the plain export. Not where
# the network's own code or the exporter fixes them (repeat_interleave of open sizes is exported wrongly).
NETWORKS = {
    "srvgg": (SRVGG, (10, 12), 1, True),
    "span": (SPAN, (9, 10), 2, True),
    "edsr": (EDSR, (8, 10), 3, True),
    "rrdb": (RRDB, (8, 8), 4, True),
    "swinir": (SwinIR, (8, 8), 5, False),
    "safmn": (SAFMN, (8, 16), 6, False),
    "plksr": (PLKSR, (12, 10), 7, False),
}


def prepare(name):
    kind, size, seed, _ = NETWORKS[name]
    return away_from_kinks(name, kind, size, seed)


def without_strings(graph):
    for node in graph.node:
        node.ClearField("doc_string")


def export_variant(module, x, path, folded, open_size):
    options = {}
    if not folded and open_size:
        options["dynamic_axes"] = {"input": {2: "height", 3: "width"}, "output": {2: "out_height", 3: "out_width"}}
    opset = 13 if folded else 17
    return export(module, x, path, without_strings, opset_version=opset, do_constant_folding=folded, **options)


def network_case(name):
    module, x, target, mask, margin = prepare(name)
    x.requires_grad_(True)
    parameters = list(module.parameters())
    output = module(x)
    loss = masked_l1(output, target, mask)
    grads = torch.autograd.grad(loss, [x, *parameters])
    exports = {}
    for variant in ("folded", "plain"):
        path = f"{name}-{variant}.onnx"
        folded = variant == "folded"
        model = export_variant(module, x.detach(), os.path.join(HERE, path), folded, NETWORKS[name][3])
        # The exporter folds Gather, Reshape and Transpose of the position tables into constants.
        found = parameters_of_initializers(model, module, lambda name: folded and name.endswith(".table"))
        exports[variant] = {
            "file": path,
            "opset": model.opset_import[0].version,
            # initialiser -> [parameter, whether it is the transposed one]
            "parameters": found,
        }
        print(name, variant, os.path.getsize(os.path.join(HERE, path)), sorted({n.op_type for n in model.graph.node}))
    count = sum(p.numel() for p in parameters)
    print(name, count, "parameters, loss", loss.item(), "margin", margin)
    return {
        "name": name,
        "parameters": count,
        "exports": exports,
        "input": encode(x.detach().numpy()),
        "target": encode(target.numpy()),
        "mask": encode(mask.numpy()),
        "output": encode(output.detach().numpy()),
        "loss": loss.item(),
        "input gradient": encode(grads[0].numpy()),
        "gradients": {n: encode(g.numpy()) for (n, _), g in zip(module.named_parameters(), grads[1:])},
    }


def optimizer_case(name, make, options, clip, steps=10):
    module, x, target, mask, _ = prepare("srvgg")
    optimizer = make(module.parameters())
    result = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = masked_l1(module(x), target, mask)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(module.parameters(), clip)
        optimizer.step()
        weights = torch.cat([p.detach().reshape(-1) for p in module.parameters()])
        result.append({"loss": loss.item(), "gradient norm": norm.item(), "weights": encode(weights.numpy())})
        print(name, loss.item(), norm.item())
    return {
        "name": name,
        "network": "srvgg",
        "options": options,
        "clip norm": clip,
        "order": [n for n, _ in module.named_parameters()],
        "steps": result,
    }


if __name__ == "__main__":
    head = {"made by": "tests/golden/graph/make_networks.py", "torch": torch.__version__}
    write_json(os.path.join(HERE, "networks.json"), head, [network_case(name) for name in NETWORKS])
    adam = {"learning rate": 1e-3, "betas": [0.9, 0.99], "epsilon": 1e-8}
    sgd = {"learning rate": 0.02, "momentum": 0.9}
    write_json(
        os.path.join(HERE, "optimizers.json"),
        head,
        [
            optimizer_case(
                "adam", lambda p: torch.optim.Adam(p, lr=1e-3, betas=(0.9, 0.99), eps=1e-8), adam, clip=0.5
            ),
            optimizer_case("sgd", lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9), sgd, clip=0.5),
        ],
    )
