#!/usr/bin/env python3
"""Trains stage after stage in the background, from a list in a file, and goes on after an interruption.

  nice -n 19 python training/run_stages.py stages.txt --log runs/stages.log

A line of the list is a name and a command that writes its checkpoint to --out, e.g.

  photo-1  training/train_photo.py --start models/lway-photo-x4.onnx --minutes 30 --out runs/photo-1.pt
  photo-2  training/train_photo.py --start runs/photo-1.pt --minutes 30 --lr 5e-5 --out runs/photo-2.pt

A stage that was finished (OUT.done beside its checkpoint) is passed over. One that was interrupted goes on from its own
checkpoint where the command takes --start, with the minutes that are left. The list is read again before each stage, so
lines may be added while it runs; # begins a remark. Made for one core: stop it with SIGSTOP while something is measured.
"""
import argparse
import os
import shlex
import subprocess
import sys
import time

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("list")
a.add_argument("--log", default="runs/stages.log")
a.add_argument("--wait", action="store_true", help="when all is done, wait for lines to be added")
a = a.parse_args()
os.makedirs(os.path.dirname(os.path.abspath(a.log)), exist_ok=True)


def note(text):
    with open(a.log, "a") as f:
        f.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    print(text, flush=True)


def stages():
    """[(name, arguments)] of the list, in order."""
    with open(a.list) as f:
        lines = [line.split("#")[0].split(None, 1) for line in f]
    found = [(line[0], shlex.split(line[1])) for line in lines if len(line) == 2]
    for name, command in found:
        if "--out" not in command:
            raise SystemExit(f"{name}: the command has no --out, so nothing tells whether it is done.")
    return found


def value(command, option):
    return command[command.index(option) + 1] if option in command else None


def replaced(command, option, text):
    k = command.index(option) + 1
    return [*command[:k], text, *command[k + 1:]]


def resumed(command, progress):
    """The command for what is left of an interrupted stage: from its own checkpoint, which is as old as `progress` says."""
    out, minutes = value(command, "--out"), value(command, "--minutes")
    if not (os.path.exists(out) and os.path.exists(progress) and minutes and "--start" in command):
        return command
    with open(progress) as f:
        done = float(f.read() or 0)
    left = max(0.5, float(minutes) - done)
    return replaced(replaced(command, "--start", out), "--minutes", f"{left:g}")


def run(name, command):
    """Runs a stage to its end. -> its exit status"""
    out = value(command, "--out")
    progress = out + ".minutes"
    command = resumed(command, progress)
    note(f"{name}: {shlex.join(command)}")
    earlier = float(open(progress).read() or 0) if os.path.exists(progress) and value(command, "--start") == out else 0.0
    stamp = os.path.getmtime(out) if os.path.exists(out) else 0
    process = subprocess.Popen([sys.executable, "-u", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    last = ""
    for line in process.stdout:
        last = line.strip()
        with open(a.log, "a") as f:
            f.write(f"  {name}: {line}")
        # "... 120 s ...": the computing time that the stage has used, as the training scripts print it
        words = last.split()
        if os.path.exists(out) and os.path.getmtime(out) != stamp and "s" in words:
            stamp = os.path.getmtime(out)
            seconds = words[words.index("s") - 1]
            if seconds.replace(".", "", 1).isdigit():
                with open(progress, "w") as f:
                    f.write(str(earlier + float(seconds) / 60))
    status = process.wait()
    note(f"{name}: " + ("done" if status == 0 else f"ended with {status}: {last}"))
    if status == 0:
        open(out + ".done", "w").close()
        if os.path.exists(progress):
            os.remove(progress)
    return status


def main():
    while True:
        todo = [(n, c) for n, c in stages() if not os.path.exists(value(c, "--out") + ".done")]
        if todo:
            name, command = todo[0]
            # later stages may begin with what this one makes
            if run(name, command) != 0:
                raise SystemExit(f"{name} is not done; see {a.log}. Started again, it goes on from there.")
        elif a.wait:
            time.sleep(20)
        else:
            break


main()
