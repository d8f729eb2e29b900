"""Initial weights from a checkpoint of ours or from a shipped ONNX file (initializer names are the state_dict's)."""
import torch

from . import metrics


def read(path):
    if path.endswith(".onnx"):
        return {k: v for k, v in metrics.initializers(path).items()}
    state = torch.load(path, map_location="cpu")
    return state.get("ema", state)


def load(net, path, skip=()):
    """Loads what is there; every weight of `net` outside `skip` must be found with its shape."""
    have = read(path)
    own = net.state_dict()
    take = {k: have[k].reshape(v.shape) for k, v in own.items() if k in have and have[k].numel() == v.numel() and not k.startswith(tuple(skip))}
    missing = [k for k in own if k not in take and not k.startswith(tuple(skip))]
    if missing:
        raise SystemExit(f"{path} lacks {missing[:4]}")
    own.update(take)
    net.load_state_dict(own)


def load_reconstructor(net, path):
    """R from its ONNX file, where the shared kernels are stored as one dense convolution (export.reconstructor)."""
    have = metrics.initializers(path)
    k, s = net.kernels, net.scale
    dense = have["kernels.weight"][:k, 0::3].reshape(k, s, s, 5, 5)
    have["basis"] = dense.permute(0, 3, 1, 4, 2).reshape(k, 5 * s, 5 * s)
    have["mix.weight"], have["mix.bias"] = have["mix.weight"][:k], have["mix.bias"][:k]
    own = net.state_dict()
    for name, v in own.items():
        if name != "box":
            own[name] = have[name].reshape(v.shape)
    net.load_state_dict(own)
