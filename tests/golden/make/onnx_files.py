#!/usr/bin/env python3
"""tests/golden/onnx: networks of a node or two that a command can be tried with, made by `onnx`.

    dark.onnx       saliency: how dark a place is, [1, 1, H, W] behind a Sigmoid, of photos of any size
    colours.onnx    a segmenter: red, green or blue, whichever is most, as scores [1, 3, H, W]
    told.onnx       the same behind an ArgMax, as class numbers [1, H, W] of photos of 16 pixels
"""
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parents[1] / "onnx"


def write(name, shape, nodes, held, gives, kind=TensorProto.FLOAT):
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("photo", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("map", kind, gives)],
                              [numpy_helper.from_array(np.asarray(a, np.float32), n) for n, a in held.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="")
    onnx.checker.check_model(model)
    onnx.save(model, FOLDER / f"{name}.onnx")


def main():
    FOLDER.mkdir(exist_ok=True)
    weight = np.full((1, 3, 1, 1), -4)
    write("dark", [1, 3, None, None], [helper.make_node("Conv", ["photo", "w", "b"], ["logits"]),
                                       helper.make_node("Sigmoid", ["logits"], ["map"])], {"w": weight, "b": [9]}, [1, 1, None, None])
    colours = helper.make_node("Conv", ["photo", "w"], ["map"])
    write("colours", [1, 3, None, None], [colours], {"w": np.eye(3)[:, :, None, None]}, [1, 3, None, None])
    told = [helper.make_node("Conv", ["photo", "w"], ["scores"]),
            helper.make_node("ArgMax", ["scores"], ["map"], axis=1, keepdims=0)]
    write("told", [1, 3, 16, 16], told, {"w": np.eye(3)[:, :, None, None]}, [1, 16, 16],
          TensorProto.INT64)


if __name__ == "__main__":
    main()
