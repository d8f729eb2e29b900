"""Runs a feed-forward ONNX graph in PyTorch, differentiably: other people's networks, the LPIPS judge, our own exports.

Only the ops that such graphs use. It doubles as a second opinion on an export, beside ONNX Runtime."""
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import numpy_helper


def _pads(x, pads, value=0.0):
    """ONNX order: all begins, then all ends."""
    n = len(pads) // 2
    if not any(pads):
        return x
    flat = []
    for k in reversed(range(n)):
        flat += [pads[k], pads[k + n]]
    return F.pad(x, flat, value=value)


def _axes(x, a):
    """An attribute up to opset 17 (ReduceMean) or 12 (ReduceSum), an input since."""
    return x[1].tolist() if len(x) > 1 else a["axes"]


def _ceil_pool(x, a):
    return F.max_pool2d(x, a["kernel_shape"], a.get("strides", [1, 1]), ceil_mode=bool(a.get("ceil_mode", 0)))


class OnnxNet(nn.Module):
    """forward(*inputs) -> tuple of outputs (or the one output). Large float initializers become buffers."""

    def __init__(self, path):
        super().__init__()
        g = onnx.load(path).graph
        self.constants = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in g.initializer}
        self.inputs = [i.name for i in g.input if i.name not in self.constants]
        self.outputs = [o.name for o in g.output]
        self.nodes = [(n.op_type, list(n.input), list(n.output), {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute}) for n in g.node]

    def to(self, device):
        self.constants = {k: v.to(device) for k, v in self.constants.items()}
        return self

    def channels_last(self):
        self.constants = {k: v.contiguous(memory_format=torch.channels_last) if v.dim() == 4 else v for k, v in self.constants.items()}
        return self

    def forward(self, *values):
        v = dict(self.constants)
        v.update(zip(self.inputs, values))
        for op, ins, outs, a in self.nodes:
            x = [v[i] if i else None for i in ins]
            v[outs[0]] = self._run(op, x, a)
        result = tuple(v[o] for o in self.outputs)
        return result if len(result) > 1 else result[0]

    @staticmethod
    def _run(op, x, a):
        if op == "Conv":
            y, p = x[0], a.get("pads", [0, 0, 0, 0])
            if p[0] == p[2] and p[1] == p[3]:
                pad = (p[0], p[1])
            else:
                y, pad = F.pad(y, (p[1], p[3], p[0], p[2])), 0
            return F.conv2d(y, x[1], x[2] if len(x) > 2 else None, a.get("strides", 1), pad, a.get("dilations", 1), a.get("group", 1))
        if op == "Relu":
            return F.relu(x[0])
        if op == "LeakyRelu":
            return F.leaky_relu(x[0], a.get("alpha", 0.01))
        if op == "PRelu":
            return F.prelu(x[0], x[1].flatten())
        if op == "Sigmoid":
            return torch.sigmoid(x[0])
        if op == "Tanh":
            return torch.tanh(x[0])
        if op == "Add":
            return x[0] + x[1]
        if op == "Sub":
            return x[0] - x[1]
        if op == "Mul":
            return x[0] * x[1]
        if op == "Div":
            return x[0] / x[1]
        if op == "Pow":
            return x[0] ** x[1]
        if op == "Sqrt":
            return torch.sqrt(x[0])
        if op == "Log":
            return torch.log(x[0])
        if op == "Exp":
            return torch.exp(x[0])
        if op == "Reciprocal":
            return 1 / x[0]
        if op == "MatMul":
            return x[0] @ x[1]
        if op == "Gemm":
            y = a.get("alpha", 1.0) * (x[0].T if a.get("transA") else x[0]) @ (x[1].T if a.get("transB") else x[1])
            return y + a.get("beta", 1.0) * x[2] if len(x) > 2 else y
        if op == "Concat":
            return torch.cat(x, a["axis"])
        if op == "MaxPool":
            return _ceil_pool(x[0], a)
        if op == "AveragePool":
            p = a.get("pads", [0, 0, 0, 0])
            return F.avg_pool2d(x[0], a["kernel_shape"], a.get("strides", [1, 1]), (p[0], p[1]), count_include_pad=bool(a.get("count_include_pad", 0)))
        if op == "DepthToSpace":
            if a.get("mode", b"DCR") not in (b"CRD", "CRD"):
                n, c, h, w = x[0].shape
                b = a["blocksize"]
                return x[0].reshape(n, b, b, c // b ** 2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // b ** 2, h * b, w * b)
            return F.pixel_shuffle(x[0], a["blocksize"])
        if op == "SpaceToDepth":
            n, c, h, w = x[0].shape
            b = a["blocksize"]
            return x[0].reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)
        if op == "Resize":
            return F.interpolate(x[0], scale_factor=[float(s) for s in x[2][2:]], mode="nearest")
        if op == "ReduceMean":
            return x[0].mean(_axes(x, a), keepdim=bool(a.get("keepdims", 1)))
        if op == "ReduceSum":
            return x[0].sum(_axes(x, a), keepdim=bool(a.get("keepdims", 1)))
        if op == "Reshape":
            return x[0].reshape([int(i) if i else x[0].shape[k] for k, i in enumerate(x[1].tolist())])
        if op == "Unsqueeze":
            y = x[0]
            for d in x[1].tolist():
                y = y.unsqueeze(d)
            return y
        if op == "Flatten":
            return x[0].flatten(a.get("axis", 1))
        if op == "Pad":
            p, mode = x[1].tolist(), a.get("mode", b"constant")
            if mode == b"reflect":
                return F.pad(x[0], (p[3], p[7], p[2], p[6]), mode="reflect")
            return _pads(x[0], p, float(x[2]) if len(x) > 2 and x[2] is not None else 0.0)
        if op == "Clip":
            return x[0].clamp(float(x[1]) if x[1] is not None else None, float(x[2]) if len(x) > 2 else None)
        if op in ("Identity", "Dropout"):
            return x[0]
        if op == "Constant":
            return torch.from_numpy(numpy_helper.to_array(a["value"]).copy())
        raise NotImplementedError(f"ONNX op {op}")
