#!/usr/bin/env python3
"""A training run on a GPU machine that is lent for minutes and reached by nothing but a folder: packs what it needs, trains,
leaves files that are small enough to come back, and goes on from them.

  python training/gpu_run.py pack runs/gpu                       # code and data, at most 60 MB, into a folder
  python runs/gpu/training/gpu_run.py run OUT --minutes 9         # on the GPU machine, in the packed folder's own copy
  python training/gpu_run.py join OUT runs/photo-x4.pt           # back here: the checkpoint
  ... run OUT --minutes 9 --continue EARLIER_OUT                  # goes on, critic and optimisers and all

Rehearsed on a CPU: run OUT --minutes 0.5 --rehearse. Everything after -- goes to train_photo.py.
"""
import argparse
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
MOST = 60e6
PART = 15e6
FIXED = ["features", "metrics", "eval/realsr", "eval/drealsr", "peers/RealESRGAN_General_WDN_x4_v3.onnx"]
# As the newest weights were trained; options after -- come later and win.
RECIPE = "--low 0.35 --pixel 0.15 --distil 0 --adversarial 0.2 --lively 0.12 --grid 0.3 --weave 0.12 --perceptual 0.55 --critic-floor 0.4 --critic-lr 2e-4".split()
FILLED = [("train", 0.45), ("train2/photos", 0.65), ("train2/graphics", 0.8)]


def size_of(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(path) for f in files)


def pack(a):
    """Code, start and what training reads; of the pictures as many as there is room for, evenly over each folder."""
    if os.path.exists(a.folder):
        raise SystemExit(f"{a.folder} is there already.")
    target = os.path.join(a.folder, "data")
    shutil.copytree(HERE, os.path.join(a.folder, "training"), ignore=shutil.ignore_patterns("__pycache__", "tests"))
    os.makedirs(os.path.join(a.folder, "models"))
    shutil.copy(os.path.join(ROOT, "models", "darknet-features.onnx"), os.path.join(a.folder, "models"))
    start = "start" + os.path.splitext(a.start)[1]
    shutil.copy(a.start, os.path.join(a.folder, start))
    for name in FIXED:
        source = os.path.join(a.data, name)
        os.makedirs(os.path.dirname(os.path.join(target, name)), exist_ok=True)
        (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, os.path.join(target, name))
    for name, share in FILLED:
        room = (MOST - size_of(a.folder)) * share
        source, into = os.path.join(a.data, name), os.path.join(target, name)
        os.makedirs(into)
        files = sorted(f for f in os.listdir(source) if f.endswith((".jpg", ".png", ".csv")))
        step = max(1.0, size_of(source) / max(room, 1))
        for k in range(int(len(files) / step)):
            f = files[int(k * step)]
            if size_of(into) + os.path.getsize(os.path.join(source, f)) < room:
                shutil.copy(os.path.join(source, f), os.path.join(into, f))
    print(f"{a.folder}: {size_of(a.folder) / 1e6:.1f} MB, starts from {start}")


def run(a):
    import torch
    os.makedirs(a.out, exist_ok=True)
    checkpoint = os.path.join(a.out, "checkpoint.pt")
    if a.go_on:
        join(argparse.Namespace(folder=a.go_on, checkpoint=os.path.join(a.out, "earlier.pt")))
        start = os.path.join(a.out, "earlier.pt")
    else:
        start = next(os.path.join(ROOT, f) for f in sorted(os.listdir(ROOT)) if f.startswith("start."))
    gpu = torch.cuda.is_available()
    if not gpu and not a.rehearse:
        raise SystemExit("No GPU is here; --rehearse runs it on the CPU all the same.")
    size = ["--batch", "48", "--patch", "48", "--bank", "4000", "--fill", "600", "--workers", "16", "--least-rate", "25"] if gpu else ["--batch", "4", "--patch", "24", "--bank", "40", "--fill", "16", "--workers", "1", "--least-rate", "0.1", "--graphics", "0.3"]
    data = os.path.join(ROOT, "data")
    command = [sys.executable, os.path.join(HERE, "train_photo.py"), "--start", start, "--out", checkpoint, "--data", data, "--teacher", os.path.join(data, "peers", "RealESRGAN_General_WDN_x4_v3.onnx"), "--minutes", str(a.minutes), "--validate", "3", *RECIPE, *size, *a.more]
    with open(os.path.join(a.out, "log.txt"), "w") as log:
        training = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in training.stdout:
            print(line, end="", flush=True)
            log.write(line)
            log.flush()
    if training.wait() != 0:
        raise SystemExit(f"The training ended with {training.returncode}; see log.txt.")
    split(checkpoint, a.out)
    if a.go_on:
        os.remove(start)  # too large to come back


def split(checkpoint, folder):
    """A checkpoint in pieces below 15 MB, checkpoint.pt.00 and so on; `join` puts them together."""
    with open(checkpoint, "rb") as f:
        content = f.read()
    for k in range(0, len(content), int(PART)):
        with open(os.path.join(folder, f"checkpoint.pt.{k // int(PART):02d}"), "wb") as f:
            f.write(content[k:k + int(PART)])
    os.remove(checkpoint)


def join(a):
    parts = sorted(f for f in os.listdir(a.folder) if f.startswith("checkpoint.pt."))
    if not parts:
        raise SystemExit(f"There is no checkpoint in {a.folder}.")
    with open(a.checkpoint, "wb") as f:
        for part in parts:
            with open(os.path.join(a.folder, part), "rb") as p:
                f.write(p.read())


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
commands = parser.add_subparsers(required=True)
p = commands.add_parser("pack")
p.add_argument("folder")
p.add_argument("--start", default=os.path.join(ROOT, "models", "lway-photo-x4.onnx"), help="checkpoint or ONNX file that training goes on from")
p.add_argument("--data", default=os.path.join(ROOT, "..", "shared", "data"))
p.set_defaults(do=pack)
p = commands.add_parser("run")
p.add_argument("out")
p.add_argument("--minutes", type=float, default=9)
p.add_argument("--continue", dest="go_on", help="folder that an earlier run has left")
p.add_argument("--rehearse", action="store_true", help="small, and on the CPU where there is no GPU")
p.set_defaults(do=run)
p = commands.add_parser("join")
p.add_argument("folder")
p.add_argument("checkpoint")
p.set_defaults(do=join)
# argparse does not take a -- that a subcommand has options before.
at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
a = parser.parse_args(sys.argv[1:at])
a.more = sys.argv[at + 1:]
a.do(a)
