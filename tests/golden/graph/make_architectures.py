"""Makes architectures.json and the .onnx files in architectures/: the networks of architectures*.py with PyTorch's gradients.

    python3 tests/golden/graph/make_architectures.py [NAME...]          (torch, onnx, numpy)

As make_networks.py: random weights, gradients of sum(mask * |network(x) - target|) / size in float64, those of
quantised networks with PyTorch's detach. Exported once each, at opset 17, as people do: some with free batch and sizes,
some for one picture of one size.
"""

import os
import sys

import numpy as np
import onnx
import torch

import architectures
import architectures_attention as attention
import architectures_convolutional as convolutional
from golden_format import encode, write_json
from golden_networks import away_from_kinks, export, masked_l1, parameters_of_initializers

HERE = os.path.dirname(os.path.abspath(__file__))

# name: class, height and width, whether batch and sizes stay free in the file.
ALL = {
    "hat": (architectures.HAT, (8, 12), True),
    "dat": (architectures.DAT, (8, 12), False),
    "rgt": (architectures.RGT, (8, 8), True),
    "srformer": (architectures.SRFormer, (8, 12), False),
    "swin2sr": (architectures.Swin2SR, (12, 8), True),
    "dysample": (architectures.DySample, (8, 10), False),
    "nafnet": (architectures.NAFNet, (8, 10), True),
    "seemore": (architectures.SeeMoRe, (8, 10), True),
    "femasr": (architectures.FeMaSR, (8, 8), True),
    "sinsr": (architectures.SinSR, (8, 8), False),
    "osediff": (architectures.OSEDiff, (8, 8), False),
    "rcan": (convolutional.RCAN, (6, 8), True),
    "mosr": (convolutional.MoSR, (6, 8), False),
    "moesr": (convolutional.MoESR, (7, 9), True),
    "mirnet": (convolutional.MIRNet, (8, 8), False),
    "realcugan": (convolutional.RealCUGAN, (14, 16), True),
    "drct": (attention.DRCT, (8, 8), False),
    "omnisr": (attention.OmniSR, (12, 12), False),
    "craft": (attention.CRAFT, (8, 8), False),
    "fdat": (attention.FDAT, (6, 9), False),
    "grl": (attention.GRL, (8, 8), False),
    "restormer": (attention.Restormer, (6, 8), True),
    "uformer": (attention.Uformer, (8, 8), False),
}


FREE = {"input": {0: "batch", 2: "height", 3: "width"}, "output": {0: "batch", 2: "tall", 3: "wide"}}


def choice_margin(module, x):
    """How clearly choices are made: by how much the nearest entry of a codebook, or the last expert taken, wins."""
    margins, argmin, topk = [np.inf], torch.argmin, torch.topk

    def watched_argmin(values, axis):
        two = topk(values, 2, dim=axis, largest=False).values
        margins.append((two[:, 1] - two[:, 0]).min().item())
        return argmin(values, axis)

    def watched_topk(values, k, dim=-1):
        more = topk(values, k + 1, dim=dim).values
        margins.append((more[:, :-1] - more[:, 1:]).min().item())
        return topk(values, k, dim=dim)

    torch.argmin, torch.topk = watched_argmin, watched_topk
    with torch.no_grad():
        module(x)
    torch.argmin, torch.topk = argmin, topk
    return min(margins)


def shorten(graph, names):
    """Short names for values and none for nodes: most of such a small file would be names."""
    del graph.value_info[:]
    for node in graph.node:
        for field in ("doc_string", "name", "metadata_props"):
            node.ClearField(field)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                shorten(attribute.g, names)
        for values in (node.input, node.output):
            for i, name in enumerate(values):
                if name:
                    values[i] = names.setdefault(name, f"v{len(names)}")
    for value in graph.output:
        value.name = names.get(value.name, value.name)


def tidy(graph):
    kept = {"input", "output", *(each.name for each in graph.initializer)}
    shorten(graph, {name: name for name in kept})


def case(name):
    kind, size, free = ALL[name]
    seed = 100 + list(ALL).index(name)
    module, x, target, mask, _ = away_from_kinks(name, kind, size, seed, lambda m, y: choice_margin(m, y) > 1e-3)
    # Tensors that forward makes anew have the type of the parameters.
    torch.set_default_dtype(torch.float64)
    x.requires_grad_(True)
    named = list(module.named_parameters())
    output = module(x)
    loss = masked_l1(output, target, mask)
    grads = torch.autograd.grad(loss, [x, *(p for _, p in named)], allow_unused=True)
    # PyTorch's own derivative is checked by differences: it has been wrong. Straight through a codebook it is none.
    quantised = any(isinstance(each, architectures.Quantiser) for each in module.modules())
    with torch.no_grad():
        step = 1e-7 * grads[0] / grads[0].norm()
        rise = masked_l1(module(x + step), target, mask) - masked_l1(module(x - step), target, mask)
    assert quantised or abs(rise.item() / (2e-7 * grads[0].norm().item()) - 1) < 1e-4, (name, rise)
    torch.set_default_dtype(torch.float32)
    file = f"architectures/{name}.onnx"
    options = {"dynamic_axes": FREE} if free else {}
    model = export(module, x.detach(), os.path.join(HERE, file), tidy, opset_version=17, dynamo=False, **options)
    # The exporter folds tables of positions and, with the convolution before it, what is a BatchNorm in training.
    found = parameters_of_initializers(model, module, lambda missing: True)
    assert len({each for each, _ in found.values()}) > len(named) // 2
    gradients = {n: encode(g.numpy()) for (n, _), g in zip(named, grads[1:]) if g is not None}
    print(name, os.path.getsize(os.path.join(HERE, file)), "bytes,", sum(p.numel() for _, p in named), "parameters,",
          "no gradient:", [n for (n, _), g in zip(named, grads[1:]) if g is None],
          "not in the file:", sorted({n for n, _ in named} - {n for n, _ in found.values()}),
          sorted({n.op_type for n in model.graph.node}))
    return {
        "name": name,
        "parameters": sum(p.numel() for _, p in named),
        "exports": {"plain": {"file": file, "opset": 17, "parameters": {k: v for k, v in found.items() if v[0] in gradients}}},
        "input": encode(x.detach().numpy()),
        "target": encode(target.numpy()),
        "mask": encode(mask.numpy()),
        "output": encode(output.detach().numpy()),
        "loss": loss.item(),
        "input gradient": encode(grads[0].numpy()),
        "gradients": gradients,
    }


if __name__ == "__main__":
    os.makedirs(os.path.join(HERE, "architectures"), exist_ok=True)
    wanted = sys.argv[1:] or list(ALL)
    cases = [case(name) for name in wanted]
    if wanted == list(ALL):
        head = {"made by": "tests/golden/graph/make_architectures.py", "torch": torch.__version__}
        write_json(os.path.join(HERE, "architectures.json"), head, cases)
