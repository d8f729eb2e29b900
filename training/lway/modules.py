"""Drawn pictures whose single LR pixels carry meaning: QR-like modules, checkers, pixel characters."""
import numpy as np


def draw(rng, side=96, scale=4):
    """One picture as bytes [side*scale, side*scale, 3]; its modules are 1 to 4 LR pixels wide, in two to four colours."""
    colours = rng.integers(0, 256, (int(rng.integers(2, 5)), 3))
    if rng.random() < 0.6:
        colours[:2] = [[255, 255, 255], rng.integers(0, 60, 3)]
    if rng.random() < 0.4:
        colours = colours[:2] * [[1], [1]]
        colours[1] = colours[1].mean()
    out = np.zeros((side, side, 3), np.uint8)
    out[:] = colours[0]
    for _ in range(int(rng.integers(1, 5))):
        module = int(rng.choice([1, 1, 2, 3, 4]))
        h, w = (int(rng.integers(6, side // module + 1)) for _ in range(2))
        y, x = (int(rng.integers(0, side - n * module + 1)) for n in (h, w))
        kind = rng.random()
        if kind < 0.5:
            cells = (rng.random((h, w)) < 0.5).astype(int)
        elif kind < 0.65:
            cells = np.add.outer(np.arange(h), np.arange(w)) % 2
        elif kind < 0.85:
            # mirrored random shapes look like icons and characters
            half = rng.random((h, (w + 1) // 2)) < 0.55
            cells = np.concatenate([half, half[:, ::-1]], 1)[:, :w].astype(int)
        else:
            cells = (np.arange(w)[None] // int(rng.integers(1, 4)) % 2) * np.ones((h, 1), int)
        cells = cells * int(rng.integers(1, len(colours)))
        out[y:y + h * module, x:x + w * module] = colours[np.kron(cells, np.ones((module, module), int))]
    return np.kron(out, np.ones((scale, scale, 1), np.uint8))
