"""Writes the networks as ONNX graphs by hand (opset 17): only the ops meant, initializers under their state_dict names,
every dimension but the channels dynamic, no shape arithmetic."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import networks


class Graph:
    """A little builder: each method adds a node and returns the name of its output."""

    def __init__(self, name):
        self.name, self.nodes, self.initializers, self.known = name, [], [], set()

    def constant(self, name, value, dtype=np.float32):
        if name not in self.known:
            self.known.add(name)
            self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(np.asarray(value, dtype)), name))
        return name

    def weight(self, name, tensor):
        return self.constant(name, tensor.detach().cpu().float().contiguous().numpy())

    def op(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def conv(self, x, name, layer, output=None):
        k, s, p = layer.kernel_size, layer.stride, layer.padding
        inputs = [x, self.weight(f"{name}.weight", layer.weight)]
        if layer.bias is not None:
            inputs.append(self.weight(f"{name}.bias", layer.bias))
        return self.op("Conv", inputs, output or f"{name}.out", kernel_shape=list(k), strides=list(s), pads=[p[0], p[1], p[0], p[1]], dilations=[1, 1], group=layer.groups)

    def leaky(self, x, output, slope):
        return self.op("LeakyRelu", [x], output, alpha=slope)

    def save(self, path, inputs, outputs, metadata):
        value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        g = helper.make_graph(self.nodes, self.name, [value(*i) for i in inputs], [value(*o) for o in outputs], self.initializers)
        m = helper.make_model(g, producer_name="lway-training", opset_imports=[helper.make_opsetid("", 17)])
        m.ir_version = 8
        helper.set_model_props(m, {k: str(v) for k, v in metadata.items()})
        onnx.checker.check_model(m)
        onnx.save(m, path)


def super_resolver(net, path, name, metadata):
    g, s = Graph(name), net.scale
    x = g.op("Sub", ["lr", g.constant("centre", 0.5)], "centred")
    f = g.conv(x, "head", net.head)
    for i, block in enumerate(net.body):
        y = g.conv(f, f"body.{i}.a", block["a"])
        y = g.leaky(y, f"body.{i}.a.act", networks.SLOPE)
        y = g.conv(y, f"body.{i}.b", block["b"])
        f = g.op("Add", [f, y], f"body.{i}.sum")
    y = g.leaky(f, "tail.act", networks.SLOPE)
    y = g.conv(y, "tail", net.tail)
    y = g.op("DepthToSpace", [y], "detail", blocksize=s, mode="CRD")
    skip = g.op("Resize", ["lr", "", g.constant("skip.scales", [1, 1, s, s])], "skip", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    g.op("Add", [y, skip], "sr")
    g.save(path, [("lr", ["n", 3, "h", "w"])], [("sr", ["n", 3, f"{s}*h", f"{s}*w"])], {**metadata, "scale": s, "width": net.width, "blocks": net.blocks})


def encoder(net, path, name, metadata):
    import torch
    g = Graph(name)
    f = g.op("Conv", ["lr", g.weight("input_weight", net.input_weight), g.weight("input_bias", net.input_bias)], "seen", kernel_shape=[3, 3], strides=[1, 1], pads=[0, 0, 0, 0], dilations=[1, 1], group=1)
    pooled = []
    for i, c in enumerate(net.convs):
        f = g.leaky(g.conv(f, f"convs.{i}", c), f"convs.{i}.act", networks.SLOPE)
        if i in net.POOLED:
            mean = g.op("ReduceMean", [f], f"pool.{i}.mean", axes=[2, 3], keepdims=1)
            d = g.op("Sub", [f, mean], f"pool.{i}.deviation")
            v = g.op("ReduceMean", [g.op("Mul", [d, d], f"pool.{i}.squared")], f"pool.{i}.variance", axes=[2, 3], keepdims=1)
            v = g.op("Log", [g.op("Add", [v, g.constant("eps", 1e-5)], f"pool.{i}.eps")], f"pool.{i}.log")
            pooled += [mean, g.op("Mul", [v, g.constant("half", 0.5)], f"pool.{i}.spread")]
    # weighted means: values [n,h*c] and their weights, repeated c times by a 1x1 convolution
    each = net.VALUES // net.HEADS
    repeat = torch.zeros(net.VALUES, net.HEADS, 1, 1)
    for v in range(net.VALUES):
        repeat[v, v // each] = 1
    gate = g.op("Exp", [g.op("Clip", [g.conv(f, "gate", net.gate), g.constant("gate.least", -8.0), g.constant("gate.most", 8.0)], "gate.clipped")], "gates")
    weight = g.op("Conv", [gate, g.weight("gate.repeat", repeat)], "gate.repeated", kernel_shape=[1, 1], strides=[1, 1], pads=[0, 0, 0, 0], dilations=[1, 1], group=1)
    total = g.op("ReduceMean", [weight], "gate.total", axes=[2, 3], keepdims=1)
    told = g.op("ReduceMean", [g.op("Mul", [g.conv(f, "value", net.value), weight], "value.weighted")], "value.mean", axes=[2, 3], keepdims=1)
    pooled.append(g.op("Div", [told, total], "told"))
    p = g.op("Flatten", [g.op("Concat", pooled, "pooled", axis=1)], "pooled.flat", axis=1)
    h = g.op("Gemm", [p, g.weight("hidden.weight", net.hidden.weight), g.weight("hidden.bias", net.hidden.bias)], "hidden.out", transB=1)
    h = g.leaky(h, "hidden.act", networks.SLOPE)
    g.op("Gemm", [h, g.weight("out.weight", net.out.weight), g.weight("out.bias", net.out.bias)], "embedding", transB=1)
    g.save(path, [("lr", ["n", 3, "h", "w"])], [("embedding", ["n", net.out.out_features])], metadata)


def reconstructor(net, path, name, metadata):
    """For a constant embedding every Gemm, MatMul and per-channel Mul is constant, and the graph is plain convolutions."""
    import torch
    g, s, k = Graph(name), net.scale, net.kernels
    plane = lambda t, name: g.op("Unsqueeze", [t, g.constant("plane", [2, 3], np.int64)], name)
    area = g.op("AveragePool", ["hr"], "area", kernel_shape=[s, s], strides=[s, s])
    depth = g.op("SpaceToDepth", [g.op("Sub", ["hr", g.constant("centre", 0.5)], "centred")], "depth", blocksize=s)
    # the colour-shared kernels as one dense convolution: SpaceToDepth channel (phase * 3 + colour) -> colour * k + kernel
    shared = net.kernel_weight().detach()
    dense = torch.zeros(3 * k, 3 * s * s, 5, 5)
    total = torch.zeros(3, 3 * k, 1, 1)
    for c in range(3):
        dense[c * k:(c + 1) * k, c::3] = shared
        total[c, c * k:(c + 1) * k] = 1
    y = g.op("Conv", [depth, g.weight("kernels.weight", dense)], "kernels.out", kernel_shape=[5, 5], strides=[1, 1], pads=[2, 2, 2, 2], dilations=[1, 1], group=1)
    mix = g.op("Gemm", ["embedding", g.weight("mix.weight", net.mix.weight.detach().repeat(3, 1)), g.weight("mix.bias", net.mix.bias.detach().repeat(3))], "mix.out", transB=1)
    y = g.op("Mul", [y, plane(mix, "mix.plane")], "kernels.mixed")
    y = g.op("Conv", [y, g.weight("total.weight", total)], "linear", kernel_shape=[1, 1], strides=[1, 1], pads=[0, 0, 0, 0], dilations=[1, 1], group=1)
    low = g.op("Add", [area, y], "low")
    x = g.conv(depth, "first", net.first)
    seen = g.conv(g.op("Sub", [low, "centre"], "low.centred"), "seen", net.seen)
    x = g.op("Add", [x, seen], "start")
    for i, (m, p) in enumerate(zip(net.modulated, net.plain)):
        n = f"modulated.{i}"
        style = g.op("Gemm", ["embedding", g.weight(f"{n}.style.weight", m.style.weight), g.weight(f"{n}.style.bias", m.style.bias)], f"{n}.style", transB=1)
        power = g.op("MatMul", [g.op("Mul", [style, style], f"{n}.style.squared"), g.weight(f"{n}.power", (m.weight.detach() ** 2).sum([2, 3]).T)], f"{n}.energy")
        demod = g.op("Reciprocal", [g.op("Sqrt", [g.op("Add", [power, g.constant("eps", 1e-6)], f"{n}.energy.eps")], f"{n}.norm")], f"{n}.demod")
        y = g.op("Mul", [x, plane(style, f"{n}.style.plane")], f"{n}.in")
        y = g.op("Conv", [y, g.weight(f"{n}.weight", m.weight)], f"{n}.conv", kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1], dilations=[1, 1], group=1)
        y = g.op("Mul", [y, plane(demod, f"{n}.demod.plane")], f"{n}.out")
        y = g.op("Add", [y, g.weight(f"{n}.bias", m.bias.detach()[None, :, None, None])], f"{n}.biased")
        y = g.conv(g.leaky(y, f"{n}.act", networks.SLOPE), f"plain.{i}", p)
        x = g.op("Add", [x, y], f"block.{i}")
    z = g.conv(x, "last", net.last)
    box = torch.zeros(3, 3, 9, 9)
    for c in range(3):
        box[c, c] = 1 / 81
    mean = g.op("Conv", [z, g.weight("box.weight", box)], "rest.mean", kernel_shape=[9, 9], strides=[1, 1], pads=[4, 4, 4, 4], dilations=[1, 1], group=1)
    g.op("Add", [low, g.op("Sub", [z, mean], "rest")], "lr")
    g.save(path, [("hr", ["n", 3, f"{s}*h", f"{s}*w"]), ("embedding", ["n", net.mix.in_features])], [("lr", ["n", 3, "h", "w"])], {**metadata, "scale": s})


def start(weight, bias, offsets, path, name, metadata):
    """embedding [1,d] -> share [1] = sigmoid(weight . embedding + bias), and share times each of `offsets` under its name.
    Single precision: not every GPU that runs WebGPU has half."""
    g = Graph(name)
    share = g.op("Gemm", ["embedding", g.constant("chooser.weight", weight.numpy()[:, None]), g.constant("chooser.bias", bias.numpy().reshape(1))], "logit")
    share = g.op("Reshape", [g.op("Sigmoid", [share], "probability"), g.constant("one", [1], np.int64)], "share")
    outputs = [("share", [1])]
    for k, v in offsets.items():
        g.op("Mul", [g.weight(f"{k}.direction", v), share], k)
        outputs.append((k, list(v.shape)))
    g.save(path, [("embedding", [1, len(weight)])], outputs, metadata)


def estimate(weight, bias, seen, floor, path, name, metadata):
    """embedding [1,d], detail [1,s] -> noise [1] in 8-bit steps, compression [1]: 0..100, blur [1] in LR pixels. weight [d,3] and
    bias [3] give the logarithm of noise + floor, the compression and the logarithm of the blur; the noise has `seen` [2s,1] of
    the detail and its squares as well."""
    g = Graph(name)
    g.constant("floor", [floor])
    squared = g.op("Concat", ["detail", g.op("Mul", ["detail", "detail"], "detail.squared")], "detail.both", axis=1)
    for k, out in enumerate(("noise", "compression", "blur")):
        y = g.op("Gemm", ["embedding", g.weight(f"{out}.weight", weight[:, k:k + 1]), g.weight(f"{out}.bias", bias[k:k + 1])], f"{out}.told")
        if out == "noise":
            y = g.op("Add", [y, g.op("MatMul", [squared, g.weight("noise.seen", seen)], "noise.seen.told")], "noise.all")
        y = g.op("Reshape", [y, g.constant("one", [1], np.int64)], f"{out}.flat")
        if out != "compression":
            y = g.op("Exp", [y], f"{out}.exp")
        if out == "noise":
            y = g.op("Sub", [y, "floor"], "noise.steps")
        g.op("Clip", [y, g.constant("least", 0.0), g.constant("most", 100.0)], out)
    g.save(path, [("embedding", [1, weight.shape[0]]), ("detail", [1, seen.shape[0] // 2])], [("noise", [1]), ("compression", [1]), ("blur", [1])], metadata)


def offsets(state, path, name, metadata):
    """Offsets to another network's weights, by name, in half precision: half the size, and the network that comes of them
    differs by less than its result's rounding. Nothing is computed: the picture goes through."""
    g = Graph(name)
    for k, v in state.items():
        if v.dim() == 1 and k.startswith("acts."):
            v = v[:, None, None]
        g.initializers.append(numpy_helper.from_array(v.detach().cpu().numpy().astype(np.float16), k))
    g.op("Identity", ["lr"], "sr")
    g.save(path, [("lr", ["n", 3, "h", "w"])], [("sr", ["n", 3, "h", "w"])], metadata)
