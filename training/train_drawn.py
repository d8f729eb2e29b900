#!/usr/bin/env python3
"""Fits what tells drawn pictures (text, charts, comics, icons, screenshots) from photographs: logistic regression on means and
deviations of the first three maps of the Darknet feature network, written as one ONNX file with them.

  python3 training/train_drawn.py --out models/lway-drawn.onnx

Input `image` [n,3,h,w] RGB 0..1; output `drawn` [n,1], the probability that the picture is drawn."""
import argparse
import os
import sys

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lway import data, degradation as D, interpret, loop

HERE = os.path.dirname(os.path.abspath(__file__))
MAPS = ("a1", "a2", "a3")
a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--out", required=True)
a.add_argument("--features", default=os.path.join(data.ROOT, "models", "darknet-features.onnx"))
a.add_argument("--data", default=data.DATA)
a.add_argument("--pictures", type=int, default=2400)
a.add_argument("--tests", type=int, default=800)
a.add_argument("--penalty", type=float, default=0.01, help="of the squared weights")
a.add_argument("--threads", type=int, default=1)
a = a.parse_args()
loop.prepare(a.threads)
PHOTOGRAPHED = ["degradation-photo.json", "degradation-dirty.json", "degradation-clean.json", "degradation-compressed.json"]
DRAWN = ["degradation-graphics.json", "degradation-photo.json", "degradation-clean.json"]


def network(weight=None, bias=None):
    """image -> the statistics [n,2c], or with the weights of a linear map the probability."""
    source = onnx.load(a.features)
    nodes, made = [], set()
    for node in source.graph.node:
        nodes.append(node)
        made.add(node.output[0])
        if made.issuperset(MAPS):
            break
    used = {i for n in nodes for i in n.input}
    weights = [i for i in source.graph.initializer if i.name in used]
    parts = []
    for m in MAPS:
        nodes += [
            helper.make_node("ReduceMean", [m], [f"{m}.mean"], axes=[2, 3], keepdims=1),
            helper.make_node("Sub", [m, f"{m}.mean"], [f"{m}.off"]),
            helper.make_node("Mul", [f"{m}.off", f"{m}.off"], [f"{m}.square"]),
            helper.make_node("ReduceMean", [f"{m}.square"], [f"{m}.variance"], axes=[2, 3], keepdims=1),
            helper.make_node("Sqrt", [f"{m}.variance"], [f"{m}.deviation"]),
        ]
        parts += [f"{m}.mean", f"{m}.deviation"]
    nodes += [helper.make_node("Concat", parts, ["all"], axis=1), helper.make_node("Flatten", ["all"], ["statistics"])]
    output, width = "statistics", "c"
    if weight is not None:
        weights += [numpy_helper.from_array(weight.astype(np.float32)[:, None], "drawn.weight"), numpy_helper.from_array(np.array([bias], np.float32), "drawn.bias")]
        nodes += [helper.make_node("Gemm", ["statistics", "drawn.weight", "drawn.bias"], ["logit"]), helper.make_node("Sigmoid", ["logit"], ["drawn"])]
        output, width = "drawn", 1
    port = lambda name, shape: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "lway-drawn", [port("image", ["n", 3, "h", "w"])], [port(output, ["n", width])], weights)
    model = helper.make_model(graph, opset_imports=source.opset_import, ir_version=source.ir_version, producer_name="LWay")
    helper.set_model_props(model, {"author": "LWay; Darknet reference network by Joseph Redmon", "licence": "public domain"})
    onnx.checker.check_model(model)
    onnx.save(model, a.out)
    return interpret.OnnxNet(a.out)


def examples(files, settings, count, seed, net):
    rng, rows = np.random.default_rng(seed), []
    settings = [D.load_settings(os.path.join(HERE, s)) for s in settings]
    for k in range(count):
        s = settings[k % len(settings)]
        photo = D.prepare_hr(data.read_image(files[int(rng.integers(len(files)))]), rng, s)
        with torch.no_grad():
            rows.append(net(D.apply_plan(photo, D.sample_plan(rng, s))[None])[0].numpy())
        if k % 200 == 199:
            print(f"{k + 1} of {count}", flush=True)
    return np.array(rows, np.float64)


def fit(x, y):
    """Logistic regression of standardised x; -> (weight, bias) for x as it is."""
    mean, spread = x.mean(0), x.std(0) + 1e-6
    rows, truth = torch.tensor((x - mean) / spread), torch.tensor(y)
    w, b = torch.zeros(x.shape[1], dtype=torch.double, requires_grad=True), torch.zeros(1, dtype=torch.double, requires_grad=True)
    optimiser = torch.optim.LBFGS([w, b], max_iter=300)

    def closure():
        optimiser.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(rows @ w + b, truth) + a.penalty / 2 * (w * w).sum()
        loss.backward()
        return loss
    optimiser.step(closure)
    weight = w.detach().numpy() / spread
    return weight, b.item() - mean @ weight


photographs, photographs_held_out = [], []
for part in ("train", os.path.join("train2", "photos")):
    kept, held_out = data.split_by_photo(os.path.join(a.data, part))
    photographs += kept
    photographs_held_out += held_out
drawings, drawings_held_out = data.split_by_source(os.path.join(a.data, "train2", "graphics"))
net = network()
photographed, drawn = examples(photographs, PHOTOGRAPHED, a.pictures * 3 // 5, 1, net), examples(drawings, DRAWN, a.pictures * 2 // 5, 2, net)
net = network(*fit(np.concatenate([photographed, drawn]), np.r_[np.zeros(len(photographed)), np.ones(len(drawn))]))
p, d = (examples(files, settings + ["degradation-heldout.json"], count, seed, net)[:, 0] for files, settings, count, seed in (
    (photographs_held_out, PHOTOGRAPHED, a.tests * 2 // 3, 3), (drawings_held_out, DRAWN, a.tests // 3, 4)))
print(f"{len(p)} crops of held-out photographs, {len(d)} crops of held-out drawings: area under the curve {(p[:, None] < d[None]).mean():.3f}")
for least in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
    print(f"above {least}: {100 * (d > least).mean():.0f} % of the drawings, {100 * (p > least).mean():.1f} % of the photographs")
