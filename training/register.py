#!/usr/bin/env python3
"""Writes models/models.json and models/DATA-ATTRIBUTION.md from what is in models/.

Size, SHA-256, parameter count and receptive field are computed from each ONNX file. What cannot be computed (names,
descriptions, measured quality) comes from models/about.json, kept by hand and by `measure.py` results.

  python3 training/register.py
"""
import argparse
import csv
import hashlib
import json
import math
import os
import sys
from collections import defaultdict

import onnx
from onnx import helper, numpy_helper

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, registry

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--models", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models"))
a.add_argument("--data", default=data.DATA)
a = a.parse_args()

DATA = "472 crops (384x384) of photographs under Unsplash licence, CC0, CC BY 4.0 and Kodak's terms: DATA-ATTRIBUTION.md"


def parameters(graph):
    """Every float initializer of two dimensions or more, and biases: what training found. Fixed filters and scalars do not count."""
    fixed = {"input_weight", "input_bias", "box.weight", "total.weight", "skip.scales"}
    count = 0
    for i in graph.initializer:
        t = numpy_helper.to_array(i)
        if i.name in fixed or i.name.endswith(".power") or t.dtype.kind != "f" or t.size == 1:
            continue
        if i.name == "kernels.weight":
            # the colour-shared kernels, stored three times among zeros
            count += int((t != 0).sum()) // 3
        elif i.name in ("mix.weight", "mix.bias"):
            count += t.size // 3
        else:
            count += t.size
    return count


def receptive_field(graph, inputs):
    """Radius, in pixels of the coarsest image among input and output, that an output pixel can see; None where global.

    Every tensor carries (distance between its pixels, radius), both in input pixels."""
    weights = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    reach = {inputs[0]: (1.0, 0.0)}
    for n in graph.node:
        known = [reach[i] for i in n.input if i in reach]
        if not known:
            continue
        step, radius = max(k[0] for k in known), max(k[1] for k in known)
        at = {x.name: helper.get_attribute_value(x) for x in n.attribute}
        if n.op_type in ("Conv", "AveragePool", "MaxPool"):
            k = weights[n.input[1]].shape[2] if n.op_type == "Conv" else at["kernel_shape"][0]
            radius += (k - 1) / 2 * step
            step *= at.get("strides", [1])[0]
        elif n.op_type == "DepthToSpace":
            radius, step = radius + step * (at["blocksize"] - 1) / at["blocksize"] / 2, step / at["blocksize"]
        elif n.op_type == "SpaceToDepth":
            radius, step = radius + step * (at["blocksize"] - 1) / 2, step * at["blocksize"]
        elif n.op_type == "Resize":
            step /= float(weights[n.input[2]][2])
        elif n.op_type.startswith("Reduce"):
            return None
        reach[n.output[0]] = (step, radius)
    step, radius = max((reach[o.name] for o in graph.output), key=lambda r: r[1])
    # SR: an output pixel's centre lies off its LR pixel's centre, the whole pixel counts
    return int(math.ceil(radius / max(1.0, step) - 0.5 + 1e-6)) if len(graph.output) == 1 else int(math.ceil(radius))


def entry(name, path, about):
    graph = onnx.load(path).graph
    if about["kind"] == "sr":
        scale = math.prod(helper.get_attribute_value(x) for n in graph.node if n.op_type == "DepthToSpace" for x in n.attribute if x.name == "blocksize")
    elif about["kind"] == "features":
        scale = 1
    else:
        scale = about.get("scale", 4)
    with open(path, "rb") as f:
        content = f.read()
    if len(content) >= 6e6:
        raise SystemExit(f"{path} is {len(content)} bytes: 6 MB is the limit")
    outputs = [o.name for o in graph.output]
    inputs = [i.name for i in graph.input]
    e = {
        "id": name, "file": os.path.basename(path), "kind": about["kind"], "name": about["name"], "scale": scale,
        "input": {"name": inputs[0], "layout": "NCHW", "channels": "RGB", "range": [0, 1], "type": "float32"},
        "output": outputs if about["kind"] == "features" else outputs[0],
        "receptiveField": None if about["kind"] in ("start", "end", "estimate", "drawing") else receptive_field(graph, inputs), "multipleOf": scale if about["kind"] == "reconstructor" else 1,
        "parameters": parameters(graph), "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
        "licence": about.get("licence", "MIT"), "data": about.get("data", DATA), "card": about.get("card", f"{name}.md"), "quality": about.get("quality", {}), "description": about["description"],
    }
    e.update({field: about[field] for field in ("adaptation", "forDrawings", "ends", "start", "layerWeights") if field in about})
    return e


def attribution(path):
    groups = defaultdict(list)
    with open(os.path.join(a.data, "train", "SOURCES.csv"), newline="") as f:
        for row in csv.DictReader(f):
            groups[(row["licence"], row["collection"])].append((row["origin"], row["file"]))
    for kind in ("photos", "graphics"):
        more = os.path.join(a.data, "train2", kind, "SOURCES.csv")
        if os.path.exists(more):
            with open(more, newline="") as f:
                for row in csv.DictReader(f):
                    credit = " ".join(row["credit"].split())
                    groups[(row["licence"], f"{row['source repository']} ({kind})")].append((f"{row['path']}: {credit}" if credit else row["path"], row["file"]))
    lines = ["# The pictures that the networks were trained on", "", "Crops of 384x384 pixels from these pictures, most of them reduced first. The pictures are not part of this project; the networks were trained on them: those marked (photos) and (graphics) only `lway-photo` networks, where their cards say so. Made by `training/register.py` from the data sets' own lists.", ""]
    for (licence, collection), files in sorted(groups.items()):
        lines += [f"## {collection}: {licence}", "", f"{len(files)} crops.", ""]
        by_origin = defaultdict(list)
        for origin, file in files:
            by_origin[origin].append(file)
        lines += [f"- {origin} ({len(v)} crop{'s' if len(v) > 1 else ''})" for origin, v in sorted(by_origin.items())]
        lines.append("")
    with open(path, "w") as f:
        f.write("\n".join(lines))


with open(os.path.join(a.models, "about.json")) as f:
    about = json.load(f)
where = lambda k, v: os.path.join(a.models, v.get("file", f"{k}.onnx"))
entries = [entry(k, where(k, v), v) for k, v in about["models"].items() if os.path.exists(where(k, v))]
listed = {"version": 1, "models": entries, **{k: about[k] for k in ("default", "defaultWhereSlow") if k in about}}
registry.check(listed)
with open(os.path.join(a.models, "models.json"), "w") as f:
    json.dump(listed, f, indent=2, ensure_ascii=False)
    f.write("\n")
for e in entries:
    print(e["id"], e["kind"], f"x{e['scale']}", e["parameters"], "parameters", e["bytes"], "bytes, receptive field", e["receptiveField"])
if os.path.exists(os.path.join(a.data, "train", "SOURCES.csv")):
    attribution(os.path.join(a.models, "DATA-ATTRIBUTION.md"))
