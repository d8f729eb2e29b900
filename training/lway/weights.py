"""Initial weights from a checkpoint of ours or from a shipped ONNX file (initializer names are the state_dict's)."""
import torch

from . import metrics


def read(path):
    if path.endswith(".onnx"):
        return {k: v for k, v in metrics.initializers(path).items()}
    state = torch.load(path, map_location="cpu")
    return state.get("ema", state)


def halve_tail(state):
    """x4 -> x2: the new tail gives the mean of each 2x2 block of the old one's result, exactly. The losses of a picture
    are the same on the LR grid whatever the scale, so this is a good x2 network before any training."""
    for k in ("tail.weight", "tail.bias"):
        t = state[k]
        s = int((t.shape[0] // 3) ** 0.5)
        t = t.reshape(3, s // 2, 2, s // 2, 2, *t.shape[1:]).mean((2, 4))
        state[k] = t.reshape(3 * (s // 2) ** 2, *t.shape[3:])


def halve_reconstructor(state, prefix=""):
    """x4 -> x2: gives what the x4 reconstructor makes of the picture enlarged twice by repetition, exactly."""
    b = state[prefix + "basis"] - state[prefix + "basis"].mean([1, 2], keepdim=True)
    k, side = b.shape[0], b.shape[1]
    state[prefix + "basis"] = b.reshape(k, side // 2, 2, side // 2, 2).sum((2, 4))
    w = state[prefix + "first.weight"]
    s = int((w.shape[1] // 3) ** 0.5)
    w = w.reshape(w.shape[0], s // 2, 2, s // 2, 2, 3, *w.shape[2:]).sum((2, 4))
    state[prefix + "first.weight"] = w.reshape(w.shape[0], -1, *w.shape[4:])


def load(net, path, skip=()):
    """Loads what is there; every weight of `net` outside `skip` must be found with its shape."""
    have = read(path)
    own = net.state_dict()
    if "tail.weight" in own and have["tail.weight"].shape[0] == 4 * own["tail.weight"].shape[0]:
        halve_tail(have)
    for prefix in ("", "R."):
        if prefix + "basis" in own and have.get(prefix + "basis", own[prefix + "basis"]).shape[1] == 2 * own[prefix + "basis"].shape[1]:
            halve_reconstructor(have, prefix)
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
