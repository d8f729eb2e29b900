#!/usr/bin/env python3
"""Measures shipped SR networks and writes the numbers where they belong: models/about.json and the table of each card
(between the lines `<!-- measured -->` and `<!-- /measured -->`). Nobody types a number.

  python3 training/quality.py lway-faithful-x4 lway-crisp-x4 && python3 training/register.py
"""
import argparse
import json
import os
import re
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("id", nargs="+")
a.add_argument("--models", default=os.path.join(here, "..", "models"))
a.add_argument("--threads", type=int, default=1)
a = a.parse_args()
about_path = os.path.join(a.models, "about.json")
for name in a.id:
    bicubic = "bicubic2" if name.endswith("x2") else "bicubic"
    command = f"python3 training/measure.py --model {bicubic} --model models/{name}.onnx"
    out = subprocess.run([sys.executable, os.path.join(here, "measure.py"), "--model", bicubic, "--model", os.path.join(a.models, f"{name}.onnx"), "--threads", str(a.threads)], check=True, capture_output=True, text=True).stdout
    print(out, end="")
    rows = re.findall(r"^(\S+)  (\S+)  PSNR\S+ / LPIPS / consistency dB  all (\d+): ([\d.]+) / ([\d.]+) / ([\d.]+)   odd: ([\d.]+) / ([\d.]+) / ([\d.]+)   even: ([\d.]+) / ([\d.]+) / ([\d.]+)", out, re.M)
    table = ["| | all | odd pairs (chosen on) | even pairs | consistency, dB |", "|---|---|---|---|---|"]
    sets, reference = [], {}
    titles = {"realsr": "RealSR", "drealsr": "DRealSR"}
    for model, folder, count, p, l, c, po, lo, _, pe, le, _ in sorted(rows, key=lambda r: (r[1] != "realsr", r[0] != bicubic)):
        title = titles.get(folder, folder)
        own = model != bicubic
        table.append(f"| {title}, {count} pairs, {'**this**' if own else 'bicubic'} | {p} / {l} | {po} / {lo} | {pe} / {le} | {c} |")
        if own:
            sets.append({"name": f"{title}, {count} pairs", "psnrY": float(p), "lpips": float(l), "evenPairs": {"psnrY": float(pe), "lpips": float(le)}, "bicubic": reference[folder]})
        else:
            reference[folder] = {"psnrY": float(p), "lpips": float(l)}
    with open(about_path) as f:
        about = json.load(f)
    about["models"][name]["quality"] = {"command": command, "sets": sets}
    with open(about_path, "w") as f:
        json.dump(about, f, indent=2, ensure_ascii=False)
        f.write("\n")
    card = os.path.join(a.models, f"{name}.md")
    with open(card) as f:
        text = f.read()
    block = f"<!-- measured -->\n`{command}`: PSNR-Y / LPIPS-squeeze\n\n" + "\n".join(table) + "\n<!-- /measured -->"
    text, found = re.subn(r"<!-- measured -->.*?<!-- /measured -->", lambda _: block, text, flags=re.S)
    if not found:
        raise SystemExit(f"{card} has no <!-- measured --> block")
    with open(card, "w") as f:
        f.write(text)
