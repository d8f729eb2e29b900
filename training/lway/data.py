"""Photographs in memory, the split by photograph, and the bank of degraded crops that feeds the training loops."""
import csv
import glob
import multiprocessing
import os
import random
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from . import degradation as D

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DATA = os.path.normpath(os.path.join(ROOT, "..", "shared", "data"))


def photo_name(path):
    """Crops of one photograph share the name before the last underscore (data/README.md)."""
    return os.path.basename(path).rsplit("_", 1)[0]


def split_by_photo(folder, held_out=24):
    """(training files, held-out files). Whole photographs are held out, chosen by a fixed shuffle."""
    files = sorted(glob.glob(os.path.join(folder, "*.jpg")) + glob.glob(os.path.join(folder, "*.png")))
    if not files:
        raise SystemExit(f"no photographs in {folder}: pass --data")
    photos = sorted({photo_name(f) for f in files})
    random.Random(1).shuffle(photos)
    out, chosen = [], set()
    for p in photos:
        if len(out) >= held_out:
            break
        mine = [f for f in files if photo_name(f) == p]
        if len(mine) <= 8:
            out += mine
            chosen.add(p)
    return [f for f in files if photo_name(f) not in chosen], out


def split_by_source(folder, one_in=20):
    """(training files, held-out files) of a folder whose SOURCES.csv says what each picture was made from: pictures of one
    source stay on one side, chosen by a hash of it."""
    sources = {}
    with open(os.path.join(folder, "SOURCES.csv"), newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            sources.setdefault(row["file"], row["source repository"] + row["path"])
    files = sorted(glob.glob(os.path.join(folder, "*.jpg")) + glob.glob(os.path.join(folder, "*.png")))
    out = [f for f in files if zlib.crc32(sources.get(os.path.basename(f), f).encode()) % one_in == 0]
    return [f for f in files if f not in out], out


def read_bytes(path):
    return np.array(Image.open(path).convert("RGB"))


def read_image(path):
    return D.from_bytes(read_bytes(path))


class Bank:
    """Degraded whole crops in memory as bytes, slowly refreshed: the degradation costs a training loop next to nothing.

    `make(photo, rng)` returns one entry: a list of {name: (bytes [H,W,3], factor)} with factor 1 for the LR grid and
    `scale` for the HR grid, plus under "numbers" a float vector. Entries hold one picture, or several that belong
    together (one degradation on two photographs); a batch keeps them side by side."""

    def __init__(self, files, make, scale=4, size=600, seed=0):
        """files: paths, or pictures as bytes [H,W,3]."""
        self.photos = [read_bytes(f) if isinstance(f, str) else f for f in files]
        self.make, self.scale, self.size = make, scale, size
        self.rng = np.random.default_rng(seed)
        self.order, self.entries, self.next = [], [], 0

    def photo(self):
        if not self.order:
            self.order = list(self.rng.permutation(len(self.photos)))
        return D.from_bytes(self.photos[self.order.pop()])

    def refresh(self, count=1):
        for _ in range(count):
            self.put(self.make(self.photo, self.rng))

    def put(self, entry):
        if len(self.entries) < self.size:
            self.entries.append(entry)
        else:
            self.entries[self.next % self.size] = entry
            self.next += 1

    def batch(self, count, patch, augment=True):
        """{name: [n,3,patch*factor,patch*factor]}, n = count entries times pictures per entry; patch in LR pixels."""
        out = {}
        for _ in range(count):
            turn = int(self.rng.integers(8)) if augment else 0
            entry = self.entries[int(self.rng.integers(len(self.entries)))]
            for picture in entry:
                # a turn turns the degradation too: the pictures of one entry are turned alike
                h, w = picture["lr"][0].shape[:2]
                y, x = int(self.rng.integers(h - patch + 1)), int(self.rng.integers(w - patch + 1))
                for name, value in picture.items():
                    if name == "numbers":
                        out.setdefault(name, []).append(value)
                        continue
                    t, f = value
                    t = np.rot90(t[f * y:f * (y + patch), f * x:f * (x + patch)], turn % 4)
                    out.setdefault(name, []).append(np.ascontiguousarray(t[:, ::-1] if turn >= 4 else t))
        numbers = out.pop("numbers", None)
        result = {k: torch.from_numpy(np.stack(v)).permute(0, 3, 1, 2).float() / 255 for k, v in out.items()}
        if numbers is not None:
            result["numbers"] = torch.from_numpy(np.stack(numbers))
        return result


class Mixture:
    """Several banks as one: each picture of a batch and each refresh comes from a bank drawn by its share."""

    def __init__(self, banks, shares, seed=0):
        self.banks, self.shares, self.rng = banks, np.array(shares) / sum(shares), np.random.default_rng(seed)

    def __len__(self):
        return sum(len(b.entries) for b in self.banks)

    def refresh(self, count=1):
        for k in self.rng.choice(len(self.banks), count, p=self.shares):
            self.banks[k].refresh(1)

    def batch(self, count, patch):
        """The pictures of the first bank come first; `counts` tells how many are of which."""
        self.counts = counts = self.rng.multinomial(count, self.shares)
        parts = [b.batch(int(n), patch) for b, n in zip(self.banks, counts) if n]
        return {k: torch.cat([p[k] for p in parts]) for k in parts[0]}


_worked = []


def _make_entry(task):
    """In a worker: one entry of bank number `which`. The banks came with the fork, photographs and all."""
    which, seed = task
    torch.set_num_threads(1)
    bank, rng = _worked[which], np.random.default_rng(seed)
    return which, bank.make(lambda: D.from_bytes(bank.photos[int(rng.integers(len(bank.photos)))]), rng)


class WorkedMixture(Mixture):
    """A mixture whose entries are made by processes of their own beside the training, as many as they manage. `make` of the
    banks must not use a GPU: the processes are forked, so make this before the GPU is used, or let them be."""

    def __init__(self, banks, shares, workers, seed=0):
        super().__init__(banks, shares, seed)
        _worked[:] = banks
        self.pool, self.wanted, self.waiting = multiprocessing.get_context("fork").Pool(workers), 3 * workers, []

    def _ask(self):
        while len(self.waiting) < self.wanted:
            which = int(self.rng.choice(len(self.banks), p=self.shares))
            self.waiting.append(self.pool.apply_async(_make_entry, ((which, int(self.rng.integers(2 ** 31))),)))

    def refresh(self, count=1):
        """Takes what is ready; `count` does not matter."""
        ready = [w for w in self.waiting if w.ready()]
        self.waiting = [w for w in self.waiting if not w.ready() and w not in ready]
        for which, entry in (w.get() for w in ready):
            self.banks[which].put(entry)
        self._ask()
        return len(ready)

    def fill(self, count):
        """Waits until there are as many, and some of each."""
        self._ask()
        while len(self) < count or not all(b.entries for b in self.banks):
            self.waiting[0].wait()
            self.refresh()


def sr_entry(settings, scale=4, teacher=None, whole=False, cameras=None, photographed=0.5):
    """Entries for the SR networks: lr, hr and, with `teacher` (f(lr) -> sr), its result with the low frequencies of hr:
    a teacher is worth its detail, not its errors of colour and contrast. `whole`: its result as it is. A teacher "truth"
    teaches hr. `cameras` (camera.Cameras): a share `photographed` of the pictures gets the kernels of real cameras."""
    def make(photo, rng):
        hr = D.prepare_hr(photo(), rng, settings, scale)
        real = cameras is not None and rng.random() < photographed
        plan = cameras.plan(rng, settings) if real else D.sample_plan(rng, settings, scale)
        lr = D.apply_plan(hr, plan)
        entry = {"lr": (D.to_bytes(lr), 1), "hr": (D.to_bytes(hr), scale)}
        if teacher == "truth":
            entry["teacher"] = entry["hr"]
        elif teacher and whole:
            entry["teacher"] = (D.to_bytes(teacher(lr)), scale)
        elif teacher:
            t = teacher(lr)
            low = F.avg_pool2d((hr - t)[None], scale)
            t = t + F.interpolate(low, scale_factor=scale, mode="bicubic", align_corners=False)[0]
            entry["teacher"] = (D.to_bytes(t), scale)
        return [entry]
    return make


def perturb(hr, lr, rng, networks=()):
    """A wrong HR picture as an SR network makes them: contrast of some band too high or low, or a network's result."""
    if networks and rng.random() < 0.5:
        sr = networks[int(rng.integers(len(networks)))](lr)
        t = float(rng.uniform(0.5, 1.2))
        return (hr + t * (sr - hr)).clamp(0, 1)
    sigma = float(rng.uniform(0.8, 5.0))
    gain = float(rng.uniform(-0.7, 1.2))
    size = 2 * int(2.5 * sigma) + 1
    return (hr + gain * (hr - D.blur(hr, D.gaussian_kernel(size, sigma)))).clamp(0, 1)


def crop(x, side, rng):
    y, z = (int(rng.integers(max(1, s - side + 1))) for s in x.shape[1:])
    return x[:, y:y + side, z:z + side]


def encoder_entry(settings, scale, truth):
    """Entries for the encoder alone: one degradation on two photographs, and what is true of it (truth.Truth)."""
    def make(photo, rng):
        plan, pictures = D.sample_plan(rng, settings, scale), []
        numbers = truth.of(plan)
        for _ in range(2):
            hr = crop(D.prepare_hr(photo(), rng, settings, scale), 80 * scale, rng)
            pictures.append({"lr": (D.to_bytes(D.apply_plan(hr, plan)), 1), "numbers": numbers})
            if plan["noise"]:
                plan["noise"]["seed"] += 1
        return pictures
    return make


def reconstruction_entry(settings, scale=4, networks=(), cameras=None, shares=(0.4, 0.15)):
    """Entries for the LR reconstructor: one degradation on two photographs. lr is what the encoder sees; twin is what
    the reconstructor must make of hr, without the noise, which nobody can foretell; wrong and wrong_twin are the same
    for an HR picture with an SR network's errors: they must come through, not be forgiven. With `cameras` (camera.Cameras)
    these `shares` of the entries have a camera's kernel, and are real pairs."""
    def make(photo, rng):
        drawn = rng.random() if cameras else 1
        if cameras and drawn < shares[1]:
            return cameras.entry(rng)
        plan, pictures = (cameras.plan(rng, settings) if drawn < sum(shares) else D.sample_plan(rng, settings, scale)), []
        for _ in range(2):
            hr = crop(D.prepare_hr(photo(), rng, settings, scale), 64 * scale, rng)
            lr, twin = D.apply_plan(hr, plan), D.apply_plan(hr, plan, noise=False)
            wrong = perturb(hr, lr, rng, networks)
            if plan["noise"]:
                plan["noise"]["seed"] += 1
            pictures.append({"lr": (D.to_bytes(lr), 1), "hr": (D.to_bytes(hr), scale), "twin": (D.to_bytes(twin), 1), "wrong": (D.to_bytes(wrong), scale), "wrong_twin": (D.to_bytes(D.apply_plan(wrong, plan, noise=False)), 1), "numbers": D.describe(plan)})
        return pictures
    return make


def pairs(folder):
    """[(name, lr path, hr path)] of a folder with lr/ and hr/, in order; the first is number 1."""
    low, high = (sorted(glob.glob(os.path.join(folder, s, "*"))) for s in ("lr", "hr"))
    if not low or len(low) != len(high):
        raise SystemExit(f"{folder} must have lr/ and hr/ with equally many pictures")
    return [(os.path.splitext(os.path.basename(l))[0], l, h) for l, h in zip(low, high)]


def validation(folder, held_out, scale=4, count=12):
    """{name: [(lr, hr)]}: held-out photographs and eval/photos with held-out degradations; odd-numbered real pairs (x4)."""
    settings = D.load_settings(os.path.join(os.path.dirname(D.SETTINGS), "degradation-heldout.json"))
    sets = {}
    others = sorted(glob.glob(os.path.join(folder, "eval", "photos", "*")))
    for name, files in (("held-out", held_out[::2][:count]), ("photos", others[::4][:count])):
        rng, items = np.random.default_rng(7), []
        for f in files:
            hr = read_image(f)
            hr = hr[:, :min(hr.shape[1], 384) // 12 * 12, :min(hr.shape[2], 384) // 12 * 12]
            items.append((D.apply_plan(hr, D.sample_plan(rng, settings, scale))[None], hr[None]))
        if items:
            sets[name] = items
    if scale == 4:
        for name in ("realsr", "drealsr"):
            where = os.path.join(folder, "eval", name)
            if os.path.isdir(where):
                sets[name + "-odd"] = [(read_image(l)[None], read_image(h)[None]) for _, l, h in pairs(where)[::2]]
    return sets
