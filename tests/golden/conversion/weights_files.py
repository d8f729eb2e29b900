"""Files of weights as they are in circulation, and what the makers of the golden files share."""

import base64
import io
import json
import pathlib
import struct

import numpy as np
import torch

here = pathlib.Path(__file__).parent


def saved(value, legacy=False):
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def safetensors(state):
    kinds = {torch.float32: "F32", torch.float16: "F16", torch.int64: "I64", torch.bfloat16: "BF16"}
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in state.items():
        raw = tensor.contiguous().view(torch.uint8 if tensor.dim() else tensor.dtype).numpy().tobytes()
        header[name] = {
            "dtype": kinds[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def encode(array):
    array = np.asarray(array, dtype=np.float32)
    return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


cases = []


def case(name, file, to_bytes, network, architecture, scale, half=False, shape=(1, 3, 4, 8), gradients=False):
    network = network.double().eval()
    with torch.no_grad():
        for value in [*network.parameters(), *network.buffers()]:
            # What the file holds is what the answer is computed with.
            value.copy_(value.half().double() if half else value.float().double())
    state = {
        key: value if not value.is_floating_point() else value.half() if half else value.float()
        for key, value in network.state_dict().items()
    }
    x = torch.rand(*shape)
    y = network(x.double())
    cases.append({
        "name": name, "file": file, "architecture": architecture, "scale": scale,
        "bytes": base64.b64encode(to_bytes(state)).decode(), "input": encode(x), "output": encode(y.detach()),
    })
    if gradients:
        # Far enough from the answer for the absolute value to have no kink near it.
        step = (torch.rand(*y.shape) * 0.45 + 0.05) * (torch.randint(2, y.shape) * 2 - 1)
        target = (y.detach() + step).float()
        (y - target.double()).abs().mean().backward()
        cases[-1]["target"] = encode(target)
        cases[-1]["gradients"] = {key: encode(value.grad) for key, value in network.named_parameters()}


def write(file):
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases)
    (here / file).write_text('{"cases": [\n' + lines + "\n]}\n")
    print((here / file).stat().st_size, "bytes")
