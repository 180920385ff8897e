#!/usr/bin/env python3
"""A network written as a list of float operations (JSON) beside its weights (safetensors) as an ONNX file.

    float_graph.py deeplabv3_mnv2_pascal_quant.graph.json -o deeplab.onnx         needs onnx, numpy, safetensors

The list is what a quantised TFLite file says, in NCHW: {"nodes": [{"op": "conv", "in": [0], "w": "c000", "scale": ...,
"zero_point": ..., "stride": ..., "dilation": ..., "pad": [top, bottom, left, right], "clamp": [low, high], "act": ...,
"out": 1}, ...]}; weights are NAME.weight_q in bytes, (q - zero_point) * scale, and NAME.bias. Operations: conv, dwconv, add,
avgpool, resize_bilinear, concat, argmax. An argmax at the end becomes a second output: the first is what it chooses from.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file


class Writer:
    def __init__(self, weights):
        self.weights, self.nodes, self.held = weights, [], []

    def hold(self, name, array):
        self.held.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}_{output}", **attributes))

    def convolution(self, n, inputs, output):
        quantised = self.weights[n["w"] + ".weight_q"].astype(np.float32)
        weight = self.hold(n["w"] + ".weight", (quantised - n["zero_point"]) * np.float32(n["scale"]))
        bias = self.hold(n["w"] + ".bias", self.weights[n["w"] + ".bias"])
        top, bottom, left, right = n["pad"]
        self.node("Conv", [*inputs, weight, bias], output, strides=n["stride"], dilations=n["dilation"],
                  pads=[top, left, bottom, right], kernel_shape=n["shape"][2:],
                  group=n["shape"][0] if n["op"] == "dwconv" else 1)

    def add(self, n):
        inputs, output = [f"v{i}" for i in n["in"]], f"v{n['out']}"
        made = output + "_wide" if "clamp" in n else output
        if n["op"] in ("conv", "dwconv"):
            self.convolution(n, inputs, made)
        elif n["op"] == "add":
            self.node("Add", inputs, made)
        elif n["op"] == "avgpool":
            self.node("AveragePool", inputs, made, kernel_shape=n["k"], strides=n["stride"])
        elif n["op"] == "concat":
            self.node("Concat", inputs, made, axis=n["axis"])
        elif n["op"] == "argmax":
            self.node("ArgMax", inputs, made, axis=n["axis"], keepdims=0)
        elif n["op"] == "resize_bilinear":
            region = self.hold(output + "_region", np.zeros(0, np.float32))
            none = self.hold(output + "_scales", np.zeros(0, np.float32))
            shape = f"{output}_shape"
            self.node("Shape", inputs, shape)
            if "two" not in [t.name for t in self.held]:
                self.hold("zero", np.array([0])), self.hold("two", np.array([2]))
            self.node("Slice", [shape, "zero", "two"], shape + "_front")
            self.node("Concat", [shape + "_front", self.hold(output + "_size", np.array(n["size"]))], shape + "_all",
                      axis=0)
            self.node("Resize", [*inputs, region, none, shape + "_all"], made, mode="linear",
                      coordinate_transformation_mode="align_corners" if n["align_corners"] else "asymmetric")
        else:
            raise SystemExit(f"operation '{n['op']}' is not understood")
        if "clamp" in n:  # the output's range holds the activation: what is below or above cannot be said there
            low, high = (self.hold(f"{output}_{end}", np.float32(v)) for end, v in zip(("low", "high"), n["clamp"]))
            self.node("Clip", [made, low, high], output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graph", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    graph = json.loads(args.graph.read_text())
    writer = Writer(load_file(args.graph.with_name(args.graph.name.replace(".graph.json", ".safetensors"))))
    for n in graph["nodes"]:
        writer.add(n)
    outputs = [helper.make_tensor_value_info(f"v{graph['output']}", TensorProto.FLOAT, [None] * 4)]
    last = graph["nodes"][-1]
    if last["op"] == "argmax":
        outputs = [helper.make_tensor_value_info(f"v{last['in'][0]}", TensorProto.FLOAT, [None] * 4),
                   helper.make_tensor_value_info(f"v{last['out']}", TensorProto.INT64, [None] * 3)]
    photo = helper.make_tensor_value_info(f"v{graph['input']['id']}", TensorProto.FLOAT, graph["input"]["shape"])
    made = helper.make_graph(writer.nodes, "graph", [photo], outputs, writer.held)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, args.output)
    print(f"{len(writer.nodes)} nodes, {args.output.stat().st_size / 1e6:.1f} MB in {args.output}; "
          f"its input is {graph['input']['preprocess']}")


if __name__ == "__main__":
    main()
