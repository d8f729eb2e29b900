#!/usr/bin/env python3
"""Fits what tells drawn pictures (text, charts, comics, icons, screenshots) from photographs: a small network on means and
deviations of the first four maps of the Darknet feature network, written as one ONNX file with them.

  python3 training/train_drawn.py --out models/lway-drawn.onnx

Input `image` [n,3,h,w] RGB 0..1; output `drawn` [n,1], the probability that the picture is drawn.

Shown are pieces of 48 to 160 pixels: of pictures degraded as the SR networks see them, and of such as people open, reduced by 1 to
3 with JPEG, noise or without colour. A sixth of the drawings is printed in dots first (`halftone`)."""
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
MAPS = ("a1", "a2", "a3", "a4")
a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("--out", required=True)
a.add_argument("--features", default=os.path.join(data.ROOT, "models", "darknet-features.onnx"))
a.add_argument("--data", default=data.DATA)
a.add_argument("--pictures", type=int, default=5400)
a.add_argument("--tests", type=int, default=1900)
a.add_argument("--steps", type=int, default=3000)
a.add_argument("--members", type=int, default=4, help="networks whose logits are averaged")
a.add_argument("--hidden", type=int, default=32, help="units of each")
a.add_argument("--decay", type=float, default=2.0, help="weight decay")
a.add_argument("--prior", type=float, default=0.25, help="share of drawings among the pictures that people upscale")
a.add_argument("--threads", type=int, default=1)
a = a.parse_args()
loop.prepare(a.threads)
PHOTOGRAPHED = [f"degradation-{name}.json" for name in ("photo", "dirty", "clean", "compressed", "grain")]
DRAWN = [f"degradation-{name}.json" for name in ("graphics", "photo", "clean", "compressed")]
# What lies among the photographs and was drawn (looked at): screenshots, engravings, miniatures, a map.
MISFILED = set("clebfd571f os0417 os0434 os0616 cl4cd6910a ox0131 os0437 os0615 os0656 os0600 os0345".split())
# Neither: photographs of signs, murals, paintings and handwriting.
UNCLEAR = set("os0331 os0202 os0256 os0200 os0215 el020 os0647 os0669 ox0070 os0554 os0515 os0087 os0304 os0611 os0455 cl2a760bf1 os0001".split())
SIDES = (48, 64, 96, 128, 160)


def network(head=None):
    """image -> the statistics [n,2c], or with the arrays of a head (`fit`) the probability."""
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
    if head:
        weights += [numpy_helper.from_array(np.asarray(value, np.float32), f"drawn.{name}") for name, value in head.items()]
        nodes += [
            helper.make_node("Sub", ["statistics", "drawn.mean"], ["centred"]),
            helper.make_node("Div", ["centred", "drawn.spread"], ["standardised"]),
            helper.make_node("Clip", ["standardised", "drawn.least", "drawn.most"], ["clipped"]),
            helper.make_node("Gemm", ["clipped", "drawn.weight1", "drawn.bias1"], ["sums"]),
            helper.make_node("Tanh", ["sums"], ["hidden"]),
            helper.make_node("Gemm", ["hidden", "drawn.weight2", "drawn.bias2"], ["logit"]),
            helper.make_node("Sigmoid", ["logit"], ["drawn"]),
        ]
        output, width = "drawn", 1
    port = lambda name, shape: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "lway-drawn", [port("image", ["n", 3, "h", "w"])], [port(output, ["n", width])], weights)
    model = helper.make_model(graph, opset_imports=source.opset_import, ir_version=source.ir_version, producer_name="LWay")
    helper.set_model_props(model, {"author": "LWay; Darknet reference network by Joseph Redmon", "licence": "public domain"})
    onnx.checker.check_model(model)
    onnx.save(model, a.out)
    return interpret.OnnxNet(a.out)


def halftone(hr, rng):
    """Colours printed as dots, each ink's screen turned by another angle; dark lines stay whole. hr [3,h,w] 0..1."""
    inks = hr.numpy()
    y, x = np.mgrid[0:inks.shape[1], 0:inks.shape[2]] * (2 * np.pi / rng.uniform(3.5, 8))
    out, soft = np.empty_like(inks), rng.uniform(0.04, 0.25)
    for c, angle in enumerate(np.deg2rad([15, 75, 0]) + rng.uniform(-0.1, 0.1)):
        screen = (np.cos(x * np.cos(angle) + y * np.sin(angle)) + np.cos(y * np.cos(angle) - x * np.sin(angle))) / 4 + 0.5
        out[c] = 1 - np.clip((screen - inks[c]) / soft + 0.5, 0, 1) * rng.uniform(0.75, 1)
    faint = rng.choice([0, 0.4])
    return torch.from_numpy(np.where(inks.max(0) < 0.25, inks, (1 - faint) * out + faint * inks).astype(np.float32)).clamp(0, 1)


def as_opened(photo, rng):
    """A picture as people open it: somewhat smaller than it was taken, perhaps compressed, noisy or without colour."""
    by = rng.choice([1, 1.5, 2, 3])
    image = D.resize(photo, int(photo.shape[1] / by), int(photo.shape[2] / by), "area") if by > 1 else photo
    if rng.random() < 0.5:
        image = D.jpeg(image, int(rng.integers(30, 95)), int(rng.choice([0, 2])))
    if rng.random() < 0.3:
        image = image + torch.from_numpy(rng.normal(0, rng.uniform(1, 8) / 255, tuple(image.shape)).astype(np.float32))
    if rng.random() < 0.12:
        image = D.gray(image)
    return image.clamp(0, 1)


def examples(files, settings, count, seed, net, dots=0.0):
    """Statistics of pieces of pictures, and the side of each piece; a share `dots` is printed in dots first."""
    rng, rows, sides = np.random.default_rng(seed), [], []
    settings = [D.load_settings(os.path.join(HERE, s)) for s in settings]
    for k in range(count):
        photo = data.read_image(files[int(rng.integers(len(files)))])
        if rng.random() < dots:
            photo = halftone(photo, rng)
        if rng.random() < 0.6:
            s = settings[k % len(settings)]
            image = D.apply_plan(D.prepare_hr(photo, rng, s), D.sample_plan(rng, s))
        else:
            image = as_opened(photo, rng)
        side = min(int(rng.choice(SIDES)), *image.shape[1:])
        y, x = (int(rng.integers(n - side + 1)) for n in image.shape[1:])
        with torch.no_grad():
            rows.append(net(image[None, :, y : y + side, x : x + side].contiguous())[0].numpy())
        sides.append(side)
        if k % 200 == 199:
            print(f"{k + 1} of {count}", flush=True)
    return np.array(rows, np.float64), np.array(sides)


def fit(x, y):
    """The head: networks of one hidden layer on standardised x, side by side as one; their logits are averaged."""
    mean, spread, most = x.mean(0), x.std(0) + 1e-6, 6.0
    rows, truth = torch.tensor((x - mean) / spread, dtype=torch.float32).clamp(-most, most), torch.tensor(y, dtype=torch.float32)
    members = []
    for seed in range(a.members):
        torch.manual_seed(seed)
        net = torch.nn.Sequential(torch.nn.Linear(x.shape[1], a.hidden), torch.nn.Tanh(), torch.nn.Dropout(0.3), torch.nn.Linear(a.hidden, 1))
        optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=a.decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, a.steps)
        for _ in range(a.steps):
            batch = torch.randint(len(rows), (256,))
            optimiser.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(net(rows[batch])[:, 0], truth[batch]).backward()
            optimiser.step()
            schedule.step()
        members.append([p.detach().numpy() for p in net.parameters()])
    w1, b1, w2, b2 = zip(*members)
    odds = np.log(a.prior / (1 - a.prior)) - np.log(y.mean() / (1 - y.mean()))
    return dict(mean=mean, spread=spread, least=-most, most=most, weight1=np.concatenate(w1).T, bias1=np.concatenate(b1),
                weight2=np.concatenate(w2, 1).T / a.members, bias2=np.mean(b2, 0) + odds)


photographs, photographs_held_out = [], []
for part in ("train", os.path.join("train2", "photos")):
    kept, held_out = data.split_by_photo(os.path.join(a.data, part), 120)
    photographs += kept
    photographs_held_out += held_out
drawings, drawings_held_out = data.split_by_source(os.path.join(a.data, "train2", "graphics"), 6)
for files, drawn in ((photographs, drawings), (photographs_held_out, drawings_held_out)):
    drawn += [f for f in files if data.photo_name(f) in MISFILED]
    files[:] = [f for f in files if data.photo_name(f) not in MISFILED | UNCLEAR]
net = network()
photographed, _ = examples(photographs, PHOTOGRAPHED, a.pictures * 5 // 9, 1, net)
drawn, _ = examples(drawings, DRAWN, a.pictures * 4 // 9, 2, net, 0.16)
net = network(fit(np.concatenate([photographed, drawn]), np.r_[np.zeros(len(photographed)), np.ones(len(drawn))]))
(p, _), (d, sides), (printed, _) = (examples(files, settings + ["degradation-heldout.json"], count, seed, net, dots) for files, settings, count, seed, dots in (
    (photographs_held_out, PHOTOGRAPHED, a.tests * 3 // 5, 3, 0), (drawings_held_out, DRAWN, a.tests * 2 // 5, 4, 0), (drawings_held_out, DRAWN, a.tests // 10, 5, 1)))
print(f"{len(p)} pieces of held-out photographs, {len(d)} of held-out drawings, {len(printed)} of these printed in dots: area under the curve {(p < d[:, 0]).mean():.3f}")
for least in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
    print(f"above {least}: {100 * (d > least).mean():.0f} % of the drawings ({100 * (d[sides <= 64] > least).mean():.0f} % of pieces up to 64 pixels, {100 * (printed > least).mean():.0f} % of printed ones), {100 * (p > least).mean():.1f} % of the photographs")
