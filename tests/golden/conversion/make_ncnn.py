"""Tiny networks of ncnn as .param and .bin files, and what ncnn itself makes of a picture with them.

    npx jest --selectProjects=unit --runTestsByPath tests/engine/conversion.test.ts   # checks them
    python3 tests/golden/conversion/make_ncnn.py                                      # makes them (ncnn, numpy)

The layers are those of Upscayl's, Real-ESRGAN's and waifu2x's networks, in the same arrangement: Compact with PReLU,
Interp and BinaryOp; dense blocks with Concat and Eltwise; waifu2x's borders lost to convolutions, pooling, Scale, Crop
by reference and Deconvolution.
"""

import base64
import json
import pathlib
import struct
import tempfile

import ncnn
import numpy as np

here = pathlib.Path(__file__).parent
random = np.random.default_rng(3)
HALF, TABLE_ENTRIES = 0x01306B47, 256


class Network:
    def __init__(self):
        self.lines, self.bin, self.blobs = [], b"", set()

    def layer(self, kind, inputs, outputs, settings=""):
        self.blobs |= set(outputs)
        names = " ".join([*inputs, *outputs])
        self.lines.append(f"{kind} {kind}_{len(self.lines)} {len(inputs)} {len(outputs)} {names} {settings}".rstrip())

    def plain(self, count, spread=0.1, around=0.0):
        self.bin += (around + spread * random.standard_normal(count)).astype("<f4").tobytes()

    def marked(self, count, kind, spread):
        values = (spread * random.standard_normal(count)).astype("<f4")
        if kind == "half":
            raw = values.astype("<f2").tobytes()
            self.bin += struct.pack("<I", HALF) + raw + b"\0" * (-len(raw) % 4)
        elif kind == "table":
            # Weights as places in a list of 256 values.
            table = (spread * random.standard_normal(TABLE_ENTRIES)).astype("<f4")
            places = random.integers(0, TABLE_ENTRIES, count).astype("u1").tobytes()
            self.bin += struct.pack("<I", 1) + table.tobytes() + places + b"\0" * (-count % 4)
        else:
            self.bin += struct.pack("<I", 0) + values.tobytes()

    def conv(self, x, y, inputs, outputs, kernel=3, pad=1, more="", kind="half", layer="Convolution", spread=0.15):
        size = inputs * outputs * kernel * kernel
        self.layer(layer, [x], [y], f"0={outputs} 1={kernel} 4={pad} 5=1 6={size} {more}")
        self.marked(size, kind, spread)
        self.plain(outputs)

    @property
    def param(self):
        return f"7767517\n{len(self.lines)} {len(self.blobs)}\n" + "\n".join(self.lines) + "\n"


def compact(kind):
    n = Network()
    n.layer("Input", [], ["data"])
    n.layer("Split", ["data"], ["a", "b"])
    n.conv("b", "c", 3, 6, kind=kind)
    n.layer("PReLU", ["c"], ["d"], "0=6")
    n.plain(6, 0.1, 0.2)
    n.conv("d", "e", 6, 12, kind=kind)
    n.layer("PixelShuffle", ["e"], ["f"], "0=2")
    n.layer("Interp", ["a"], ["g"], "0=1 1=2.000000e+00 2=2.000000e+00")
    n.layer("BinaryOp", ["f", "g"], ["output"])
    return n


def compact_reduced():
    """As Real-ESRGAN's x2 and x3 for drawings: enlarged by more, then resized down by cubic interpolation."""
    n = compact("float")
    n.lines[-1] = n.lines[-1].replace("output", "large")
    n.blobs = (n.blobs - {"output"}) | {"large"}
    n.layer("Interp", ["large"], ["output"], "0=3 1=5.000000e-01 2=5.000000e-01")
    return n


def dense():
    n = Network()
    n.layer("Input", [], ["data"])
    n.conv("data", "x", 3, 4, kind="half")
    n.layer("Split", ["x"], ["x0", "x1", "x2", "x3"])
    n.conv("x0", "p", 4, 2, more="9=2 -23310=1,2.000000e-01")
    n.layer("Concat", ["x1", "p"], ["q"])
    n.conv("q", "r", 6, 4, kind="table")
    n.layer("BinaryOp", ["r"], ["s"], "0=2 1=1 2=2.000000e-01")
    n.layer("BinaryOp", ["s", "x2"], ["t"])
    n.layer("Eltwise", ["t", "x3"], ["u"], "0=1 -23301=2,1.000000e+00,5.000000e-01")
    n.layer("Interp", ["u"], ["v"], "0=1 1=2.000000e+00 2=2.000000e+00")
    n.conv("v", "w", 4, 4)
    n.layer("ReLU", ["w"], ["y"], "0=2.000000e-01")
    n.conv("y", "z", 4, 3, more="9=1")
    n.layer("Sigmoid", ["z"], ["output"])
    return n


def waifu():
    slope = "9=2 -23310=1,1036831949"
    n = Network()
    n.layer("Input", [], ["Input1"], "0=200 1=200 2=3")
    n.conv("Input1", "a", 3, 4, pad=0, more=slope)
    n.layer("Split", ["a"], ["a0", "a1"])
    n.layer("Convolution", ["a0"], ["b"], f"0=6 1=2 3=2 5=1 6=96 {slope}")
    n.marked(96, "half", 0.2)
    n.plain(6)
    n.conv("b", "c", 6, 6, pad=0, more=slope)
    n.layer("Split", ["c"], ["c0", "c1"])
    n.layer("Pooling", ["c1"], ["d"], "0=1 4=1")
    n.layer("InnerProduct", ["d"], ["e"], "0=3 1=1 2=18 9=1")
    n.marked(18, "half", 0.4)
    n.plain(3)
    n.layer("InnerProduct", ["e"], ["f"], "0=6 1=1 2=18 9=4")
    n.marked(18, "half", 0.4)
    n.plain(6)
    n.layer("Scale", ["c0", "f"], ["g"], "0=-233")
    n.conv("g", "h", 6, 4, kernel=2, pad=0, more=f"3=2 {slope}", layer="Deconvolution")
    n.layer("Split", ["h"], ["h0", "h1"])
    n.layer("Crop", ["a1", "h0"], ["i"], "0=2 1=2")
    n.layer("Eltwise", ["i", "h1"], ["j"], "0=1")
    n.conv("j", "k", 4, 3, kernel=4, pad=3, more="3=2", layer="Deconvolution")
    return n


def span():
    """SPAN's begin, a mean colour that is taken off, and its block with Swish and a sigmoid as attention."""
    n = Network()
    n.layer("Input", [], ["data"])
    n.layer("MemoryData", [], ["mean"], "0=1 1=1 2=3")
    n.plain(3, 0.1, 0.4)
    n.layer("BinaryOp", ["data", "mean"], ["a"], "0=1")
    n.layer("BinaryOp", ["a"], ["b"], "0=2 1=1 2=2.550000e+02")
    n.conv("b", "c", 3, 4, spread=0.01)
    n.layer("Split", ["c"], ["c0", "c1"])
    n.layer("Swish", ["c0"], ["d"])
    # Real-CUGAN's way of cutting borders off, here those that the convolution before has got.
    n.conv("d", "wide", 4, 4, pad=2)
    n.layer("Crop", ["wide"], ["e"], "-23309=2,1,1 -23310=2,-1,-1 -23311=2,-2,-1")
    n.layer("Split", ["e"], ["e0", "e1", "e2"])
    n.layer("Sigmoid", ["e0"], ["f"])
    n.layer("BinaryOp", ["f"], ["g"], "0=1 1=1 2=5.000000e-01")
    n.layer("BinaryOp", ["e1", "c1"], ["h"])
    n.layer("BinaryOp", ["h", "g"], ["i"], "0=2")
    n.layer("Concat", ["i", "e2"], ["j"])
    n.conv("j", "k", 8, 12)
    n.layer("PixelShuffle", ["k"], ["output"], "0=2")
    return n


def run(n, x, output):
    with tempfile.TemporaryDirectory() as folder:
        param, binary = pathlib.Path(folder) / "n.param", pathlib.Path(folder) / "n.bin"
        # waifu2x's files write a float as the whole number with its bits; ncnn read that when they were made, and no more.
        param.write_text(n.param.replace("1036831949", "1.000000e-01"))
        binary.write_bytes(n.bin)
        net = ncnn.Net()
        for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage", "use_winograd_convolution"):
            setattr(net.opt, option, False)
        assert net.load_param(str(param)) == 0 and net.load_model(str(binary)) == 0
        extractor = net.create_extractor()
        extractor.input(n.lines[0].split()[4], ncnn.Mat(x))
        status, result = extractor.extract(output)
        assert status == 0
        return np.array(result)


def encode(array):
    array = np.ascontiguousarray(array, dtype=np.float32)
    return {"shape": [1, *array.shape], "data": base64.b64encode(array.tobytes()).decode()}


cases = []
for name, n, output in [
    ("Compact x2, half precision", compact("half"), "output"),
    ("Compact x2, reduced again", compact_reduced(), "output"),
    ("dense x2, weights looked up in a table", dense(), "output"),
    ("waifu2x x2, borders lost", waifu(), "k"),
    ("SPAN x2, its mean as a layer, and a border cut off", span(), "output"),
]:
    x = random.random((3, 12, 16), dtype=np.float32)
    cases.append({"name": name, "param": n.param, "bin": base64.b64encode(n.bin).decode(), "input": encode(x),
                  "output": encode(run(n, x, output))})
    print(name, cases[-1]["output"]["shape"])
lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases)
(here / "ncnn.json").write_text('{"cases": [\n' + lines + "\n]}\n")
print((here / "ncnn.json").stat().st_size, "bytes")
