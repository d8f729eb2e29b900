"""How strong fine detail is where a picture has least of it: what tells noise and grain from texture.

`src/engine/adaptation/fine-detail.ts` computes the same; tests/engine/adaptation/fine-detail.test.ts compares them."""
import numpy as np
import torch.nn.functional as F

BLOCK = 8
QUANTILES = (0.02, 0.1, 0.5)
FLOOR = 0.3


def _box(x, size):
    return F.avg_pool2d(x, size, 1, size // 2, count_include_pad=False)


def bands(x):
    """[3,h,w] RGB 0..1 -> the bands of brightness and of the two colour differences, fine before coarse: six of [h,w]."""
    y = 0.299 * x[0] + 0.587 * x[1] + 0.114 * x[2]
    for plane in (y, x[2] - y, x[0] - y):
        fine = _box(plane[None, None], 3)
        coarse = _box(fine, 5)
        yield (plane[None, None] - fine)[0, 0]
        yield (fine - coarse)[0, 0]


def statistics(pictures):
    """Pieces of one picture [3,h,w], sides of 8 and more -> 18 numbers: for each band the logarithms of the root mean squares,
    in 8-bit steps, of the blocks of 8x8 that lie at the quantiles."""
    blocks = [[] for _ in range(6)]
    for x in pictures:
        for i, band in enumerate(bands(x)):
            h, w = (side // BLOCK * BLOCK for side in band.shape)
            blocks[i].append(F.avg_pool2d(band[None, None, :h, :w] ** 2, BLOCK).sqrt().flatten().numpy() * 255)
    return np.concatenate([np.log(np.quantile(np.concatenate(b), QUANTILES) + FLOOR) for b in blocks])
