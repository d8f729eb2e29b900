#!/usr/bin/env python3
"""Makes golden.json: PSNR and SSIM of scikit-image on pictures drawn by whole-number formulas.

  python3 tests/golden/metrics/make_golden.py

The same pictures are drawn by tests/cli/metrics/pictures.ts. Made with scikit-image 0.19.3, numpy 1.24.2.
"""
import json
import os

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

BORDER = 4


def wave(t):
    return np.minimum(255, np.abs(t % 512 - 256))


def reference(width, height):
    y, x = np.mgrid[0:height, 0:width]
    smooth = [wave(3 * x + 2 * y + 90 * c) for c in range(3)]
    texture = (x * y + 3 * x) % 41
    return np.stack([np.minimum(255, s * 3 // 4 + texture) for s in smooth]).astype(np.int64)


def noisy(image, strength):
    c, y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1], 0 : image.shape[2]]
    noise = (x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 1009 % (2 * strength + 1) - strength
    return np.clip(image + noise, 0, 255)


def blurred(image):
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)), mode="edge")
    parts = [padded[:, dy : dy + image.shape[1], dx : dx + image.shape[2]] for dy in range(3) for dx in range(3)]
    return sum(parts) // 9


def darker(image):
    return image * 9 // 10


def luma(image):
    r, g, b = image / 255
    return 16 + 65.481 * r + 128.553 * g + 24.966 * b


cases = []
for width, height in ((64, 48), (97, 131)):
    ref = reference(width, height)
    for name, dist in (
        ("noisy 4", noisy(ref, 4)),
        ("noisy 40", noisy(ref, 40)),
        ("blurred", blurred(ref)),
        ("darker", darker(ref)),
        ("blurred and noisy", noisy(blurred(ref), 12)),
    ):
        a, b = (luma(v)[BORDER:-BORDER, BORDER:-BORDER] for v in (ref, dist))
        cases.append(
            {
                "name": name,
                "width": width,
                "height": height,
                "psnr": peak_signal_noise_ratio(a, b, data_range=255),
                "ssim": structural_similarity(
                    a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
                ),
            }
        )
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as f:
    json.dump({"border": BORDER, "cases": cases}, f, indent=2)
    f.write("\n")
for case in cases:
    print(case)
