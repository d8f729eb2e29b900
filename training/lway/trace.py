"""Writes a PyTorch module as an ONNX graph by walking what it does (torch.fx): convolutions, PReLU, pixel shuffle,
nearest-neighbour enlargement, sums and concatenations. Initializers keep their state_dict names."""
import operator

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import fx

from .export import Graph


def upscaler(net, path, name, metadata):
    """lr [n,3,h,w] -> sr [n,3,s*h,s*w] of a network with `scale`."""
    g, known = Graph(name), {}
    modules = dict(net.named_modules())
    value = lambda x: known[x] if isinstance(x, fx.Node) else x
    for node in fx.Tracer().trace(net).nodes:
        x = [value(a) for a in node.args if not isinstance(a, (list, tuple))]
        options = {k: value(v) for k, v in node.kwargs.items()}
        if node.op == "placeholder":
            known[node] = "lr"
        elif node.op == "call_module":
            known[node] = _module(g, x[0], node.target, modules[node.target])
        elif node.op == "output":
            g.op("Identity", [x[0]], "sr")
        elif node.target in ("float", torch.Tensor.float):
            known[node] = x[0]
        elif node.target is F.pixel_shuffle:
            known[node] = g.op("DepthToSpace", [x[0]], node.name, blocksize=x[1], mode="CRD")
        elif node.target is F.interpolate and options.get("mode") == "nearest":
            s = options["scale_factor"]
            known[node] = g.op("Resize", [x[0], "", g.constant(f"{node.name}.scales", [1, 1, s, s])], node.name, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        elif node.target is F.leaky_relu:
            known[node] = g.leaky(x[0], node.name, x[1] if len(x) > 1 else options["negative_slope"])
        elif node.target is torch.cat:
            known[node] = g.op("Concat", [value(a) for a in node.args[0]], node.name, axis=node.args[1] if len(node.args) > 1 else options["dim"])
        elif node.target in _ARITHMETIC:
            inputs = [v if isinstance(v, str) else g.constant(f"{node.name}.{k}", v) for k, v in enumerate(x)]
            known[node] = g.op(_ARITHMETIC[node.target], inputs, node.name)
        else:
            raise NotImplementedError(f"{node.target} is not written as ONNX yet: add it to lway/trace.py")
    s = net.scale
    g.save(path, [("lr", ["n", 3, "h", "w"])], [("sr", ["n", 3, f"{s}*h", f"{s}*w"])], {**metadata, "scale": s})


_ARITHMETIC = {operator.add: "Add", torch.add: "Add", operator.sub: "Sub", operator.mul: "Mul", operator.truediv: "Div"}


def _module(g, x, name, module):
    if isinstance(module, nn.Conv2d) and module.padding_mode == "zeros":
        return g.conv(x, name, module)
    if isinstance(module, nn.PReLU):
        return g.op("PRelu", [x, g.weight(f"{name}.weight", module.weight[:, None, None])], f"{name}.out")
    if isinstance(module, nn.LeakyReLU):
        return g.leaky(x, f"{name}.out", module.negative_slope)
    if isinstance(module, nn.PixelShuffle):
        return g.op("DepthToSpace", [x], f"{name}.out", blocksize=module.upscale_factor, mode="CRD")
    raise NotImplementedError(f"{name} ({type(module).__name__}) is not written as ONNX yet: add it to lway/trace.py")
