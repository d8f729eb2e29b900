"""Synthetic, camera-like degradation of a photograph: blur, downscaling, sensor noise, sharpening, JPEG.

A one-order relative of the BSRGAN and Real-ESRGAN pipelines with what real cameras add: defocus discs, noise that has
gone through demosaicing, unsharp masking with its halos, JPEG twice. The settings live in a JSON file.

`sample_plan` draws every random decision first; `apply_plan` carries it out. So the same plan can be applied to several
photographs, and without its noise: the *noise-free twin* that the LR reconstructor is measured against.
"""
import io
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

SETTINGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "degradation.json")
RESAMPLERS = {
    "area": Image.BOX,
    "bicubic": Image.BICUBIC,
    "bilinear": Image.BILINEAR,
    "lanczos": Image.LANCZOS,
    "hamming": Image.HAMMING,
}


def load_settings(path=SETTINGS):
    """The settings of a file. With "like": "FILE" they are those of that file beside it, but for what is given anew."""
    with open(path) as f:
        own = json.load(f)
    if "like" not in own:
        return own
    settings = load_settings(os.path.join(os.path.dirname(path), own.pop("like")))
    for group, values in own.items():
        settings[group] = {**settings.get(group, {}), **values} if isinstance(values, dict) else values
    return settings


def _grid(size):
    r = (size - 1) / 2
    y, x = np.mgrid[-r:r + 1, -r:r + 1]
    return y, x


def _normalised(k):
    return (k / k.sum()).astype(np.float32)


def gaussian_kernel(size, sx, sy=None, angle=0.0, beta=1.0):
    """Gaussian of widths sx, sy (pixels) turned by `angle`; beta != 1 is the generalised form exp(-.5 r^(2 beta))."""
    y, x = _grid(size)
    c, s = math.cos(angle), math.sin(angle)
    u, v = (c * x + s * y) / sx, (-s * x + c * y) / (sx if sy is None else sy)
    return _normalised(np.exp(-0.5 * (u * u + v * v) ** beta))


def disc_kernel(size, radius, inner=0.0):
    """Defocus: a disc of `radius` pixels (a ring where `inner` > 0), its edge anti-aliased by 8x8 supersampling."""
    r, n = (size - 1) / 2, 8
    t = (np.arange(size * n) + 0.5) / n - 0.5 - r
    d = np.sqrt(t[:, None] ** 2 + t[None] ** 2)
    k = ((d <= radius) & (d >= inner * radius)).astype(np.float64)
    k = k.reshape(size, n, size, n).mean((1, 3))
    if k.sum() == 0:
        k[size // 2, size // 2] = 1
    return _normalised(k)


def motion_kernel(size, length, angle):
    """Straight camera shake of `length` pixels, one pixel wide, with soft edges."""
    y, x = _grid(size)
    c, s = math.cos(angle), math.sin(angle)
    u, v = c * x + s * y, -s * x + c * y
    k = np.clip(length / 2 + 0.5 - np.abs(u), 0, 1) * np.clip(1 - np.abs(v), 0, 1)
    return _normalised(k)


def box_kernel(size, width):
    y, x = _grid(size)
    edge = lambda t: np.clip(width / 2 + 0.5 - np.abs(t), 0, 1)
    return _normalised(edge(x) * edge(y))


def _pick(rng, kinds):
    names = list(kinds)
    p = np.array([kinds[n] for n in names], np.float64)
    return names[int(rng.choice(len(names), p=p / p.sum()))]


def _uniform(rng, span):
    return float(rng.uniform(span[0], span[1]))


def sample_plan(rng, settings, scale=4):
    """Draws one degradation. rng: numpy Generator. Returns a plain dict (kernel as float32 array or None)."""
    b, z, n, s, j = (settings[k] for k in ("blur", "resize", "noise", "sharpen", "jpeg"))
    unit = scale / 4
    plan = {"scale": scale, "kernel": None, "blur_kind": "none", "blur_width": 0.0}
    if rng.random() < b["p"]:
        kind, size = _pick(rng, b["kinds"]), b["kernel"]
        angle = _uniform(rng, (0, math.pi))
        sx, sy = _uniform(rng, b["sigma"]) * unit, _uniform(rng, b["sigma"]) * unit
        radius = _uniform(rng, b["defocus_radius"]) * unit
        if kind == "gaussian":
            k, width = gaussian_kernel(size, sx), sx
        elif kind == "anisotropic":
            k, width = gaussian_kernel(size, sx, sy, angle), (sx + sy) / 2
        elif kind == "generalized":
            k, width = gaussian_kernel(size, sx, sy, angle, _uniform(rng, b["beta"])), (sx + sy) / 2
        elif kind == "defocus":
            # real apertures are not perfect discs: a little Gaussian on top
            k, width = disc_kernel(size, radius), radius / 2
            soft = gaussian_kernel(9, max(0.3, 0.3 * radius))
            k = _normalised(_convolve_same(k, soft))
        elif kind == "ring":
            k, width = disc_kernel(size, radius, 0.5), radius * 0.56
        elif kind == "box":
            k, width = box_kernel(size, 2 * radius), radius * 0.58
        elif kind == "motion":
            length = _uniform(rng, b["motion_length"]) * unit
            k, width = motion_kernel(size, length, angle), length / 5
            k = _normalised(_convolve_same(k, gaussian_kernel(9, 0.4 + 0.4 * sx)))
        else:
            raise ValueError(f"unknown blur kind {kind}")
        plan.update(kernel=k, blur_kind=kind, blur_width=width / unit)
    plan["resize"] = _pick(rng, z["kinds"])
    plan["two_step"] = _uniform(rng, z["two_step"]) if rng.random() < z["two_step_p"] else None
    plan["noise"] = None
    if rng.random() < n["p"]:
        read = _uniform(rng, n["strong_sigma"]) if rng.random() < n["strong_p"] else n["read_sigma"][0] + (n["read_sigma"][1] - n["read_sigma"][0]) * float(rng.random()) ** 2
        plan["noise"] = {"kind": _pick(rng, n["kinds"]), "read": read, "shot": _uniform(rng, n["shot"]) * float(rng.random()), "seed": int(rng.integers(2 ** 31))}
    plan["sharpen"] = (_uniform(rng, s["sigma"]), _uniform(rng, s["amount"])) if rng.random() < s["p"] else None
    plan["jpeg"] = []
    if rng.random() < j["p"]:
        chroma = 2 if rng.random() < j["subsample_p"] else 0
        if rng.random() < j["twice_p"]:
            plan["jpeg"].append((int(_uniform(rng, j["first_quality"])), chroma))
        quality = j["strong_quality"] if rng.random() < j["strong_p"] else j["quality"]
        plan["jpeg"].append((int(_uniform(rng, quality)), chroma))
    # asked of the random numbers last, and only where it is wanted: plans of other settings stay what they were
    m = settings.get("machine")
    if m and rng.random() < m["p"]:
        plan["machine"] = {"shrink": _uniform(rng, m["shrink"]), "paint": _uniform(rng, m["paint"]), "halo": _uniform(rng, m["halo"]), "pattern": _uniform(rng, m["pattern"]) * float(rng.random()), "period": int(rng.choice(m["period"])), "seed": int(rng.integers(2 ** 31))}
    return plan


def _convolve_same(a, b):
    t = F.conv2d(torch.from_numpy(np.ascontiguousarray(a))[None, None], torch.from_numpy(np.ascontiguousarray(b[::-1, ::-1]))[None, None], padding=b.shape[0] // 2)
    return t[0, 0].numpy()


def blur(x, kernel):
    """x [3,H,W], kernel [K,K] (odd): convolution with reflected borders."""
    k = torch.from_numpy(np.ascontiguousarray(kernel))
    r = k.shape[0] // 2
    # kernels are mostly much smaller than their frame: cut the empty rim, it is most of the work
    while r > 1 and float(k[0].sum() + k[-1].sum() + k[:, 0].sum() + k[:, -1].sum()) < 1e-3:
        k, r = k[1:-1, 1:-1], r - 1
    k = k / k.sum()
    return F.conv2d(F.pad(x[:, None], (r,) * 4, mode="reflect"), k[None, None])[:, 0]


def resize(x, height, width, kind):
    """x [3,H,W] -> [3,height,width] with an anti-aliasing filter (PIL's, in float)."""
    return torch.stack([torch.from_numpy(np.array(Image.fromarray(c).resize((width, height), RESAMPLERS[kind]))) for c in x.numpy()])


_GREEN = torch.tensor([[0, 0.25, 0], [0.25, 1, 0.25], [0, 0.25, 0]])
_RED = torch.tensor([[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]])


def sensor_noise(x, noise):
    """Noise for x [3,h,w]: variance read^2 + shot^2 x. Bayer: per-site noise interpolated as a demosaicer does."""
    g = torch.Generator().manual_seed(noise["seed"])
    c, h, w = x.shape
    sigma = torch.sqrt(noise["read"] ** 2 + noise["shot"] ** 2 * x.clamp(0, 1))
    kind = noise["kind"]
    if kind == "gray":
        return torch.randn(1, h, w, generator=g) * sigma.mean(0, keepdim=True)
    if kind == "blotchy":
        # coarse colour blotches, as strong in-camera noise reduction leaves
        t = torch.randn(1, c, (h + 3) // 2, (w + 3) // 2, generator=g)
        return F.interpolate(t, scale_factor=2, mode="bilinear", align_corners=False)[0, :, 1:h + 1, 1:w + 1] * 1.4 * sigma
    if kind == "grain":
        # film and scans: grains larger than a pixel, mostly of brightness, a little of colour
        size = 0.5 + 0.9 * float(torch.rand(1, generator=g))
        k = torch.from_numpy(gaussian_kernel(9, size))
        t = torch.randn(c + 1, 1, h + 8, w + 8, generator=g)
        t = F.conv2d(t, k[None, None])[:, 0] / k.square().sum().sqrt()
        colour = 0.5 * float(torch.rand(1, generator=g))
        return (t[:1] + colour * t[1:]) / math.sqrt(1 + colour ** 2) * sigma
    t = torch.randn(c, h + 2, w + 2, generator=g)
    if kind == "colour":
        return t[:, 1:-1, 1:-1] * sigma
    mask = torch.zeros(3, h + 2, w + 2)
    mask[0, ::2, ::2] = 1
    mask[1, ::2, 1::2] = 1
    mask[1, 1::2, ::2] = 1
    mask[2, 1::2, 1::2] = 1
    kernels = torch.stack([_RED, _GREEN, _RED])[:, None]
    t = F.conv2d((t * mask)[None], kernels, groups=3)[0]
    return t * sigma


def sharpen(x, sigma, amount):
    """Unsharp mask."""
    size = 2 * int(math.ceil(2.5 * sigma)) + 1
    return x + amount * (x - blur(x, gaussian_kernel(size, sigma)))


def _median3(x):
    """Median of 3x3 pixels, each channel by itself."""
    windows = F.unfold(F.pad(x[:, None], (1,) * 4, mode="reflect"), 3)
    return windows.median(1).values.view_as(x)


def machine_made(x, machine):
    """What pictures made or enlarged by a network look like, mildly, for x [3,h,w]: finer detail than the network knew of
    is missing (taken down by `shrink` and enlarged again), what is left looks painted (a median, `paint` of it), edges
    have halos (`halo` of an unsharp mask), and its upsampling layers have left a faint pattern of `period` pixels, stronger
    where there is texture (`pattern`: its amplitude)."""
    h, w = x.shape[1:]
    size = [max(2, int(side / machine["shrink"])) for side in (h, w)]
    y = resize(resize(x, *size, "area"), h, w, "bicubic")
    y = y + machine["paint"] * (_median3(y) - y)
    y = sharpen(y, 1.0, machine["halo"])
    g = torch.Generator().manual_seed(machine["seed"])
    tile = torch.randn(3, machine["period"], machine["period"], generator=g) * 0.5 + torch.randn(1, machine["period"], machine["period"], generator=g)
    tile = (tile - tile.mean((1, 2), keepdim=True)) / tile.std()
    pattern = tile.repeat(1, -(-h // machine["period"]), -(-w // machine["period"]))[:, :h, :w]
    texture = (y - F.avg_pool2d(F.pad(y[None], (2,) * 4, mode="reflect"), 5, 1)[0]).abs().mean(0)
    return y + machine["pattern"] * pattern * (0.3 + (texture / 0.03).clamp(max=1))


def jpeg(x, quality, subsampling):
    buffer = io.BytesIO()
    Image.fromarray(to_bytes(x)).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return from_bytes(np.array(Image.open(buffer).convert("RGB")))


def to_bytes(x):
    """[3,H,W] float -> [H,W,3] uint8, rounded."""
    return (x.clamp(0, 1).permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)


def from_bytes(a):
    return torch.from_numpy(np.ascontiguousarray(a)).permute(2, 0, 1).float() / 255


def reduce_plan(hr, plan):
    """The linear beginning of a plan, unclipped: blur and downscaling. [c,H,W] -> [c,H/scale,W/scale]."""
    x, scale = hr, plan["scale"]
    h, w = hr.shape[1] // scale, hr.shape[2] // scale
    if plan["resize"] == "response":
        k = plan["response"]
        rim = (k.shape[0] - scale) // 2
        return F.conv2d(F.pad(x[:, None], (rim,) * 4, mode="reflect"), k[None, None], stride=scale)[:, 0, :h, :w]
    if plan["kernel"] is not None:
        x = blur(x, plan["kernel"])
    if plan["resize"] == "sample":
        # no anti-aliasing beyond the blur: what cheap decimation does. Averaging 2x2 keeps the phase centred
        x = F.avg_pool2d(x[None], 2, 1)[0] if scale % 2 == 0 else x
        o = scale // 2 - 1 if scale % 2 == 0 else scale // 2
        return x[:, o::scale, o::scale][:, :h, :w]
    if plan["two_step"]:
        x = resize(x, int(h * plan["two_step"]), int(w * plan["two_step"]), plan["resize"])
    return resize(x, h, w, plan["resize"])


def response(plan, blocks=5):
    """What is linear in a plan (blur, downscaling, sharpening) as one kernel [blocks*scale, blocks*scale]: what each HR
    pixel around an LR pixel contributes to it. Measured with impulses, one per phase, far from the borders."""
    s = plan["scale"]
    side, mid = 3 * blocks, 3 * blocks // 2
    out = torch.zeros(blocks * s, blocks * s)
    r = blocks // 2
    x = torch.zeros(s * s, side * s, side * s)
    for by in range(s):
        for bx in range(s):
            x[by * s + bx, mid * s + by, mid * s + bx] = 1
    y = reduce_plan(x, plan)
    if plan["sharpen"]:
        y = sharpen(y, *plan["sharpen"])
    for by in range(s):
        for bx in range(s):
            # the impulse sits in block `mid`; LR pixel mid + d sees it from block -d
            out[by::s, bx::s] = y[by * s + bx, mid - r:mid + r + 1, mid - r:mid + r + 1].flip(0, 1)
    return out


def apply_plan(hr, plan, noise=True):
    """hr [3,H,W], sides divisible by the scale -> lr [3,H/scale,W/scale], quantised to 8 bits as a file would be."""
    x = reduce_plan(hr, plan)
    if noise and plan["noise"]:
        x = x + sensor_noise(x, plan["noise"])
    if plan["sharpen"]:
        x = sharpen(x, *plan["sharpen"])
    if plan.get("machine"):
        x = machine_made(x, plan["machine"])
    x = x.clamp(0, 1)
    for quality, subsampling in plan["jpeg"]:
        x = jpeg(x, quality, subsampling)
    return from_bytes(to_bytes(x))


def describe(plan):
    """The numbers that an encoder should be able to tell: [blur, noise, sharpening, compression], each about 0..1."""
    n, j = plan["noise"], plan["jpeg"]
    return np.array([plan["blur_width"] / 2.5, (n["read"] + 0.5 * n["shot"]) * 30 if n else 0.0, plan["sharpen"][1] if plan["sharpen"] else 0.0, (100 - min(q for q, _ in j)) / 50 if j else 0.0], np.float32)


def gray(x):
    """x [3,H,W] -> the same without colour: brightness (BT.601) three times."""
    return (0.299 * x[:1] + 0.587 * x[1:2] + 0.114 * x[2:]).repeat(3, 1, 1)


def prepare_hr(hr, rng, settings, scale=4):
    """Random scale of the source photograph, sides cut to a multiple of the scale."""
    s = settings["hr"]
    if rng.random() < s["downscale_p"]:
        f = _uniform(rng, s["downscale"])
        hr = resize(hr, int(hr.shape[1] / f), int(hr.shape[2] / f), "lanczos").clamp(0, 1)
    if "gray_p" in s and rng.random() < s["gray_p"]:
        hr = gray(hr)
    h, w = hr.shape[1] // scale * scale, hr.shape[2] // scale * scale
    return hr[:, :h, :w]
