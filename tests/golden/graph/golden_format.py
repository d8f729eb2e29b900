"""What the golden files share: small float32 arrays as base64 in JSON, and single-node ONNX models."""
import base64
import json

import numpy as np
from onnx import TensorProto, helper, numpy_helper

ELEMENT = {
    np.dtype("float32"): TensorProto.FLOAT,
    np.dtype("int64"): TensorProto.INT64,
    np.dtype("bool"): TensorProto.BOOL,
}


def encode(array):
    """float32, int64 or bool array -> {shape, type, data}: little-endian base64."""
    array = np.asarray(array)
    if array.dtype == np.float64:
        array = array.astype(np.float32)
    assert array.dtype in ELEMENT, array.dtype
    return {
        "shape": list(array.shape),
        "type": str(array.dtype),
        "data": base64.b64encode(array.tobytes()).decode(),
    }


def base64_model(model):
    return base64.b64encode(model.SerializeToString()).decode()


def value_info(name, array):
    return helper.make_tensor_value_info(name, ELEMENT[array.dtype], array.shape)


def make_model(nodes, inputs, constants, outputs, opset):
    """`inputs` and `constants` map names to arrays, `outputs` to arrays of the expected values."""
    graph = helper.make_graph(
        nodes,
        "golden",
        [value_info(name, array) for name, array in inputs.items()],
        [value_info(name, array) for name, array in outputs.items()],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="make_ops.py")
    model.ir_version = 8
    return model


def write_json(path, head, cases):
    """One case a line, so that a changed case is one changed line."""
    with open(path, "w") as file:
        file.write("{\n" + "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()))
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        file.write('"cases": [\n' + lines + "\n]\n}\n")
