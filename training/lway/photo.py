"""The quality network: Real-ESRGAN general's graph (SRVGGNetCompact, Wang et al. 2021), 64 features and 32 inner convolutions."""
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F

from . import metrics, networks, weights


class PhotoNetwork(nn.Module):
    """lr [n,3,h,w] 0..1 -> sr [n,3,4h,4w]: 3x3 convolutions with PReLU at LR size, then one pixel shuffle on top of the
    nearest-neighbour enlargement. Keys are `convs.N.weight`, `convs.N.bias`, `acts.N.weight`."""

    def __init__(self, width=64, depth=32, scale=4):
        super().__init__()
        self.scale = scale
        widths = [3] + [width] * (depth + 1)
        self.convs = nn.ModuleList([nn.Conv2d(a, b, 3, 1, 1) for a, b in zip(widths, widths[1:] + [3 * scale * scale])])
        self.acts = nn.ModuleList([nn.PReLU(width) for _ in range(depth + 1)])

    def forward(self, x):
        f = x
        for conv, act in zip(self.convs, self.acts):
            f = act(conv(f))
        return F.pixel_shuffle(self.convs[-1](f).float(), self.scale) + F.interpolate(x, scale_factor=self.scale, mode="nearest")

    def receptive_field(self):
        """Radius in LR pixels: one per 3x3 convolution."""
        return len(self.convs)


def from_onnx(path):
    """The network whose weights an ONNX file holds: of this graph, in the order of its nodes, or a SuperResolver of ours."""
    graph, values = onnx.load(path).graph, metrics.initializers(path)
    if "head.weight" in values:
        return _of_ours({k: v for k, v in values.items() if v.is_floating_point()})
    convs = [n for n in graph.node if n.op_type == "Conv"]
    slopes = [values[n.input[1]].flatten() for n in graph.node if n.op_type == "PRelu"]
    last = values[convs[-1].input[1]]
    net = PhotoNetwork(last.shape[1], len(convs) - 2, round((last.shape[0] / 3) ** 0.5))
    state = {f"acts.{k}.weight": s for k, s in enumerate(slopes)}
    for k, n in enumerate(convs):
        state[f"convs.{k}.weight"], state[f"convs.{k}.bias"] = values[n.input[1]], values[n.input[2]]
    net.load_state_dict(state)
    return net


def blend(a, b, share):
    """Weights between two networks of this graph: (1 - share) * a + share * b, as a state_dict. Shares beyond 0..1 go on
    along the same line (deep network interpolation, Wang et al. 2019)."""
    return {k: v + share * (b[k] - v) for k, v in a.items()}


def _of_ours(state):
    blocks = len([k for k in state if k.startswith("body.") and k.endswith(".a.weight")])
    net = networks.SuperResolver(round((state["tail.weight"].shape[0] / 3) ** 0.5), state["head.weight"].shape[0], blocks)
    net.load_state_dict({k: state[k] for k in net.state_dict()})
    return net


def from_state(state):
    """The network of a state_dict, whichever of the two graphs it is."""
    if "head.weight" in state:
        return _of_ours(state)
    convs = [v for k, v in state.items() if k.startswith("convs.") and k.endswith(".weight")]
    net = PhotoNetwork(convs[-1].shape[1], len(convs) - 2, round((convs[-1].shape[0] / 3) ** 0.5))
    net.load_state_dict(state)
    return net


def at_scale(net, scale):
    """The x4 network itself, or the x2 one that gives the area average of its result: the last convolution averaged over
    2x2 blocks (weights.halve_tail), exact because the nearest-neighbour skip averages to itself."""
    if net.scale == scale:
        return net
    if (net.scale, scale) != (4, 2):
        raise ValueError(f"A x{net.scale} network cannot be made one of x{scale}.")
    state = net.state_dict()
    last = "tail" if "tail.weight" in state else f"convs.{len(net.convs) - 1}"
    tail = {f"tail.{k}": state[f"{last}.{k}"] for k in ("weight", "bias")}
    weights.halve_tail(tail)
    return from_state({**state, **{f"{last}.{k}": tail[f"tail.{k}"] for k in ("weight", "bias")}})


def load(path, which="ema"):
    """The network of an ONNX file or of a checkpoint of train_photo.py."""
    if path.endswith(".onnx"):
        return from_onnx(path)
    return from_state(torch.load(path, map_location="cpu", weights_only=False)[which])
