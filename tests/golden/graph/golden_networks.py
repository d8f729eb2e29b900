"""What make_networks.py and make_architectures.py share: weights and data away from kinks, and the file of a network."""

import io

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import numpy_helper


def round_to_float32(module):
    """float64 parameters that float32 holds exactly."""
    module.float()
    module.double()
    return module


def randomise(module, generator):
    with torch.no_grad():
        for name, p in module.named_parameters():
            noise = torch.tensor(generator.standard_normal(p.shape))
            if p.dim() >= 2:
                fan_in = p[0].numel() if "table" not in name else 1
                p.copy_(noise * fan_in**-0.5)
            elif "norm" in name.lower() and name.endswith("weight"):
                p.copy_(1 + 0.2 * noise)
            else:
                p.copy_(0.2 * noise)
    return round_to_float32(module)


def margin_of(module, x):
    """Smallest distance of any activation from a kink: zeros of the rectifiers, ties of the max pools."""
    smallest = [np.inf]

    def before(layer, inputs):
        smallest[0] = min(smallest[0], inputs[0].abs().min().item())

    handles = [
        m.register_forward_pre_hook(before) for m in module.modules() if isinstance(m, (nn.ReLU, nn.LeakyReLU, nn.PReLU))
    ]
    pool = F.adaptive_max_pool2d

    def watched(y, size):
        k = (y.shape[2] // size[0], y.shape[3] // size[1])
        top = F.unfold(y.flatten(0, 1)[:, None], k, stride=k).topk(2, dim=1).values
        smallest[0] = min(smallest[0], (top[:, 0] - top[:, 1]).min().item())
        return pool(y, size)

    F.adaptive_max_pool2d = watched
    with torch.no_grad():
        y = module(x)
    F.adaptive_max_pool2d = pool
    for handle in handles:
        handle.remove()
    return smallest[0], y


def masked_l1(output, target, mask):
    return (mask * (output - target).abs()).mean()


def away_from_kinks(name, kind, size, seed, smooth=lambda module, x: True):
    """A network of this class, an input, a target and a mask.

    `smooth(module, x)` says whether what margin_of does not look at is far from kinks as well.
    """
    for attempt in range(300):
        random = np.random.default_rng(1000 * seed + attempt)
        torch.manual_seed(seed)
        module = randomise(kind().eval(), random)
        x = torch.tensor(random.uniform(0, 1, (1, 3, *size)).astype(np.float32)).double()
        margin, y = margin_of(module, x)
        if margin > 3e-5 and smooth(module, x):
            break
    else:
        raise RuntimeError(f"{name}: no smooth point found")
    # Residuals of at least 0.05: the absolute value has no kink near them.
    step = random.uniform(0.05, 0.5, y.shape) * random.choice([-1.0, 1.0], y.shape)
    target = torch.tensor((y.numpy() + step).astype(np.float32)).double()
    mask = torch.tensor(random.uniform(0, 1, (1, 1, *y.shape[2:])).astype(np.float32)).double()
    return module, x, target, mask, margin


def export(module, x, path, tidy, **options):
    """Writes the network as ONNX, after `tidy(graph)`."""
    module.float()
    file = io.BytesIO()
    torch.onnx.export(module, (x.float(),), file, input_names=["input"], output_names=["output"], **options)
    module.double()
    model = onnx.load_model_from_string(file.getvalue())
    tidy(model.graph)
    onnx.checker.check_model(model)
    with open(path, "wb") as out:
        out.write(model.SerializeToString())
    return model


def parameters_of_initializers(model, module, may_miss):
    """The exporter renames, transposes and reshapes some parameters: found again by value."""
    named = {name: p.detach().numpy() for name, p in module.named_parameters()}
    found, used = {}, set()
    for initializer in model.graph.initializer:
        array = numpy_helper.to_array(initializer)
        if array.dtype != np.float32 or array.size < 2:
            continue
        for name, p in named.items():
            if p.size != array.size:
                continue
            if np.array_equal(p.reshape(-1).astype(np.float32), array.reshape(-1)):
                found[initializer.name] = [name, False]
            elif p.ndim == 2 and p.T.shape == array.shape and np.array_equal(p.T.astype(np.float32), array):
                found[initializer.name] = [name, True]
            else:
                continue
            used.add(name)
    missing = set(named) - used
    assert all(may_miss(name) for name in missing), missing
    return found
