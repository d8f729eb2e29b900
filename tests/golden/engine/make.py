"""Expected pixels of the engine for tiny-x2.onnx, computed with NumPy in float64 and nothing of the engine.

    npx jest --selectProjects=unit --runTestsByPath tests/engine/engine-devices.test.ts   # checks them
    python3 tests/golden/engine/make.py                                                  # makes them (numpy, onnx)

The network is written down in tests/engine/upscaling/tiny-networks.ts; here it is computed again from the weights in
the file: nearest neighbour, two 3x3 convolutions, the added colour error. The picture is padded by reflection.
"""

import json
import pathlib

import numpy as np
import onnx
from onnx import numpy_helper

here = pathlib.Path(__file__).parent
graph = onnx.load(str(here / "tiny-x2.onnx")).graph
weights = [numpy_helper.to_array(t).astype(np.float64) for t in graph.initializer]
kernels = [w for w in weights if w.ndim == 4]
biases = [w for w in weights if w.ndim == 1 and w.size in (kernels[0].shape[0], kernels[1].shape[0]) and w.size != 4]

width, height, margin, scale = 20, 16, 4, 2
c, y, x = np.meshgrid(np.arange(3), np.arange(height), np.arange(width), indexing="ij")
picture = 0.5 + 0.45 * np.sin(0.7 * x + c) * np.cos(0.9 * y - 2 * c)


def conv(image, kernel, bias):
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    result = np.zeros((kernel.shape[0], *image.shape[1:]))
    for dy in range(3):
        for dx in range(3):
            window = padded[:, dy : dy + image.shape[1], dx : dx + image.shape[2]]
            result += np.einsum("oi,ihw->ohw", kernel[:, :, dy, dx], window)
    return result + bias[:, None, None]


def depth_to_space(image):
    # ONNX mode DCR: the block position is the slowest part of the channel number.
    channels = image.shape[0] // scale**2
    blocks = image.reshape(scale, scale, channels, *image.shape[1:])
    return blocks.transpose(2, 3, 0, 4, 1).reshape(channels, image.shape[1] * scale, image.shape[2] * scale)


image = np.pad(picture, ((0, 0), (margin, margin), (margin, margin)), mode="reflect")
repeated = image.repeat(scale, 1).repeat(scale, 2)
detail = conv(np.maximum(conv(image, kernels[0], biases[0]), 0), kernels[1], biases[1])
result = repeated + depth_to_space(detail) + np.clip(repeated[0] - repeated[2] - 0.32, 0, 0.1)
result = np.clip(result, 0, 1)[:, scale * margin : -scale * margin, scale * margin : -scale * margin]
expected = {"width": width, "height": height, "scale": scale, "values": [round(float(v), 6) for v in result.ravel()]}
(here / "tiny-x2.json").write_text(json.dumps(expected) + "\n")
print(result.shape, result.min(), result.max())
