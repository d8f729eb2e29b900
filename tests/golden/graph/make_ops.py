"""Makes ops.json: one or more ONNX models per op, with forward values and gradients from PyTorch in float64.

    python3 tests/golden/graph/make_ops.py

Any Python 3.9 or newer with `pip install torch onnx numpy`; PyTorch 2.15 and onnx 1.23 wrote the file last. Each case is
one line of it, and draws its numbers by its own name: only what was added or changed shows in `git diff`. Should other
lines change too, another version computes their last digit differently: keep the old ones.

Each case holds an ONNX model of one node (a few hold two or three), its inputs, a random cotangent per output, the
outputs, and the gradient of sum(output * cotangent) for each differentiable input. Inputs lie away from kinks (zeros
of Relu, bounds of Clip, ties of MaxPool), so that the gradient exists and float32 stays on the same side of it.

The forward values come from the PyTorch emulation below as well; the test compares them with ONNX Runtime's, so a
wrong reading of the ONNX operator specification (https://onnx.ai/onnx/operators/) shows up there.
"""
import math
import os
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from onnx import helper

from golden_format import base64_model, encode, make_model, write_json

HERE = os.path.dirname(os.path.abspath(__file__))
cases = []


class Values:
    """Random float32 values, seeded by the case's name: adding a case leaves all others as they were."""

    def __init__(self, name):
        self.random = np.random.default_rng(zlib.crc32(name.encode()))

    def normal(self, *shape, scale=1.0):
        return (self.random.standard_normal(shape) * scale).astype(np.float32)

    def uniform(self, *shape, low=0.0, high=1.0):
        return self.random.uniform(low, high, shape).astype(np.float32)

    def off(self, *shape, points=(0.0,), gap=0.08, scale=1.0):
        """Normal values, each at least `gap` from every one of `points`."""
        x = self.random.standard_normal(shape) * scale
        for point in points:
            near = np.abs(x - point) < gap
            x = np.where(near, point + np.where(x >= point, gap, -gap) * (1 + self.random.uniform(0, 0.5, shape)), x)
        return x.astype(np.float32)

    def distinct(self, *shape, spread=2.0):
        """No two values closer than spread / size."""
        size = int(np.prod(shape))
        x = (self.random.permutation(size) + 0.3 * self.random.uniform(0, 1, size)) / size
        return ((x - 0.5) * 2 * spread).reshape(shape).astype(np.float32)


def case(op, title, inputs, reference, *, attributes=None, constants=None, fixed=None, order=None, opset=13,
         outputs=1, nodes=None, used=None):
    """Adds a case.

    inputs      differentiable float inputs: name -> function of Values, or array
    fixed       inputs that are fed but carry no gradient (a condition, say)
    constants   initialisers: name -> array
    order       the node's input names ('' for an absent one); default: inputs, fixed, constants in this order
    reference   float64 tensors (inputs, then fixed) -> output tensor(s), in PyTorch
    nodes       replaces the single node
    used        indices of the outputs that the gradient flows into; default: all
    """
    name = f"{op}: {title}"
    values = Values(name)
    arrays = {key: (value(values) if callable(value) else value) for key, value in inputs.items()}
    fixed = {key: (value(values) if callable(value) else value) for key, value in (fixed or {}).items()}
    constants = constants or {}
    tensors = {key: torch.tensor(array.astype(np.float64), requires_grad=True) for key, array in arrays.items()}
    result = reference(*tensors.values(), *[torch.tensor(array) for array in fixed.values()])
    result = result if isinstance(result, (tuple, list)) else (result,)
    assert len(result) == outputs, name
    names = [f"y{i}" if outputs > 1 else "y" for i in range(outputs)]
    used = list(range(outputs)) if used is None else used
    cotangents = [values.normal(*value.shape) if i in used else None for i, value in enumerate(result)]
    total = sum((result[i] * torch.tensor(cotangents[i].astype(np.float64))).sum() for i in used)
    grads = torch.autograd.grad(total, list(tensors.values()), allow_unused=True) if total.requires_grad else [None] * len(tensors)
    grads = [torch.zeros_like(t) if g is None else g for t, g in zip(tensors.values(), grads)]
    assert all(torch.isfinite(g).all() for g in grads), name
    forward = [value.detach().numpy().astype(np.float32 if value.is_floating_point() else np.int64) for value in result]
    if nodes is None:
        order = order if order is not None else [*arrays, *fixed, *constants]
        nodes = [helper.make_node(op, order, names, name="node", **(attributes or {}))]
    model = make_model(nodes, {**arrays, **fixed}, constants, dict(zip(names, forward)), opset)
    cases.append({
        "op": op,
        "name": title,
        "model": base64_model(model),
        "inputs": {key: encode(array) for key, array in {**arrays, **fixed}.items()},
        "outputs": {n: encode(v) for n, v in zip(names, forward) if v.dtype == np.float32},
        "cotangents": {names[i]: encode(cotangents[i]) for i in used},
        "gradients": {key: encode(g.numpy()) for key, g in zip(tensors, grads)},
    })


def i64(*values):
    return np.array(values, dtype=np.int64)


def f32(value):
    return np.array(value, dtype=np.float32)


def normal(*shape, scale=1.0):
    return lambda v: v.normal(*shape, scale=scale)


def off(*shape, **options):
    return lambda v: v.off(*shape, **options)


def uniform(*shape, low=0.0, high=1.0):
    return lambda v: v.uniform(*shape, low=low, high=high)


def distinct(*shape, **options):
    return lambda v: v.distinct(*shape, **options)


# ---------------------------------------------------------------------------------------------- element-wise, unary
def unary(op, reference, title="3-D", inputs=None, opset=13, **attributes):
    case(op, title, {"x": inputs or normal(2, 3, 5)}, reference, attributes=attributes, opset=opset)


unary("Neg", lambda x: -x)
unary("Abs", torch.abs, inputs=off(2, 3, 5))
unary("Sign", torch.sign, inputs=off(2, 3, 5))
unary("Sqrt", torch.sqrt, inputs=uniform(2, 3, 5, low=0.2, high=3))
unary("Exp", torch.exp)
unary("Log", torch.log, inputs=uniform(2, 3, 5, low=0.2, high=3))
unary("Reciprocal", torch.reciprocal, inputs=off(2, 3, 5, gap=0.3))
unary("Sin", torch.sin)
unary("Cos", torch.cos)
unary("Relu", torch.relu, inputs=off(2, 3, 5))
unary("LeakyRelu", lambda x: F.leaky_relu(x, 0.01), "default slope", off(2, 3, 5))
unary("LeakyRelu", lambda x: F.leaky_relu(x, 0.2), "slope 0.2", off(1, 4, 3, 3), alpha=0.2)
unary("Elu", F.elu, "default", off(2, 3, 5))
unary("Elu", lambda x: F.elu(x, alpha=0.7), "alpha 0.7", off(2, 3, 5), alpha=0.7)
unary("Sigmoid", torch.sigmoid)
unary("Sigmoid", torch.sigmoid, "large arguments", normal(2, 3, 5, scale=20))
unary("HardSigmoid", lambda x: torch.clamp(0.2 * x + 0.5, 0, 1), "default",
      off(3, 3, 5, points=(-2.5, 2.5), scale=3))
unary("HardSigmoid", lambda x: torch.clamp(x / 6 + 0.5, 0, 1), "PyTorch's 1/6", off(3, 3, 5, points=(-3, 3), scale=3),
      alpha=float(np.float32(1 / 6)))
unary("Tanh", torch.tanh)
unary("Tanh", torch.tanh, "large arguments", normal(2, 3, 5, scale=15))
unary("Erf", torch.erf)
unary("Gelu", F.gelu, "erf", opset=20)
unary("Gelu", lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))), "tanh",
      opset=20, approximate="tanh")
unary("Gelu", F.gelu, "erf, large arguments", normal(2, 3, 5, scale=6), opset=20)
unary("Softplus", F.softplus)
unary("Softplus", lambda x: torch.where(x > 0, x + torch.log1p(torch.exp(-x.abs())), torch.log1p(torch.exp(-x.abs()))),
      "large arguments", normal(2, 3, 5, scale=20))
unary("HardSwish", F.hardswish, inputs=off(3, 3, 5, points=(-3, 3), scale=3), opset=14)
unary("Mish", lambda x: x * torch.tanh(F.softplus(x)), opset=18)
unary("Mish", lambda x: x * torch.tanh(F.softplus(x)), "large arguments", normal(2, 3, 5, scale=8), opset=18)
unary("Identity", lambda x: x.clone())
case("Cast", "float to float", {"x": normal(2, 3)}, lambda x: x.clone(), attributes={"to": 1})
case("Cast", "to int64 and back: no gradient", {"x": off(2, 3, points=(-2, -1, 0, 1, 2), gap=0.1)}, lambda x: x + torch.trunc(x).detach(),
     nodes=[helper.make_node("Cast", ["x"], ["i"], to=7, name="down"), helper.make_node("Cast", ["i"], ["f"], to=1, name="up"),
            helper.make_node("Add", ["x", "f"], ["y"], name="sum")])
case("Dropout", "off, opset 13", {"x": normal(2, 3)}, lambda x: x.clone(), opset=13)
case("Dropout", "off, training_mode given", {"x": normal(2, 3)}, lambda x: x.clone(),
     constants={"ratio": f32(0.5), "training_mode": np.array(False)}, opset=13)
case("Dropout", "off, opset 11", {"x": normal(2, 3)}, lambda x: x.clone(), attributes={"ratio": 0.3}, opset=11)
case("Clip", "both bounds", {"x": off(3, 3, 5, points=(-0.5, 0.8))}, lambda x: x.clamp(-0.5, 0.8),
     constants={"min": f32(-0.5), "max": f32(0.8)})
case("Clip", "only min", {"x": off(3, 3, 5, points=(-0.5,))}, lambda x: x.clamp(min=-0.5), constants={"min": f32(-0.5)})
case("Clip", "only max", {"x": off(3, 3, 5, points=(0.3,))}, lambda x: x.clamp(max=0.3), constants={"max": f32(0.3)},
     order=["x", "", "max"], opset=11)
case("Clip", "ReLU6", {"x": off(2, 4, 4, points=(0, 6), scale=4)}, lambda x: x.clamp(0, 6),
     constants={"min": f32(0), "max": f32(6)})

# -------------------------------------------------------------------------------------- element-wise, with broadcast
SHAPES = {
    "equal shapes": ((2, 3, 4), (2, 3, 4)),
    "right one broadcast": ((2, 3, 4), (3, 1)),
    "left one broadcast": ((4,), (2, 3, 4)),
    "both broadcast": ((2, 1, 4), (3, 1)),
    "right one a scalar": ((2, 3), ()),
    "left one of one element": ((1,), (2, 3, 4)),
    "per channel": ((1, 4, 3, 3), (1, 4, 1, 1)),
}
BINARY = {
    "Add": (torch.add, normal, normal),
    "Sub": (torch.sub, normal, normal),
    "Mul": (torch.mul, normal, normal),
    "Div": (torch.div, normal, lambda *s: off(*s, gap=0.4)),
    "Pow": (torch.pow, lambda *s: uniform(*s, low=0.3, high=2), normal),
    "Min": (torch.minimum, lambda *s: distinct(*s), lambda *s: (lambda v: v.distinct(*s) * f32(0.93) + f32(0.021))),
    "Max": (torch.maximum, lambda *s: distinct(*s), lambda *s: (lambda v: v.distinct(*s) * f32(0.93) + f32(0.021))),
}
for op, (function, left, right) in BINARY.items():
    for title, (a, b) in SHAPES.items():
        case(op, title, {"a": left(*a), "b": right(*b)}, function)
for op in ("Add", "Mul", "Sub", "Div"):
    function = BINARY[op][0]
    case(op, "the same value twice", {"a": off(2, 3, gap=0.4)}, lambda a, f=function: f(a, a), order=["a", "a"])
case("Min", "three inputs", {"a": distinct(2, 3, 4), "b": lambda v: v.distinct(3, 4) * f32(0.9), "c": lambda v: v.distinct(2, 1, 4) * f32(0.8)},
     lambda a, b, c: torch.minimum(torch.minimum(a, b), c))
case("Max", "three inputs", {"a": distinct(2, 3, 4), "b": lambda v: v.distinct(3, 4) * f32(0.9), "c": lambda v: v.distinct(2, 1, 4) * f32(0.8)},
     lambda a, b, c: torch.maximum(torch.maximum(a, b), c))
case("Max", "one input", {"a": normal(2, 3)}, lambda a: a.clone())
case("Max", "constant bound", {"a": off(2, 3, 4)}, lambda a: torch.clamp(a, min=0), constants={"zero": f32(0)})
case("Sum", "three inputs", {"a": normal(2, 3, 4), "b": normal(3, 1), "c": normal(4)}, lambda a, b, c: a + b + c)
case("Mean", "three inputs", {"a": normal(2, 3, 4), "b": normal(3, 1), "c": normal(4)}, lambda a, b, c: (a + b + c) / 3)
for exponent in (2.0, 3.0, 0.5, -1.0, 1.0, 0.0):
    base = uniform(2, 3, low=0.3, high=2) if exponent == 0.5 else off(2, 3, gap=0.3)
    case("Pow", f"constant exponent {exponent}", {"x": base}, lambda x, e=exponent: x ** e if e else torch.ones_like(x) + 0 * x,
         constants={"e": f32(exponent)})
case("Pow", "int64 exponent", {"x": off(2, 3, gap=0.3)}, lambda x: x ** 2, constants={"e": np.array(2, dtype=np.int64)})
case("Pow", "constant base", {"e": normal(2, 3)}, lambda e: 2.0 ** e, constants={"b": f32(2)}, order=["b", "e"])
case("Where", "constant condition", {"a": normal(2, 3, 4), "b": normal(2, 3, 4)},
     lambda a, b: torch.where(torch.tensor(MASK), a, b),
     constants={"c": (MASK := np.random.default_rng(5).random((2, 3, 4)) > 0.5)}, order=["c", "a", "b"])
case("Where", "broadcast", {"a": normal(3, 1), "b": normal(2, 1, 4)}, lambda a, b, c: torch.where(c, a, b),
     fixed={"c": np.random.default_rng(6).random((3, 4)) > 0.4}, order=["c", "a", "b"])
case("Where", "scalar branch", {"a": normal(2, 3)}, lambda a, c: torch.where(c, a, torch.tensor(-1.0, dtype=torch.float64)),
     fixed={"c": np.random.default_rng(7).random((2, 3)) > 0.4}, constants={"b": f32(-1)}, order=["c", "a", "b"])
case("PRelu", "per channel", {"x": off(2, 4, 3, 3), "slope": normal(4, 1, 1, scale=0.3)}, lambda x, s: torch.where(x > 0, x, x * s))
case("PRelu", "one slope", {"x": off(1, 4, 3, 3), "slope": normal(1, scale=0.3)}, lambda x, s: torch.where(x > 0, x, x * s))
case("PRelu", "full slope", {"x": off(2, 5), "slope": normal(2, 5, scale=0.3)}, lambda x, s: torch.where(x > 0, x, x * s))
case("PRelu", "constant slope", {"x": off(1, 2, 3, 3)}, lambda x: F.leaky_relu(x, 0.25), constants={"slope": f32([[[0.25]], [[0.25]]])})

# ------------------------------------------------------------------------------------------------- products
case("MatMul", "2-D", {"a": normal(3, 4), "b": normal(4, 5)}, torch.matmul)
case("MatMul", "batched", {"a": normal(2, 3, 4, 5), "b": normal(2, 3, 5, 2)}, torch.matmul)
case("MatMul", "right one broadcast", {"a": normal(2, 3, 4, 5), "b": normal(5, 2)}, torch.matmul)
case("MatMul", "left one broadcast", {"a": normal(4, 5), "b": normal(3, 5, 2)}, torch.matmul)
case("MatMul", "both broadcast", {"a": normal(2, 1, 4, 5), "b": normal(3, 5, 2)}, torch.matmul)
case("MatMul", "matrix by vector", {"a": normal(2, 3, 4), "b": normal(4)}, torch.matmul)
case("MatMul", "vector by matrix", {"a": normal(4), "b": normal(2, 4, 3)}, torch.matmul)
case("MatMul", "vector by vector", {"a": normal(5), "b": normal(5)}, torch.matmul)
case("MatMul", "a value by itself", {"a": normal(2, 3, 3)}, lambda a: a @ a, order=["a", "a"])
for ta in (0, 1):
    for tb in (0, 1):
        case("Gemm", f"transA {ta}, transB {tb}",
             {"a": normal(*((4, 3) if ta else (3, 4))), "b": normal(*((5, 4) if tb else (4, 5))), "c": normal(5)},
             lambda a, b, c, ta=ta, tb=tb: 0.7 * ((a.T if ta else a) @ (b.T if tb else b)) + 1.3 * c,
             attributes={"transA": ta, "transB": tb, "alpha": 0.7, "beta": 1.3})
case("Gemm", "no C", {"a": normal(3, 4), "b": normal(4, 5)}, torch.matmul)
case("Gemm", "scalar C", {"a": normal(3, 4), "b": normal(4, 5), "c": normal()}, lambda a, b, c: a @ b + c)
case("Gemm", "C per row", {"a": normal(3, 4), "b": normal(4, 5), "c": normal(3, 1)}, lambda a, b, c: a @ b + c)


# ------------------------------------------------------------------------------------------------- convolutions
def same_pads(size, kernel, stride, dilation, upper):
    total = max((math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    small, large = total // 2, total - total // 2
    return (small, large) if upper else (large, small)


def pad_spatial(x, pads, value=0.0):
    """ONNX pads (begins, then ends) on the spatial axes."""
    n = len(pads) // 2
    flat = []
    for i in reversed(range(n)):
        flat += [pads[i], pads[n + i]]
    return F.pad(x, flat, value=value)


CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d}


def conv(title, x, w, bias=True, opset=13, **attributes):
    n = len(x) - 2
    strides = attributes.get("strides", [1] * n)
    dilations = attributes.get("dilations", [1] * n)
    pads = attributes.get("pads", [0] * 2 * n)
    auto = attributes.get("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        pairs = [same_pads(x[2 + i], w[2 + i], strides[i], dilations[i], auto == "SAME_UPPER") for i in range(n)]
        pads = [p[0] for p in pairs] + [p[1] for p in pairs]

    def reference(x, w, b=None):
        return CONV[n](pad_spatial(x, pads), w, b, stride=strides, dilation=dilations, groups=attributes.get("group", 1))

    inputs = {"x": normal(*x), "w": normal(*w, scale=0.4)}
    if bias:
        inputs["b"] = normal(w[0])
    case("Conv", title, inputs, reference, attributes={"kernel_shape": list(w[2:]), **attributes}, opset=opset)


conv("3×3, padded", (2, 3, 6, 5), (4, 3, 3, 3), pads=[1, 1, 1, 1])
conv("3×3, no pads, no bias", (1, 3, 6, 5), (4, 3, 3, 3), bias=False)
conv("1×1", (2, 3, 4, 5), (4, 3, 1, 1))
conv("1×1 with pads", (1, 3, 4, 5), (2, 3, 1, 1), pads=[1, 0, 2, 1])
conv("stride 2", (1, 3, 7, 8), (4, 3, 3, 3), pads=[1, 1, 1, 1], strides=[2, 2])
conv("stride 2, leaves rows unused", (1, 2, 8, 8), (3, 2, 3, 3), strides=[2, 2])
conv("stride 3 by 2, kernel 2", (1, 2, 9, 8), (3, 2, 2, 2), strides=[3, 2])
conv("stride 4, kernel 4 (patches)", (1, 3, 8, 8), (5, 3, 4, 4), strides=[4, 4])
conv("1×1, stride 2", (1, 3, 7, 6), (4, 3, 1, 1), strides=[2, 2])
conv("dilation 2", (1, 3, 8, 9), (4, 3, 3, 3), dilations=[2, 2], pads=[2, 2, 2, 2])
conv("dilation 2 by 3, stride 2", (1, 2, 11, 12), (3, 2, 3, 3), dilations=[2, 3], strides=[2, 2], pads=[1, 2, 3, 2])
conv("groups 2", (1, 4, 5, 6), (6, 2, 3, 3), group=2, pads=[1, 1, 1, 1])
conv("groups 2, stride 2", (2, 4, 6, 6), (4, 2, 3, 3), group=2, pads=[1, 1, 1, 1], strides=[2, 2])
conv("depth-wise", (2, 4, 6, 5), (4, 1, 3, 3), group=4, pads=[1, 1, 1, 1])
conv("depth-wise, two outputs each", (1, 3, 6, 5), (6, 1, 3, 3), group=3, pads=[1, 1, 1, 1])
conv("depth-wise, stride 2, dilation 2", (1, 3, 9, 8), (3, 1, 3, 3), group=3, pads=[2, 2, 2, 2], strides=[2, 2], dilations=[2, 2])
conv("asymmetric pads", (1, 3, 6, 5), (4, 3, 3, 3), pads=[2, 0, 1, 3])
conv("pads beyond the kernel", (1, 2, 4, 4), (3, 2, 3, 3), pads=[3, 3, 4, 3])
conv("kernel 1×5 and 5×1 pads", (1, 2, 4, 7), (3, 2, 1, 5), pads=[0, 2, 0, 2])
conv("kernel 7×7 on 6×6", (1, 2, 6, 6), (2, 2, 7, 7), pads=[3, 3, 3, 3])
conv("1-D", (2, 3, 9), (4, 3, 3), pads=[1, 1])
conv("1-D, groups, stride 2, dilation 2", (1, 4, 11), (4, 2, 3), group=2, strides=[2], dilations=[2], pads=[1, 2])
conv("1-D depth-wise", (1, 4, 9), (4, 1, 3), group=4, pads=[1, 1])
conv("SAME_UPPER, even kernel", (1, 2, 5, 6), (3, 2, 4, 2), auto_pad="SAME_UPPER")
conv("SAME_LOWER, stride 2", (1, 2, 7, 6), (3, 2, 3, 4), auto_pad="SAME_LOWER", strides=[2, 2])
conv("VALID", (1, 2, 5, 6), (3, 2, 3, 3), auto_pad="VALID")
conv("6 channels to 4", (1, 6, 5, 6), (4, 6, 3, 3), pads=[1, 1, 1, 1])
conv("9 channels to 8, stride 2", (1, 9, 6, 5), (8, 9, 3, 2), strides=[2, 2], pads=[1, 0, 1, 1])
conv("4 channels to 6: the way back has 6 to 4", (1, 4, 5, 6), (6, 4, 3, 3), pads=[1, 1, 1, 1])
conv("3-D", (1, 2, 4, 3, 5), (2, 2, 3, 2, 3), pads=[1, 0, 1, 1, 1, 1], strides=[1, 1, 2])
case("Conv", "constant kernel", {"x": normal(1, 3, 5, 5)}, lambda x: F.conv2d(x, torch.tensor(KERNEL.astype(np.float64)), padding=1),
     constants={"w": (KERNEL := np.random.default_rng(9).standard_normal((2, 3, 3, 3)).astype(np.float32))},
     attributes={"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})


def conv_transpose(title, x, w, bias=True, **attributes):
    """The full transposed convolution, cut by the pads: ONNX allows asymmetric ones, PyTorch does not."""
    n = len(x) - 2
    strides = attributes.get("strides", [1] * n)
    dilations = attributes.get("dilations", [1] * n)
    extra = attributes.get("output_padding", [0] * n)
    pads = attributes.get("pads", [0] * 2 * n)
    group = attributes.get("group", 1)
    full = [strides[i] * (x[2 + i] - 1) + (w[2 + i] - 1) * dilations[i] + 1 + extra[i] for i in range(n)]
    if "output_shape" in attributes:
        total = [full[i] - attributes["output_shape"][i] for i in range(n)]
        assert all(t % 2 == 0 for t in total), "which side takes the odd pixel is read differently"
        pads = [t // 2 for t in total] * 2

    def reference(x, w, b=None):
        y = CONV_TRANSPOSE[n](x, w, None, stride=strides, dilation=dilations, groups=group)
        y = F.pad(y, [v for i in reversed(range(n)) for v in (0, full[i] - y.shape[2 + i])])
        for i in range(n):
            y = y.narrow(2 + i, pads[i], full[i] - pads[i] - pads[n + i])
        return y if b is None else y + b.reshape(1, -1, *[1] * n)

    inputs = {"x": normal(*x), "w": normal(*w, scale=0.4)}
    if bias:
        inputs["b"] = normal(w[1] * group)
    case("ConvTranspose", title, inputs, reference, attributes={"kernel_shape": list(w[2:]), **attributes})


conv_transpose("stride 2, kernel 4, pad 1", (1, 3, 4, 5), (3, 2, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
conv_transpose("output_padding", (2, 3, 4, 3), (3, 2, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])
conv_transpose("output_padding on one axis, stride 3", (1, 2, 3, 4), (2, 3, 3, 3), strides=[3, 3], output_padding=[2, 0])
conv_transpose("stride 1, no bias", (1, 3, 4, 5), (3, 2, 3, 3), bias=False)
conv_transpose("groups 2", (1, 4, 4, 5), (4, 3, 3, 3), group=2, strides=[2, 2], pads=[1, 1, 1, 1])
conv_transpose("depth-wise", (1, 3, 4, 5), (3, 1, 4, 4), group=3, strides=[2, 2], pads=[1, 1, 1, 1])
conv_transpose("dilation 2", (1, 2, 4, 4), (2, 3, 3, 3), dilations=[2, 2], strides=[2, 2], pads=[1, 2, 1, 2])
conv_transpose("asymmetric pads", (1, 2, 4, 5), (2, 3, 3, 3), strides=[2, 2], pads=[0, 1, 2, 0])
conv_transpose("kernel smaller than stride", (1, 2, 3, 4), (2, 3, 2, 2), strides=[3, 3])
conv_transpose("output_shape", (1, 2, 4, 4), (2, 3, 4, 4), strides=[2, 2], output_shape=[8, 8])
conv_transpose("1-D", (1, 3, 6), (3, 2, 4), strides=[2], pads=[1, 1])


def col2im(title, picture, block, pads=(0, 0, 0, 0), channels=2, batch=1, dilations=(1, 1), strides=(1, 1)):
    """Folded without pads and then cut by them: ONNX allows asymmetric ones, PyTorch does not."""
    full = (picture[0] + pads[0] + pads[2], picture[1] + pads[1] + pads[3])
    columns = F.unfold(torch.zeros(batch, channels, *full), block, dilations, 0, strides)

    def reference(x):
        y = F.fold(x, full, block, dilations, 0, strides)
        return y[:, :, pads[0]:pads[0] + picture[0], pads[1]:pads[1] + picture[1]]

    case("Col2Im", title, {"x": normal(*columns.shape)}, reference, constants={"picture": i64(*picture), "block": i64(*block)},
         attributes={"dilations": list(dilations), "pads": list(pads), "strides": list(strides)}, opset=18)


col2im("blocks side by side", (6, 4), (3, 2), strides=(3, 2))
col2im("overlapping, batch of 2", (4, 5), (3, 3), batch=2)
col2im("asymmetric pads, stride 2", (6, 7), (4, 3), (2, 1, 1, 0), strides=(2, 2))
col2im("dilated, pixels left over", (8, 7), (3, 2), dilations=(1, 2), strides=(3, 2), channels=3)

# ------------------------------------------------------------------------------------------------- reductions
for op, function in {"ReduceMean": torch.mean, "ReduceSum": torch.sum}.items():
    as_input = 13 if op == "ReduceSum" else 18

    def reduce(title, axes, keep, shape=(2, 3, 4, 5), input_form=False, op=op, function=function, as_input=as_input):
        kwargs = {"attributes": {"keepdims": keep}, "opset": 11 if op == "ReduceSum" else 13}
        if input_form:
            kwargs["opset"] = as_input
            kwargs["constants"] = {"axes": i64(*axes)}
        elif axes is not None:
            kwargs["attributes"]["axes"] = axes
        case(op, title, {"x": normal(*shape)},
             lambda x: function(x, dim=axes if axes is not None else list(range(len(shape))), keepdim=bool(keep)), **kwargs)

    reduce("spatial axes, kept", [2, 3], 1)
    reduce("negative axes, dropped", [-1, -2], 0)
    reduce("one axis in the middle, dropped", [1], 0)
    reduce("everything", None, 0)
    reduce("everything, kept", None, 1)
    reduce("axes as an input", [1, -1], 1, input_form=True)
    reduce("axes as an input, dropped", [0, 2], 0, input_form=True)
    case(op, "no axes: nothing to do", {"x": normal(2, 3)}, lambda x: x.clone(),
         attributes={"noop_with_empty_axes": 1}, opset=as_input)
case("ReduceMax", "last axis, kept", {"x": distinct(2, 3, 4)}, lambda x: x.amax(2, keepdim=True), attributes={"axes": [-1], "keepdims": 1})
case("ReduceMax", "spatial, dropped", {"x": distinct(2, 3, 4, 3)}, lambda x: x.amax((2, 3)), attributes={"axes": [2, 3], "keepdims": 0})
case("ReduceMax", "everything", {"x": distinct(2, 3, 4)}, lambda x: x.amax(), attributes={"keepdims": 0})
case("ReduceMax", "axes as an input", {"x": distinct(2, 3, 4)}, lambda x: x.amax(1, keepdim=True), constants={"axes": i64(1)}, opset=18)
case("ReduceMin", "last axis, kept", {"x": distinct(2, 3, 4)}, lambda x: x.amin(2, keepdim=True), attributes={"axes": [-1], "keepdims": 1})
case("ReduceMin", "spatial, dropped", {"x": distinct(2, 3, 4, 3)}, lambda x: x.amin((2, 3)), attributes={"axes": [2, 3], "keepdims": 0})
case("ReduceSumSquare", "channels, kept", {"x": normal(2, 3, 4)}, lambda x: (x * x).sum(1, keepdim=True), attributes={"axes": [1], "keepdims": 1})
case("ReduceSumSquare", "everything", {"x": normal(2, 3, 4)}, lambda x: (x * x).sum(), attributes={"keepdims": 0})
case("ReduceL2", "last axis, kept", {"x": normal(2, 3, 4)}, lambda x: torch.sqrt((x * x).sum(2, keepdim=True)), attributes={"axes": [2], "keepdims": 1})
case("ReduceL1", "spatial, dropped", {"x": off(2, 3, 4, 3)}, lambda x: x.abs().sum((2, 3)), attributes={"axes": [2, 3], "keepdims": 0})
case("Softmax", "last axis", {"x": normal(2, 3, 5)}, lambda x: x.softmax(-1))
case("Softmax", "axis 1", {"x": normal(2, 3, 5)}, lambda x: x.softmax(1), attributes={"axis": 1})
case("Softmax", "axis 0", {"x": normal(4, 3)}, lambda x: x.softmax(0), attributes={"axis": 0})
case("Softmax", "large arguments", {"x": normal(2, 3, 6, scale=10)}, lambda x: x.softmax(-1))
case("Softmax", "opset 11: all axes from 1 on", {"x": normal(2, 3, 5)}, lambda x: x.flatten(1).softmax(1).reshape(x.shape), opset=11)
case("Softmax", "opset 11, last axis", {"x": normal(2, 3, 5)}, lambda x: x.softmax(2), attributes={"axis": 2}, opset=11)
case("LogSoftmax", "axis 1", {"x": normal(2, 3, 5)}, lambda x: x.log_softmax(1), attributes={"axis": 1})

# ------------------------------------------------------------------------------------------------- layout
case("Reshape", "with 0 and -1", {"x": normal(2, 3, 4)}, lambda x: x.reshape(2, 12), constants={"s": i64(0, -1)})
case("Reshape", "up", {"x": normal(2, 12)}, lambda x: x.reshape(2, 3, 2, 2), constants={"s": i64(2, 3, 2, 2)})
case("Reshape", "to a scalar's vector", {"x": normal(1, 1)}, lambda x: x.reshape(1), constants={"s": i64(-1)}, opset=14)
for axis in (0, 1, 2, -1):
    case("Flatten", f"axis {axis}", {"x": normal(2, 3, 4)},
         lambda x, a=axis: x.reshape(int(np.prod(x.shape[:a])) if a else 1, -1), attributes={"axis": axis})
case("Transpose", "default: reversed", {"x": normal(2, 3, 4)}, lambda x: x.permute(2, 1, 0))
case("Transpose", "a cycle of three", {"x": normal(2, 3, 4, 5)}, lambda x: x.permute(0, 2, 3, 1), attributes={"perm": [0, 2, 3, 1]})
case("Transpose", "six axes", {"x": normal(1, 2, 2, 3, 2, 2)}, lambda x: x.permute(0, 1, 4, 2, 5, 3), attributes={"perm": [0, 1, 4, 2, 5, 3]})
case("Squeeze", "axes as an input", {"x": normal(1, 3, 1, 4)}, lambda x: x.reshape(3, 1, 4), constants={"axes": i64(0)})
case("Squeeze", "axes as an attribute", {"x": normal(1, 3, 1, 4)}, lambda x: x.reshape(1, 3, 4), attributes={"axes": [-2]}, opset=11)
case("Squeeze", "all", {"x": normal(1, 3, 1, 4)}, lambda x: x.reshape(3, 4))
case("Unsqueeze", "axes as an input", {"x": normal(3, 4)}, lambda x: x.reshape(1, 3, 4, 1), constants={"axes": i64(0, -1)})
case("Unsqueeze", "axes as an attribute", {"x": normal(3, 4)}, lambda x: x.reshape(3, 1, 4), attributes={"axes": [1]}, opset=11)
case("Expand", "one axis", {"x": normal(3, 1)}, lambda x: x.expand(3, 4), constants={"s": i64(3, 4)})
case("Expand", "new axes", {"x": normal(3, 1)}, lambda x: x.expand(2, 3, 4), constants={"s": i64(2, 1, 4)})
case("Expand", "shape smaller than the input", {"x": normal(2, 3, 4)}, lambda x: x.clone(), constants={"s": i64(3, 1)})
case("Tile", "two axes", {"x": normal(2, 3)}, lambda x: x.repeat(2, 3), constants={"r": i64(2, 3)})
case("Tile", "one of four axes", {"x": normal(1, 2, 2, 3)}, lambda x: x.repeat(1, 3, 1, 1), constants={"r": i64(1, 3, 1, 1)})
case("Concat", "axis 1", {"a": normal(2, 3, 2), "b": normal(2, 1, 2), "c": normal(2, 2, 2)}, lambda *p: torch.cat(p, 1), attributes={"axis": 1})
case("Concat", "negative axis", {"a": normal(2, 3), "b": normal(2, 4)}, lambda *p: torch.cat(p, -1), attributes={"axis": -1})
case("Concat", "the same value twice", {"a": normal(2, 3)}, lambda a: torch.cat((a, a), 0), attributes={"axis": 0}, order=["a", "a"])
case("Concat", "with a constant", {"a": normal(1, 2, 3)}, lambda a: torch.cat((a, torch.ones(1, 1, 3, dtype=torch.float64)), 1),
     constants={"one": np.ones((1, 1, 3), np.float32)}, attributes={"axis": 1})
case("Split", "sizes as an input", {"x": normal(2, 6, 2)}, lambda x: x.split((1, 3, 2), 1), constants={"s": i64(1, 3, 2)}, attributes={"axis": 1}, outputs=3)
case("Split", "only the second output used", {"x": normal(2, 6, 2)}, lambda x: x.split((1, 3, 2), 1), constants={"s": i64(1, 3, 2)}, attributes={"axis": 1}, outputs=3, used=[1])
case("Split", "equal, default axis", {"x": normal(4, 3)}, lambda x: x.split(2, 0), outputs=2)
case("Split", "sizes as an attribute", {"x": normal(2, 5)}, lambda x: x.split((2, 3), -1), attributes={"axis": -1, "split": [2, 3]}, outputs=2, opset=11)
case("Split", "num_outputs, uneven", {"x": normal(2, 7)}, lambda x: x.split(3, 1), attributes={"axis": 1, "num_outputs": 3}, outputs=3, opset=18)


def slice_case(title, shape, starts, ends, axes, steps, index):
    constants = {"starts": i64(*starts), "ends": i64(*ends)}
    if axes is not None:
        constants["axes"] = i64(*axes)
    if steps is not None:
        constants["steps"] = i64(*steps)

    def reference(x):
        for axis, picks in index.items():
            x = x.index_select(axis, torch.tensor(picks))
        return x

    case("Slice", title, {"x": normal(*shape)}, reference, constants=constants,
         order=["x", "starts", "ends", *(["axes"] if axes is not None else [""] if steps is not None else []), *(["steps"] if steps is not None else [])])


slice_case("first axes", (4, 5), (1, 2), (3, 5), None, None, {0: [1, 2], 1: [2, 3, 4]})
slice_case("negative start and end", (2, 3, 6), (-4,), (-1,), (2,), None, {2: [2, 3, 4]})
slice_case("end far beyond", (2, 6), (2,), (2 ** 63 - 1,), (-1,), None, {1: [2, 3, 4, 5]})
slice_case("step 2", (2, 7), (1,), (7,), (1,), (2,), {1: [1, 3, 5]})
slice_case("step 3, last row left out", (8, 2), (0,), (7,), (0,), (3,), {0: [0, 3, 6]})
slice_case("backwards", (2, 5), (-1,), (-(2 ** 63),), (1,), (-1,), {1: [4, 3, 2, 1, 0]})
slice_case("backwards by 2", (7, 2), (5,), (0,), (0,), (-2,), {0: [5, 3, 1]})
slice_case("two axes, steps", (1, 2, 6, 6), (0, 1), (6, 6), (2, 3), (2, 2), {2: [0, 2, 4], 3: [1, 3, 5]})
slice_case("steps without axes", (5, 4), (0, 1), (5, 4), None, (2, 1), {0: [0, 2, 4], 1: [1, 2, 3]})
case("Gather", "axis 0, repeated indices", {"x": normal(4, 3)}, lambda x: x[[2, 0, 2, 3]], constants={"i": i64(2, 0, 2, 3)})
case("Gather", "axis 1, negative index", {"x": normal(2, 4, 3)}, lambda x: x[:, [1, -1]], constants={"i": i64(1, -1)}, attributes={"axis": 1})
case("Gather", "scalar index", {"x": normal(3, 2, 4)}, lambda x: x[1], constants={"i": np.array(1, np.int64)}, attributes={"axis": 0})
case("Gather", "2-D indices, last axis", {"x": normal(2, 4)}, lambda x: x[:, torch.tensor([[0, 3, 1], [1, 1, 2]])],
     constants={"i": np.array([[0, 3, 1], [1, 1, 2]], np.int64)}, attributes={"axis": -1})
case("Gather", "relative position table", {"x": normal(9, 2)}, lambda x: x[torch.tensor([4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4])],
     constants={"i": i64(4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4)})


def pad_case(title, shape, pads, mode, value=None, axes=None, opset=13):
    """pads: begins then ends, for `axes` (default: all)."""
    n = len(pads) // 2
    constants = {"pads": i64(*pads)}
    order = ["x", "pads"]
    if value is not None:
        constants["value"] = f32(value)
        order.append("value")
    if axes is not None:
        constants["axes"] = i64(*axes)
        order += ([""] if value is None else []) + ["axes"]

    def reference(x):
        for k, axis in enumerate(axes if axes is not None else range(n)):
            size = x.shape[axis]
            index = np.arange(-pads[k], size + pads[n + k])
            if mode == "constant":
                inside = (index >= 0) & (index < size)
                x = x.index_select(axis, torch.tensor(np.clip(index, 0, size - 1)))
                mask = torch.tensor(inside).reshape([-1 if d == axis % x.dim() else 1 for d in range(x.dim())])
                x = torch.where(mask, x, torch.tensor(float(value or 0), dtype=x.dtype))
            else:
                if mode == "reflect":
                    index = np.abs(index)
                    index = (size - 1) - np.abs((size - 1) - index)
                x = x.index_select(axis, torch.tensor(np.clip(index, 0, size - 1)))
        return x

    case("Pad", title, {"x": normal(*shape)}, reference, constants=constants, order=order, attributes={"mode": mode}, opset=opset)


pad_case("constant 0", (1, 2, 3, 4), (0, 0, 1, 2, 0, 0, 2, 1), "constant")
pad_case("constant 0.5, all axes", (2, 3), (1, 0, 0, 2), "constant", 0.5)
pad_case("negative: a crop", (1, 2, 5, 5), (0, 0, -1, -2, 0, 0, -1, 0), "constant", 0.0)
pad_case("pads one side, crops the other", (1, 2, 5, 5), (0, 0, 2, -1, 0, 0, -1, 3), "constant", 0.0)
pad_case("reflect", (1, 2, 4, 5), (0, 0, 1, 2, 0, 0, 2, 3), "reflect")
pad_case("reflect, one side, widest", (1, 2, 4, 4), (0, 0, 3, 0, 0, 0, 0, 3), "reflect")
pad_case("edge", (1, 2, 3, 4), (0, 0, 2, 1, 0, 0, 1, 5), "edge")
pad_case("edge, opset 11", (2, 3), (0, 2, 1, 1), "edge", opset=11)
pad_case("axes as an input", (1, 2, 3, 4), (1, 2, 2, 1), "constant", 0.25, axes=(-2, -1), opset=18)
pad_case("reflect, axes as an input", (1, 2, 3, 4), (1, 2, 2, 1), "reflect", None, axes=(2, 3), opset=18)


def depth_to_space(x, b, mode):
    n, c, h, w = x.shape
    if mode == "DCR":
        return x.reshape(n, b, b, c // b ** 2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // b ** 2, h * b, w * b)
    return x.reshape(n, c // b ** 2, b, b, h, w).permute(0, 1, 4, 2, 5, 3).reshape(n, c // b ** 2, h * b, w * b)


for mode in ("DCR", "CRD"):
    case("DepthToSpace", f"{mode}, 2", {"x": normal(2, 8, 2, 3)}, lambda x, m=mode: depth_to_space(x, 2, m), attributes={"blocksize": 2, "mode": mode})
    case("DepthToSpace", f"{mode}, 3", {"x": normal(1, 18, 2, 2)}, lambda x, m=mode: depth_to_space(x, 3, m), attributes={"blocksize": 3, "mode": mode})
case("DepthToSpace", "default mode", {"x": normal(1, 8, 2, 2)}, lambda x: depth_to_space(x, 2, "DCR"), attributes={"blocksize": 2}, opset=11)


def space_to_depth(x, b):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)


case("SpaceToDepth", "2", {"x": normal(2, 3, 4, 6)}, lambda x: space_to_depth(x, 2), attributes={"blocksize": 2})
case("SpaceToDepth", "4", {"x": normal(1, 3, 4, 8)}, lambda x: space_to_depth(x, 4), attributes={"blocksize": 4})


# ------------------------------------------------------------------------------------------------- Resize
def resize_matrix(size, out, scale, mode, coordinates, nearest="round_prefer_floor", a=-0.75, exclude=False):
    """out × size interpolation matrix, straight from the formulas of the ONNX specification of Resize."""
    matrix = np.zeros((out, size))
    for i in range(out):
        if coordinates == "half_pixel":
            x = (i + 0.5) / scale - 0.5
        elif coordinates == "pytorch_half_pixel":
            x = (i + 0.5) / scale - 0.5 if out > 1 else 0.0
        elif coordinates == "align_corners":
            x = i * (size - 1) / (out - 1) if out > 1 else 0.0
        elif coordinates == "half_pixel_symmetric":
            adjustment = out / (scale * size)
            center = size / 2
            x = center * (1 - adjustment) + (i + 0.5) / scale - 0.5
        else:
            assert coordinates == "asymmetric"
            x = i / scale
        if mode == "nearest":
            j = {"round_prefer_floor": math.ceil(x - 0.5), "round_prefer_ceil": math.floor(x + 0.5),
                 "floor": math.floor(x), "ceil": math.ceil(x)}[nearest]
            matrix[i, min(max(j, 0), size - 1)] += 1
            continue
        low = math.floor(x)
        t = x - low
        if mode == "linear":
            taps = {low: 1 - t, low + 1: t}
        else:
            def near(d):
                return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1

            def far(d):
                return a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a

            taps = {low - 1: far(1 + t), low: near(t), low + 1: near(1 - t), low + 2: far(2 - t)}
            if exclude:
                taps = {j: w for j, w in taps.items() if 0 <= j < size}
                total = sum(taps.values())
                taps = {j: w / total for j, w in taps.items()}
        for j, w in taps.items():
            matrix[i, min(max(j, 0), size - 1)] += w
    return matrix


def resize(title, shape, mode, coordinates, scales=None, sizes=None, opset=13, **options):
    out = sizes if sizes else [math.floor(s * f) for s, f in zip(shape, scales)]
    used = scales if scales else [o / s for o, s in zip(out, shape)]
    attributes = {"mode": mode, "coordinate_transformation_mode": coordinates}
    if mode == "nearest":
        attributes["nearest_mode"] = options.get("nearest", "round_prefer_floor")
    if mode == "cubic":
        attributes["cubic_coeff_a"] = options.get("a", -0.75)
        attributes["exclude_outside"] = int(options.get("exclude", False))

    def reference(x):
        for axis in range(len(shape)):
            if out[axis] != shape[axis]:
                m = torch.tensor(resize_matrix(shape[axis], out[axis], used[axis], mode, coordinates, **options))
                x = torch.movedim(torch.tensordot(m, x, dims=([1], [axis])), 0, axis)
        return x

    constants = {"scales": f32(scales)} if scales else {"sizes": i64(*sizes)}
    order = ["x", "", "scales"] if scales else ["x", "", "", "sizes"]
    case("Resize", title, {"x": normal(*shape)}, reference, constants=constants, order=order, attributes=attributes, opset=opset)


resize("nearest ×2, PyTorch's form", (1, 2, 3, 4), "nearest", "asymmetric", [1, 1, 2, 2], nearest="floor")
resize("nearest ×4", (1, 2, 2, 3), "nearest", "asymmetric", [1, 1, 4, 4], nearest="floor")
resize("nearest ×3, half pixel", (1, 2, 3, 2), "nearest", "half_pixel", [1, 1, 3, 3])
resize("nearest ×1.5", (1, 2, 4, 6), "nearest", "asymmetric", [1, 1, 1.5, 1.5], nearest="floor")
resize("nearest ×0.5, ceil", (1, 2, 6, 4), "nearest", "half_pixel", [1, 1, 0.5, 0.5], nearest="ceil")
resize("nearest to a size", (1, 2, 3, 4), "nearest", "asymmetric", sizes=[1, 2, 6, 8], nearest="floor")
resize("nearest to an odd size", (1, 2, 3, 3), "nearest", "asymmetric", sizes=[1, 2, 7, 8], nearest="floor")
resize("nearest ×2, round_prefer_ceil", (1, 2, 3, 4), "nearest", "half_pixel", [1, 1, 2, 2], nearest="round_prefer_ceil")
resize("linear ×2, half pixel", (1, 2, 3, 4), "linear", "half_pixel", [1, 1, 2, 2])
resize("linear ×4, PyTorch's form", (2, 1, 3, 4), "linear", "pytorch_half_pixel", [1, 1, 4, 4])
resize("linear ×2, align corners", (1, 2, 3, 4), "linear", "align_corners", [1, 1, 2, 2])
resize("linear ×3, asymmetric", (1, 2, 3, 4), "linear", "asymmetric", [1, 1, 3, 3])
resize("linear ×0.5", (1, 2, 6, 8), "linear", "half_pixel", [1, 1, 0.5, 0.5])
resize("linear to a size", (1, 2, 3, 4), "linear", "half_pixel", sizes=[1, 2, 7, 6])
resize("linear, one axis", (1, 2, 3, 4), "linear", "half_pixel", [1, 1, 1, 2])
resize("cubic ×2, half pixel", (1, 2, 4, 5), "cubic", "half_pixel", [1, 1, 2, 2])
resize("cubic ×4, PyTorch's form", (1, 2, 4, 4), "cubic", "pytorch_half_pixel", [1, 1, 4, 4])
resize("cubic ×2, a = -0.5, outside excluded", (1, 2, 4, 5), "cubic", "half_pixel", [1, 1, 2, 2], a=-0.5, exclude=True)
resize("cubic ×2, align corners", (1, 2, 4, 5), "cubic", "align_corners", [1, 1, 2, 2])
resize("cubic ×0.5", (1, 2, 8, 6), "cubic", "half_pixel", [1, 1, 0.5, 0.5])
resize("cubic ×3, asymmetric", (1, 1, 4, 4), "cubic", "asymmetric", [1, 1, 3, 3])


# ------------------------------------------------------------------------------------------------- pools
def windows(x, kernel, strides, dilations, out):
    """x padded already -> (N, C, out…, taps)"""
    n = len(kernel)
    picks = []
    for tap in np.ndindex(*kernel):
        y = x
        for i in range(n):
            index = np.arange(out[i]) * strides[i] + tap[i] * dilations[i]
            y = y.index_select(2 + i, torch.tensor(index))
        picks.append(y)
    return torch.stack(picks, -1)


def pool(op, title, shape, kernel, opset=13, **attributes):
    n = len(kernel)
    strides = attributes.get("strides", [1] * n)
    dilations = attributes.get("dilations", [1] * n)
    pads = attributes.get("pads", [0] * 2 * n)
    auto = attributes.get("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        pairs = [same_pads(shape[2 + i], kernel[i], strides[i], dilations[i], auto == "SAME_UPPER") for i in range(n)]
        pads = [p[0] for p in pairs] + [p[1] for p in pairs]
    out = []
    for i in range(n):
        room = shape[2 + i] + pads[i] + pads[n + i] - (kernel[i] - 1) * dilations[i] - 1
        count = (math.ceil if attributes.get("ceil_mode") else math.floor)(room / strides[i]) + 1
        # A window that starts in the end padding is dropped (ONNX since opset 19, PyTorch and ONNX Runtime always).
        if attributes.get("ceil_mode") and (count - 1) * strides[i] >= shape[2 + i] + pads[i]:
            count -= 1
        out.append(count)
    over = [max((out[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - shape[2 + i] - pads[i] - pads[n + i], 0) for i in range(n)]

    def reference(x):
        if op == "MaxPool":
            x = pad_spatial(x, [*pads[:n], *(pads[n + i] + over[i] for i in range(n))], -math.inf)
            return windows(x, kernel, strides, dilations, out).amax(-1)
        ones = pad_spatial(torch.ones_like(x), pads, 1.0 if attributes.get("count_include_pad") else 0.0)
        grow = [0] * n + over
        x = pad_spatial(pad_spatial(x, pads), grow)
        ones = pad_spatial(ones, grow)
        return windows(x, kernel, strides, dilations, out).sum(-1) / windows(ones, kernel, strides, dilations, out).sum(-1)

    case(op, title, {"x": distinct(*shape) if op == "MaxPool" else normal(*shape)}, reference,
         attributes={"kernel_shape": kernel, **attributes}, opset=opset)


for op in ("AveragePool", "MaxPool"):
    pool(op, "2×2, stride 2", (2, 3, 4, 6), [2, 2], strides=[2, 2])
    pool(op, "3×3, stride 1, pads 1", (1, 2, 5, 4), [3, 3], pads=[1, 1, 1, 1])
    pool(op, "3×3, stride 2, pads 1", (1, 2, 7, 6), [3, 3], pads=[1, 1, 1, 1], strides=[2, 2])
    pool(op, "3×2, stride 3, rows left over", (1, 2, 8, 7), [3, 2], strides=[3, 3])
    pool(op, "ceil_mode", (1, 2, 6, 7), [3, 3], strides=[2, 2], ceil_mode=1)
    pool(op, "ceil_mode, pads", (1, 2, 6, 6), [3, 3], strides=[2, 2], ceil_mode=1, pads=[1, 1, 1, 1], opset=19)
    pool(op, "asymmetric pads", (1, 2, 5, 5), [3, 3], pads=[0, 1, 2, 0])
    pool(op, "SAME_UPPER, stride 2", (1, 2, 5, 6), [2, 3], strides=[2, 2], auto_pad="SAME_UPPER")
    pool(op, "1-D", (1, 2, 9), [3], strides=[2], pads=[1, 1])
    pool(op, "whole picture", (1, 3, 4, 5), [4, 5])
pool("MaxPool", "8×8, stride 8 (as from adaptive pooling)", (1, 2, 16, 8), [8, 8], strides=[8, 8])
pool("MaxPool", "dilation 2", (1, 2, 7, 8), [2, 3], dilations=[2, 2])
pool("MaxPool", "dilation 2, stride 2, pads", (1, 2, 7, 8), [3, 2], dilations=[2, 2], strides=[2, 2], pads=[1, 1, 1, 0])
pool("AveragePool", "count_include_pad", (1, 2, 5, 4), [3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
pool("AveragePool", "count_include_pad, asymmetric, stride 2", (1, 2, 6, 5), [3, 3], pads=[1, 0, 0, 2], strides=[2, 2], count_include_pad=1)
pool("AveragePool", "dilation 2", (1, 2, 7, 8), [2, 3], dilations=[2, 2], opset=19)
case("GlobalAveragePool", "2-D", {"x": normal(2, 3, 4, 5)}, lambda x: x.mean((2, 3), keepdim=True))
case("GlobalAveragePool", "1-D", {"x": normal(2, 3, 4)}, lambda x: x.mean(2, keepdim=True))
case("GlobalMaxPool", "2-D", {"x": distinct(2, 3, 4, 5)}, lambda x: x.amax((2, 3), keepdim=True))


# ------------------------------------------------------------------------------------------------- normalisation
def batch_norm(title, shape, epsilon=1e-5, opset=15):
    c = shape[1]
    mean = np.random.default_rng(c).standard_normal(c).astype(np.float32)
    variance = np.random.default_rng(c + 1).uniform(0.3, 2, c).astype(np.float32)
    case("BatchNormalization", title, {"x": normal(*shape), "scale": normal(c), "b": normal(c)},
         lambda x, s, b: F.batch_norm(x, torch.tensor(mean.astype(np.float64)), torch.tensor(variance.astype(np.float64)), s, b, False, 0, epsilon),
         constants={"mean": mean, "var": variance}, attributes={"epsilon": epsilon}, opset=opset)


batch_norm("2-D", (2, 3, 4, 5))
batch_norm("epsilon 1e-3, opset 11", (1, 4, 3, 3), 1e-3, opset=11)
batch_norm("no spatial axes", (4, 3))
case("InstanceNormalization", "2-D", {"x": normal(2, 3, 4, 5), "scale": normal(3), "b": normal(3)}, lambda x, s, b: F.instance_norm(x, weight=s, bias=b))
case("InstanceNormalization", "1-D, epsilon 1e-2", {"x": normal(2, 3, 6), "scale": normal(3), "b": normal(3)},
     lambda x, s, b: F.instance_norm(x, weight=s, bias=b, eps=1e-2), attributes={"epsilon": 1e-2})
case("LayerNormalization", "last axis", {"x": normal(2, 3, 6), "scale": normal(6), "b": normal(6)}, lambda x, s, b: F.layer_norm(x, (6,), s, b), opset=17)
case("LayerNormalization", "no bias", {"x": normal(2, 3, 6), "scale": normal(6)}, lambda x, s: F.layer_norm(x, (6,), s), opset=17)
case("LayerNormalization", "two axes, epsilon 1e-3", {"x": normal(2, 3, 4), "scale": normal(3, 4), "b": normal(3, 4)},
     lambda x, s, b: F.layer_norm(x, (3, 4), s, b, 1e-3), attributes={"axis": 1, "epsilon": 1e-3}, opset=17)
case("GroupNormalization", "opset 21, 2 groups", {"x": normal(2, 4, 3, 3), "scale": normal(4), "b": normal(4)},
     lambda x, s, b: F.group_norm(x, 2, s, b), attributes={"num_groups": 2}, opset=21)
case("GroupNormalization", "opset 21, one group", {"x": normal(1, 4, 3, 2), "scale": normal(4), "b": normal(4)},
     lambda x, s, b: F.group_norm(x, 1, s, b, 1e-3), attributes={"num_groups": 1, "epsilon": 1e-3}, opset=21)
case("GroupNormalization", "opset 18: one scale per group", {"x": normal(2, 6, 3, 3), "scale": normal(2), "b": normal(2)},
     lambda x, s, b: F.group_norm(x, 2, s.repeat_interleave(3), b.repeat_interleave(3)), attributes={"num_groups": 2}, opset=18)
case("LRN", "the size alone", {"x": normal(2, 5, 3, 4, scale=20)}, lambda x: F.local_response_norm(x, 3), attributes={"size": 3})
case("LRN", "all attributes", {"x": normal(2, 6, 3, 2)}, lambda x: F.local_response_norm(x, 5, 2.5, 0.6, 1.5),
     attributes={"size": 5, "alpha": 2.5, "beta": 0.6, "bias": 1.5})
case("LRN", "more neighbours than channels", {"x": normal(1, 2, 3, 3)}, lambda x: F.local_response_norm(x, 5, 2, 0.75, 1),
     attributes={"size": 5, "alpha": 2.0})

# ------------------------------------------------------------------------------------------------- beyond the list
for equation, *shapes in (("bhid,bhjd->bhij", (2, 2, 3, 4), (2, 2, 5, 4)), ("nchw,oc->nohw", (2, 3, 2, 4), (5, 3)),
                          ("...c,cd->...d", (2, 3, 4), (4, 2)), ("ij,jk", (2, 3), (3, 4)), ("abc->b", (2, 3, 4)),
                          ("a,b,ab->", (3,), (2,), (3, 2))):
    case("Einsum", equation, {f"x{i}": normal(*shape) for i, shape in enumerate(shapes)},
         lambda *x, e=equation: torch.einsum(e, *x), attributes={"equation": equation})
for keep in (0, 1):
    case("ReduceLogSum", f"keepdims {keep}", {"x": uniform(2, 3, 4, low=0.3, high=2)}, lambda x, k=keep: torch.log(x.sum((0, 2), keepdim=bool(k))),
         attributes={"axes": [0, 2], "keepdims": keep})
    case("ReduceLogSumExp", f"keepdims {keep}", {"x": normal(2, 3, 4, scale=3)}, lambda x, k=keep: torch.logsumexp(x, (0, 2), keepdim=bool(k)),
         attributes={"axes": [0, 2], "keepdims": keep})

# ------------------------------------------------------------------------------------------------- several nodes
case("Several", "a value used three times", {"x": normal(2, 3)}, lambda x: x * torch.sigmoid(x) + x,
     nodes=[helper.make_node("Sigmoid", ["x"], ["s"], name="s"), helper.make_node("Mul", ["x", "s"], ["m"], name="m"),
            helper.make_node("Add", ["m", "x"], ["y"], name="y")])
case("Several", "shape arithmetic around a Reshape", {"x": normal(2, 3, 4)}, lambda x: torch.tanh(x.reshape(2, 12)),
     nodes=[helper.make_node("Shape", ["x"], ["s"], name="s"), helper.make_node("Gather", ["s", "zero"], ["n"], name="n"),
            helper.make_node("Unsqueeze", ["n", "axes"], ["n1"], name="n1"), helper.make_node("Concat", ["n1", "rest"], ["t"], name="t", axis=0),
            helper.make_node("Reshape", ["x", "t"], ["r"], name="r"), helper.make_node("Tanh", ["r"], ["y"], name="y")],
     constants={"zero": np.array(0, np.int64), "axes": i64(0), "rest": i64(-1)})
case("Several", "an output that is also used inside", {"x": normal(2, 3), "w": normal(3, 3)}, lambda x, w: (torch.tanh(x @ w), torch.tanh(x @ w).sum(1)),
     nodes=[helper.make_node("MatMul", ["x", "w"], ["m"], name="m"), helper.make_node("Tanh", ["m"], ["y0"], name="y0"),
            helper.make_node("ReduceSum", ["y0", "axes"], ["y1"], name="y1", keepdims=0)], constants={"axes": i64(1)}, outputs=2)
case("Several", "variance written out", {"x": normal(2, 4, 3)}, lambda x: (x - x.mean(1, keepdim=True)) / torch.sqrt(x.var(1, unbiased=False, keepdim=True) + 0.01),
     nodes=[helper.make_node("ReduceMean", ["x"], ["m"], name="m", axes=[1]), helper.make_node("Sub", ["x", "m"], ["d"], name="d"),
            helper.make_node("Pow", ["d", "two"], ["q"], name="q"), helper.make_node("ReduceMean", ["q"], ["v"], name="v", axes=[1]),
            helper.make_node("Add", ["v", "eps"], ["e"], name="e"), helper.make_node("Sqrt", ["e"], ["r"], name="r"),
            helper.make_node("Div", ["d", "r"], ["y"], name="y")], constants={"two": f32(2), "eps": f32(0.01)})

# ------------------------------------------------------------------------------------------------- places by index
def put(x, indices, updates, accumulate=False):
    return x.index_put(tuple(torch.as_tensor(indices).unbind(-1)), updates, accumulate=accumulate)


block = np.stack(np.meshgrid([0, 1], [1, 2], [0, 1, 2], indexing="ij"), -1).astype(np.int64)
loose = np.array([[0, 3], [1, 0], [1, 2]], np.int64)
for known in (True, False):
    where = "known" if known else "found while it runs"
    given = (lambda array: {"constants": {"indices": array}}) if known else (lambda array: {"fixed": {"indices": array}})

    def indexed(op, title, inputs, reference, array, order, known=known, given=given, where=where, **more):
        case(op, f"{title}, {where}", inputs, lambda *t, a=array, k=known: reference(*(t if k else t[:-1]), torch.tensor(a)), order=order, **given(array), **more)

    indexed("ScatterND", "a block", {"x": normal(2, 4, 3), "updates": normal(2, 2, 3)}, lambda x, u, i: put(x, i, u), block, ["x", "indices", "updates"], opset=16)
    indexed("ScatterND", "slices", {"x": normal(2, 4, 3), "updates": normal(3, 3)}, lambda x, u, i: put(x, i, u), loose, ["x", "indices", "updates"], opset=16)
    indexed("ScatterND", "added", {"x": normal(2, 4), "updates": normal(3)}, lambda x, u, i: put(x, i, u, True), np.array([[0, 3], [1, 0], [0, 3]], np.int64),
            ["x", "indices", "updates"], opset=16, attributes={"reduction": "add"})
    indexed("ScatterElements", "axis 1", {"x": normal(2, 4), "updates": normal(2, 2)}, lambda x, u, i: x.scatter(1, i, u), np.array([[3, 0], [1, 2]], np.int64),
            ["x", "indices", "updates"], attributes={"axis": 1}, opset=16)
    indexed("ScatterElements", "added", {"x": normal(2, 4), "updates": normal(2, 2)}, lambda x, u, i: x.scatter_add(1, i, u), np.array([[3, 3], [1, 2]], np.int64),
            ["x", "indices", "updates"], attributes={"axis": 1, "reduction": "add"}, opset=16)
    indexed("GatherElements", "axis 2", {"x": normal(2, 3, 4)}, lambda x, i: torch.gather(x, 2, i), np.array([[[0, 3, 3]] * 3, [[1, 2, 1]] * 3], np.int64),
            ["x", "indices"], attributes={"axis": 2})
    indexed("GatherND", "pairs", {"x": normal(2, 4, 3)}, lambda x, i: x[i[:, 0], i[:, 1]], np.array([[0, 3], [1, 0], [0, 3]], np.int64), ["x", "indices"])
case("Gather", "places found while it runs", {"x": normal(2, 5, 3)}, lambda x, i: x[:, i], fixed={"indices": np.array([[4, 0], [4, 2]], np.int64)}, attributes={"axis": 1})
case("TopK", "the largest", {"x": distinct(2, 5)}, lambda x: torch.topk(x, 2, 1), constants={"k": i64(2)}, outputs=2, used=[0])
case("TopK", "the smallest, axis 1", {"x": distinct(2, 5, 3)}, lambda x: torch.topk(x, 3, 1, largest=False), constants={"k": i64(3)}, outputs=2, used=[0],
     attributes={"axis": 1, "largest": 0})
for mode in ("bilinear", "nearest"):
    for padding in ("zeros", "border"):
        for aligned in (0, 1):
            case("GridSample", f"{mode}, {padding}, align_corners {aligned}", {"x": normal(2, 3, 4, 5), "grid": distinct(2, 3, 6, 2, spread=1.3)},
                 lambda x, grid, m=mode, p=padding, a=aligned: F.grid_sample(x, grid, m, p, bool(a)),
                 attributes={"mode": mode, "padding_mode": padding, "align_corners": aligned}, opset=16)

# ------------------------------------------------------------------------------------------------- look-ups without slope
def quantised(z, codebook):
    distance = (z**2).sum(1, keepdim=True) + (codebook**2).sum(1) - 2 * z @ codebook.t()
    q = codebook[distance.argmin(1)]
    return z + (q - z).detach()


codes = np.random.default_rng(5).standard_normal((7, 3)).astype(np.float32)
look_up = [helper.make_node("Transpose", ["codes"], ["turned"], name="turned"), helper.make_node("MatMul", ["z", "turned"], ["product"], name="product"),
           helper.make_node("Mul", ["product", "two"], ["twice"], name="twice"), helper.make_node("Mul", ["codes", "codes"], ["squares"], name="squares"),
           helper.make_node("ReduceSum", ["squares", "last"], ["lengths"], name="lengths", keepdims=0), helper.make_node("Sub", ["lengths", "twice"], ["distance"], name="distance"),
           helper.make_node("ArgMin", ["distance"], ["nearest"], name="nearest", axis=1, keepdims=0), helper.make_node("Gather", ["codes", "nearest"], ["q"], name="q")]
around = [helper.make_node("Sub", ["q", "z"], ["change"], name="change"), helper.make_node("Add", ["z", "change"], ["y"], name="y")]
for title, nodes in (("nearest entry, z + (q - z)", [*look_up, *around]),
                     ("nearest entry, used directly", [*look_up, helper.make_node("Identity", ["q"], ["y"], name="y")])):
    case("Several", title, {"z": normal(5, 3)}, lambda z: quantised(z, torch.tensor(codes.astype(np.float64))), nodes=nodes,
         constants={"codes": codes, "two": f32(2), "last": i64(1)})
case("Several", "rounding, z + (round(z) - z)", {"z": off(3, 4, points=(-1.5, -0.5, 0.5, 1.5))}, lambda z: torch.tanh(z + (torch.round(z) - z).detach()),
     nodes=[helper.make_node("Round", ["z"], ["q"], name="q"), helper.make_node("Sub", ["q", "z"], ["change"], name="change"),
            helper.make_node("Add", ["z", "change"], ["s"], name="s"), helper.make_node("Tanh", ["s"], ["y"], name="y")])

path = os.path.join(HERE, "ops.json")
write_json(path, {"made by": "tests/golden/graph/make_ops.py", "torch": torch.__version__}, cases)
print(f"{len(cases)} cases, {len({c['op'] for c in cases})} ops, {os.path.getsize(path)} bytes")
