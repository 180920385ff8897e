#!/usr/bin/env python3
"""tests/golden/onnx_operators.safetensors: models of a node or a few, made by `onnx` and run by `onnxruntime`.

    python -m venv v; v/bin/pip install onnx onnxruntime safetensors
    v/bin/python tests/golden/make/onnx_operators.py

A case NAME is NAME/model (the file's bytes), NAME/in.K and NAME/out.K. Its name begins with its operator.
"""
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

TYPES = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64,
         np.dtype(np.int32): TensorProto.INT32, np.dtype(bool): TensorProto.BOOL,
         np.dtype(np.uint8): TensorProto.UINT8, np.dtype(np.float64): TensorProto.DOUBLE}
rng = np.random.default_rng(7)
tensors = {}


def f(*shape, scale=1.0, shift=0.0):
    return (rng.normal(size=shape) * scale + shift).astype(np.float32)


def ints(*values):
    return np.array(values, np.int64)


def node(kind, inputs, outputs=("y",), **attributes):
    return helper.make_node(kind, inputs.split(), list(outputs), **attributes)


def case(name, opset, nodes, inputs, held=None, outputs=("y",), ir=8):
    """`inputs` are given when it runs, `held` lie in the file."""
    nodes = nodes if isinstance(nodes, list) else [nodes]
    given = [helper.make_tensor_value_info(n, TYPES[np.asarray(a).dtype], np.shape(a)) for n, a in inputs.items()]
    made = [helper.make_empty_tensor_value_info(n) for n in outputs]
    initializers = [a if isinstance(a, onnx.TensorProto) else numpy_helper.from_array(np.asarray(a), n)
                    for n, a in (held or {}).items()]
    graph = helper.make_graph(nodes, "g", given, made, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir, producer_name="")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run(list(outputs), {n: np.asarray(a) for n, a in inputs.items()})
    assert name + "/model" not in tensors, name
    tensors[name + "/model"] = np.frombuffer(model.SerializeToString(), np.uint8)
    for k, a in enumerate(inputs.values()):
        tensors[f"{name}/in.{k}"] = np.array(a)
    for k, a in enumerate(results):
        tensors[f"{name}/out.{k}"] = np.array(a)


def elementwise():
    x = f(2, 3, 4, scale=2)
    for kind in "Abs Ceil Cos Erf Exp Floor Identity Neg Relu Sigmoid Sin Softplus Tanh".split():
        case(kind, 13, node(kind, "x"), {"x": x})
    for kind in "Log Reciprocal Sqrt".split():
        case(kind, 13, node(kind, "x"), {"x": np.abs(x) + 0.1})
    case("Elu", 13, node("Elu", "x", alpha=0.7), {"x": x})
    case("LeakyRelu", 13, node("LeakyRelu", "x", alpha=0.2), {"x": x})
    case("LeakyRelu default", 7, node("LeakyRelu", "x"), {"x": x})
    case("HardSigmoid", 13, node("HardSigmoid", "x"), {"x": x})
    case("HardSigmoid torch", 13, node("HardSigmoid", "x", alpha=1 / 6), {"x": x})
    case("HardSwish", 14, node("HardSwish", "x"), {"x": x})
    case("PRelu", 13, node("PRelu", "x s"), {"x": x}, {"s": f(3, 1)})
    case("Gelu", 20, node("Gelu", "x"), {"x": x})
    case("Gelu tanh", 20, node("Gelu", "x", approximate="tanh"), {"x": x})
    for kind in "Add Sub Mul Div".split():
        case(kind, 13, node(kind, "a b"), {"a": x, "b": f(3, 1)})
        case(kind + " whole", 14, node(kind, "a b"), {"a": ints(7, -7, 9, -9), "b": ints(2, 2, -4, -1)})
    case("Pow", 13, node("Pow", "a b"), {"a": np.abs(x), "b": f(4)})
    case("Pow whole exponent", 13, node("Pow", "a b"), {"a": x, "b": ints(2)})
    for kind in "Equal Greater Less".split():
        case(kind, 13, node(kind, "a b"), {"a": ints(1, 2, 3), "b": ints(2, 2, 2)})
    for kind in "GreaterOrEqual LessOrEqual".split():
        case(kind, 13, node(kind, "a b"), {"a": x, "b": x[:, ::-1].copy()})
    t, u = x > 0, x[::-1] > 0
    case("And", 13, node("And", "a b"), {"a": t, "b": u})
    case("Or", 13, node("Or", "a b"), {"a": t, "b": u})
    case("Not", 13, node("Not", "a"), {"a": t})
    case("Where", 13, node("Where", "c a b"), {"c": t, "a": x, "b": f(4)})
    for kind in "Max Min Sum".split():
        case(kind, 13, node(kind, "a b c"), {"a": x, "b": f(3, 4), "c": f(4)})
    case("Clip attributes", 10, node("Clip", "x", min=-0.5, max=1.0), {"x": x})
    case("Clip", 13, node("Clip", "x l h"), {"x": x}, {"l": np.float32(0), "h": np.float32(1.5)})
    case("Clip above", 13, helper.make_node("Clip", ["x", "", "h"], ["y"]), {"x": x}, {"h": np.float32(0.3)})
    for to, what in ((TensorProto.INT64, "whole"), (TensorProto.BOOL, "truth"), (TensorProto.DOUBLE, "double")):
        case("Cast " + what, 13, node("Cast", "x", to=to), {"x": x})
    case("Cast from truth", 13, node("Cast", "x", to=TensorProto.FLOAT), {"x": t})
    case("Dropout", 13, node("Dropout", "x"), {"x": x})
    case("Dropout attribute", 7, node("Dropout", "x", ratio=0.4), {"x": x})


def convolutions():
    x = f(2, 4, 9, 11)
    same = dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    case("Conv", 11, node("Conv", "x w b", **same), {"x": x}, {"w": f(6, 4, 3, 3), "b": f(6)})
    case("Conv strided", 11, node("Conv", "x w", strides=[2, 1], **same), {"x": x}, {"w": f(6, 4, 3, 3)})
    case("Conv dilated", 11, node("Conv", "x w b", dilations=[2, 3], pads=[2, 3, 2, 3]), {"x": x},
         {"w": f(5, 4, 3, 3), "b": f(5)})
    case("Conv depthwise", 11, node("Conv", "x w b", group=4, **same), {"x": x}, {"w": f(8, 1, 3, 3), "b": f(8)})
    case("Conv uneven pads", 11, node("Conv", "x w", pads=[0, 2, 1, 0], strides=[2, 2]), {"x": x},
         {"w": f(3, 4, 3, 2)})
    case("Conv line", 11, node("Conv", "x w", pads=[2, 1]), {"x": f(1, 3, 10)}, {"w": f(4, 3, 4)})
    for how in "VALID SAME_UPPER SAME_LOWER".split():
        case("Conv " + how, 11, node("Conv", "x w", auto_pad=how, strides=[2, 2], kernel_shape=[4, 3]), {"x": x},
             {"w": f(3, 4, 4, 3)})
    case("ConvTranspose", 11, node("ConvTranspose", "x w b", kernel_shape=[4, 4], pads=[1, 1, 1, 1], strides=[2, 2]),
         {"x": x}, {"w": f(4, 3, 4, 4), "b": f(3)})
    case("ConvTranspose more", 11, node("ConvTranspose", "x w", strides=[3, 2], output_padding=[2, 1], group=2,
                                        dilations=[1, 2]), {"x": x}, {"w": f(4, 2, 3, 3)})
    case("ConvTranspose uneven pads", 11, node("ConvTranspose", "x w", strides=[2, 2], pads=[0, 1, 1, 2]), {"x": x},
         {"w": f(4, 3, 3, 3)})
    case("DepthToSpace", 13, node("DepthToSpace", "x", blocksize=2), {"x": f(1, 8, 2, 3)})
    case("DepthToSpace CRD", 13, node("DepthToSpace", "x", blocksize=2, mode="CRD"), {"x": f(1, 8, 2, 3)})


def pooling():
    x = f(1, 3, 9, 10)
    case("MaxPool", 7, node("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2]), {"x": x})
    case("MaxPool padded", 12, node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]), {"x": x})
    for kernel, stride, pads in ((2, 2, 0), (3, 2, 0), (3, 2, 1), (2, 3, 0), (3, 4, 1)):
        options = dict(kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pads] * 4, ceil_mode=1)
        case(f"MaxPool ceil {kernel} {stride} {pads}", 12, node("MaxPool", "x", **options), {"x": x})
        case(f"AveragePool ceil {kernel} {stride} {pads}", 22, node("AveragePool", "x", **options), {"x": x}, ir=10)
    case("MaxPool dilated", 12, node("MaxPool", "x", kernel_shape=[3, 2], dilations=[2, 3], pads=[0, 1, 1, 0]),
         {"x": x})
    case("MaxPool line", 12, node("MaxPool", "x", kernel_shape=[3], strides=[2], pads=[1, 0]), {"x": f(1, 2, 8)})
    case("MaxPool SAME_UPPER", 12, node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
         {"x": x})
    case("AveragePool", 7, node("AveragePool", "x", kernel_shape=[3, 2], strides=[2, 2]), {"x": x})
    for count in (0, 1):
        case(f"AveragePool padded {count}", 11, node("AveragePool", "x", kernel_shape=[3, 3], strides=[2, 2],
                                                     pads=[1, 1, 1, 1], count_include_pad=count), {"x": x})
        case(f"AveragePool uneven pads {count}", 11, node("AveragePool", "x", kernel_shape=[3, 3], pads=[0, 1, 2, 0],
                                                          count_include_pad=count), {"x": x})
    case("AveragePool line", 11, node("AveragePool", "x", kernel_shape=[4], pads=[1, 1]), {"x": f(1, 2, 8)})
    case("GlobalAveragePool", 11, node("GlobalAveragePool", "x"), {"x": x})
    case("GlobalMaxPool", 11, node("GlobalMaxPool", "x"), {"x": x})


def norms():
    x = f(2, 6, 4, 5)
    four = {"s": f(6), "b": f(6), "m": f(6), "v": np.abs(f(6)) + 0.2}
    case("BatchNormalization", 9, node("BatchNormalization", "x s b m v", epsilon=1e-3), {"x": x}, four)
    case("BatchNormalization 15", 15, node("BatchNormalization", "x s b m v", momentum=0.9, training_mode=0), {"x": x},
         four)
    case("InstanceNormalization", 11, node("InstanceNormalization", "x s b"), {"x": x}, {"s": f(6), "b": f(6)})
    case("GroupNormalization", 21, node("GroupNormalization", "x s b", num_groups=3), {"x": x},
         {"s": f(6), "b": f(6)}, ir=10)
    case("LayerNormalization", 17, node("LayerNormalization", "x s b", epsilon=1e-6), {"x": x}, {"s": f(5), "b": f(5)})
    case("LayerNormalization axis", 17, node("LayerNormalization", "x s", axis=2), {"x": x}, {"s": f(4, 5)})
    for kind in "Softmax LogSoftmax".split():
        case(kind + " flat", 11, node(kind, "x"), {"x": x})
        case(kind + " flat 2", 9, node(kind, "x", axis=2), {"x": x})
        case(kind, 13, node(kind, "x"), {"x": x})
        case(kind + " axis", 13, node(kind, "x", axis=1), {"x": x})


def products():
    case("MatMul", 13, node("MatMul", "a b"), {"a": f(2, 3, 4), "b": f(4, 5)})
    case("MatMul broadcast", 13, node("MatMul", "a b"), {"a": f(2, 1, 3, 4), "b": f(3, 4, 2)})
    case("MatMul vector", 13, node("MatMul", "a b"), {"a": f(4), "b": f(3, 4, 2)})
    case("Gemm", 7, node("Gemm", "a b c", alpha=0.5, beta=2.0, transB=1), {"a": f(3, 4)}, {"b": f(5, 4), "c": f(5)})
    case("Gemm two", 13, node("Gemm", "a b", transA=1), {"a": f(4, 3)}, {"b": f(4, 5)})
    x = f(2, 3, 4, 5)
    for kind in "ReduceMean ReduceMax ReduceMin ReduceL2 ReduceProd ReduceSum".split():
        old = 12 if kind == "ReduceSum" else 13
        case(kind + " attribute", old, node(kind, "x", axes=[1, -1], keepdims=0), {"x": x})
        case(kind + " all", old, node(kind, "x"), {"x": x})
        case(kind, 18, node(kind, "x a"), {"x": x}, {"a": ints(2)})
    case("ReduceMean none", 18, node("ReduceMean", "x", noop_with_empty_axes=1), {"x": x})
    case("ReduceSum whole", 13, node("ReduceSum", "x a", keepdims=0), {"x": ints(3, 4, 5)}, {"a": ints(0)})
    same = np.round(f(3, 7))
    case("ArgMax", 11, node("ArgMax", "x", axis=1), {"x": same})
    case("ArgMax last", 13, node("ArgMax", "x", axis=-1, keepdims=0, select_last_index=1), {"x": same})


def shapes():
    x = f(2, 3, 4)
    case("Reshape", 13, node("Reshape", "x s"), {"x": x}, {"s": ints(0, -1, 2)})
    case("Reshape given", 13, node("Reshape", "x s"), {"x": x, "s": ints(4, 6)})
    case("Transpose", 13, node("Transpose", "x", perm=[2, 0, 1]), {"x": x})
    case("Transpose default", 13, node("Transpose", "x"), {"x": x})
    for axis in (0, 2, 3, -1):
        case(f"Flatten {axis}", 13, node("Flatten", "x", axis=axis), {"x": x})
    case("Squeeze attribute", 11, node("Squeeze", "x", axes=[1]), {"x": f(2, 1, 1)})
    case("Squeeze", 13, node("Squeeze", "x a"), {"x": f(2, 1, 1)}, {"a": ints(-1)})
    case("Squeeze all", 13, node("Squeeze", "x"), {"x": f(2, 1, 1)})
    case("Unsqueeze attribute", 11, node("Unsqueeze", "x", axes=[0, 3]), {"x": f(2, 3)})
    case("Unsqueeze", 13, node("Unsqueeze", "x a"), {"x": f(2, 3)}, {"a": ints(-1, 1)})
    case("Shape", 13, node("Shape", "x"), {"x": x})
    case("Shape part", 15, node("Shape", "x", start=-2, end=9), {"x": x})
    case("Concat", 13, node("Concat", "a b c", axis=-2), {"a": x, "b": f(2, 1, 4), "c": f(2, 2, 4)})
    case("Split attribute", 11, node("Split", "x", ("y", "z"), axis=1, split=[1, 2]), {"x": x}, outputs=("y", "z"))
    case("Split", 13, node("Split", "x s", ("y", "z"), axis=-1), {"x": x}, {"s": ints(3, 1)}, outputs=("y", "z"))
    case("Split equal", 13, node("Split", "x", ("y", "z"), axis=2), {"x": x}, outputs=("y", "z"))
    case("Split uneven", 18, node("Split", "x", ("y", "z"), axis=1, num_outputs=2), {"x": x}, outputs=("y", "z"))
    case("Slice attributes", 9, node("Slice", "x", axes=[1, 2], starts=[-2, 1], ends=[2**31 - 1, -1]), {"x": x})
    case("Slice", 13, node("Slice", "x s e a t"), {"x": x},
         {"s": ints(-1, 0), "e": ints(-(2**63), 2**63 - 1), "a": ints(2, 1), "t": ints(-2, 2)})
    case("Slice first axes", 13, node("Slice", "x s e"), {"x": x}, {"s": ints(1, 1), "e": ints(2, 3)})
    case("Slice nothing", 13, node("Slice", "x s e"), {"x": x}, {"s": ints(5), "e": ints(9)})
    case("Gather", 13, node("Gather", "x i", axis=1), {"x": x}, {"i": np.array([[0, -1], [2, 1]], np.int64)})
    case("GatherElements", 13, node("GatherElements", "x i", axis=1), {"x": x}, {"i": np.array([[[0, -1, 1, 0]], [[1, 0, -2, 1]]], np.int64)[:, :, :x.shape[2]]})
    case("CumSum", 14, node("CumSum", "x a"), {"x": x}, {"a": np.int64(-1)})
    case("CumSum reverse exclusive", 11, node("CumSum", "x a", reverse=1, exclusive=1), {"x": x}, {"a": np.int32(1)})
    case("Gather one", 13, node("Gather", "x i"), {"x": x}, {"i": np.int64(-1)})
    case("Expand", 13, node("Expand", "x s"), {"x": f(3, 1)}, {"s": ints(2, 1, 4)})
    case("Tile", 13, node("Tile", "x r"), {"x": f(2, 3)}, {"r": ints(2, 1)})
    case("Range", 13, node("Range", "a b c"), {"a": np.int64(2), "b": np.int64(11), "c": np.int64(3)})
    case("Range falling", 13, node("Range", "a b c"),
         {"a": np.float32(1), "b": np.float32(-1), "c": np.float32(-0.5)})
    case("ConstantOfShape", 13, node("ConstantOfShape", "s", value=numpy_helper.from_array(ints(3))),
         {"s": ints(2, 3)})
    case("ConstantOfShape default", 13, node("ConstantOfShape", "s"), {"s": ints(2)})
    for name, value in (("value_float", 1.5), ("value_floats", [1.0, 2.0]), ("value_int", 4), ("value_ints", [1, 2])):
        kind = np.float32(1) if "float" in name else np.int64(1)
        case("Constant " + name, 13, [node("Constant", "", ("c",), **{name: value}), node("Add", "x c")],
             {"x": np.asarray(kind)})
    for mode in "constant reflect edge".split():
        case("Pad attributes " + mode, 10, node("Pad", "x", mode=mode, pads=[0, 2, 1, 1, 0, 2], value=0.5), {"x": x})
        case("Pad " + mode, 13, node("Pad", "x p", mode=mode), {"x": x}, {"p": ints(1, 0, 0, 0, 2, 3)})
    case("Pad value", 13, node("Pad", "x p v"), {"x": x}, {"p": ints(0, 1, -1, 0, 1, -1), "v": np.float32(-2)})
    case("Pad axes", 18, helper.make_node("Pad", ["x", "p", "", "a"], ["y"]), {"x": x},
         {"p": ints(1, 2), "a": ints(-1)})
    case("Pad wrap", 19, node("Pad", "x p", mode="wrap"), {"x": x}, {"p": ints(0, 1, 2, 0, 1, 3)}, ir=9)


def resizing():
    x = f(1, 2, 5, 7)
    none = np.zeros(0, np.float32)

    def resize(name, opset=13, scales=None, sizes=None, **attributes):
        held = {"s": np.array(scales if scales else [], np.float32)}
        inputs = ["x", "", "s"]
        if sizes:
            held = {"z": ints(*sizes)}
            inputs = ["x", "", "", "z"]
        if opset < 13:  # the region was not yet optional
            held["r"] = none
            inputs[1] = "r"
            if sizes:
                held["s"] = none
                inputs[2] = "s"
        case("Resize " + name, opset, helper.make_node("Resize", inputs, ["y"], **attributes), {"x": x}, held)

    for mode in "nearest linear cubic".split():
        for how in "half_pixel pytorch_half_pixel align_corners asymmetric".split():
            for name, scales in (("up", [1, 1, 2.0, 1.7]), ("down", [1, 1, 0.6, 0.5])):
                resize(f"{mode} {how} {name}", scales=scales, mode=mode, coordinate_transformation_mode=how)
        resize(f"{mode} sizes", sizes=[1, 2, 8, 3], mode=mode)
        resize(f"{mode} sizes of 11", 11, sizes=[1, 2, 3, 9], mode=mode)
        resize(f"{mode} to one", sizes=[1, 2, 1, 4], mode=mode, coordinate_transformation_mode="pytorch_half_pixel")
    for nearest in "floor ceil round_prefer_ceil round_prefer_floor".split():
        resize("nearest " + nearest, scales=[1, 1, 1.5, 2.5], mode="nearest", nearest_mode=nearest)
    resize("nearest channels", scales=[1, 2, 1, 1], mode="nearest")
    resize("cubic inside", scales=[1, 1, 2, 2], mode="cubic", exclude_outside=1, cubic_coeff_a=-0.5)
    resize("linear symmetric", 19, scales=[1, 1, 1.3, 1.9], mode="linear",
           coordinate_transformation_mode="half_pixel_symmetric")
    case("Resize axes", 18, helper.make_node("Resize", ["x", "", "", "z"], ["y"], axes=[3, 2], mode="linear"),
         {"x": x}, {"z": ints(9, 4)})
    for mode in "nearest linear".split():
        case("Resize of 10 " + mode, 10, node("Resize", "x s", mode=mode), {"x": x},
             {"s": np.array([1, 1, 2, 3], np.float32)})
        case("Upsample " + mode, 9, node("Upsample", "x s", mode=mode), {"x": x},
             {"s": np.array([1, 1, 2, 2], np.float32)})
        case("Upsample attribute " + mode, 7, node("Upsample", "x", mode=mode, scales=[1.0, 1.0, 3.0, 2.0]), {"x": x})


def storage():
    """The fields that a tensor's numbers may lie in."""
    values = np.round(f(3, 4), 2)
    half = values.astype(np.float16)
    bits = half.view(np.uint16).astype(np.int32).ravel().tolist()
    kinds = {
        "float_data": helper.make_tensor("w", TensorProto.FLOAT, [3, 4], values.ravel().tolist()),
        "halves": numpy_helper.from_array(half, "w"),
        "halves in int32_data": helper.make_tensor("w", TensorProto.FLOAT16, [3, 4], half.ravel().tolist()),
        "double_data": helper.make_tensor("w", TensorProto.DOUBLE, [3, 4], values.ravel().tolist()),
        "int32_data": helper.make_tensor("w", TensorProto.INT8, [3, 4], list(range(-6, 6))),
        "int64_data": helper.make_tensor("w", TensorProto.INT64, [3, 4], list(range(-6, 6))),
        "truths": helper.make_tensor("w", TensorProto.BOOL, [3, 4], [1, 0] * 6),
    }
    assert list(kinds["halves in int32_data"].int32_data) == bits
    for name, tensor in kinds.items():
        case("Cast of " + name, 13, [node("Cast", "w", ("c",), to=TensorProto.FLOAT), node("Add", "x c")],
             {"x": f(3, 4)}, {"w": tensor})


def networks():
    """A few nodes that hang together: a residual block, and an attention that computes its shapes."""
    x = f(1, 3, 8, 8)
    nodes = [node("Conv", "x w1 b1", ("c1",), pads=[1, 1, 1, 1]), node("Relu", "c1", ("r1",)),
             node("Conv", "r1 w2", ("c2",), pads=[1, 1, 1, 1]), node("Add", "c2 x", ("s",)), node("Relu", "s", ("t",)),
             node("MaxPool", "t", ("p",), kernel_shape=[2, 2], strides=[2, 2]), node("Shape", "t", ("shape",)),
             node("Slice", "shape two four zero", ("hw",)), node("Shape", "p", ("small",)),
             node("Slice", "small zero two zero", ("nc",)), node("Concat", "nc hw", ("size",), axis=0),
             helper.make_node("Resize", ["p", "", "", "size"], ["u"], mode="linear"),
             node("Concat", "u t", ("both",), axis=1), node("Conv", "both w3", ("logits",)), node("Sigmoid", "logits")]
    case("network residual", 13, nodes, {"x": x},
         {"w1": f(4, 3, 3, 3, scale=0.3), "b1": f(4), "w2": f(3, 4, 3, 3, scale=0.3), "w3": f(1, 6, 1, 1),
          "zero": ints(0), "two": ints(2), "four": ints(4)})
    nodes = [node("MatMul", "x wq", ("q",)), node("MatMul", "x wk", ("k",)), node("Shape", "x", ("shape",)),
             node("Gather", "shape one", ("n",)), node("Unsqueeze", "n zero", ("n1",)),
             node("Concat", "batch n1 heads", ("split",), axis=0), node("Reshape", "q split", ("qh",)),
             node("Reshape", "k split", ("kh",)), node("Transpose", "qh", ("qt",), perm=[0, 2, 1, 3]),
             node("Transpose", "kh", ("kt",), perm=[0, 2, 3, 1]), node("MatMul", "qt kt", ("scores",)),
             node("Div", "scores root", ("scaled",)), node("Softmax", "scaled", axis=-1)]
    case("network attention", 14, nodes, {"x": f(2, 5, 8)},
         {"wq": f(8, 8), "wk": f(8, 8), "one": np.int64(1), "zero": ints(0), "batch": ints(2), "heads": ints(2, 4),
          "root": np.float32(2)})


def places():
    a, b = ints(7, -7, 7, -7, 6), ints(3, 3, -3, -3, -1)
    case("Mod", 13, node("Mod", "a b"), {"a": a, "b": b})
    case("Mod of C", 13, node("Mod", "a b", fmod=1), {"a": a, "b": b})
    case("Mod of C real", 13, node("Mod", "a b", fmod=1), {"a": f(2, 5, scale=4), "b": f(5)})
    x = f(4, 3, 2)
    case("ScatterND", 13, node("ScatterND", "x i u"), {"x": x, "u": f(2, 3, 2)},
         {"i": np.array([[2], [-4]], np.int64)})
    case("ScatterND of 18", 18, node("ScatterND", "x i u", reduction="none"), {"x": x, "u": f(1, 2)},
         {"i": np.array([[[3, 1, 0], [0, 2, 1]]], np.int64)})


def main():
    for make in (elementwise, convolutions, pooling, norms, products, shapes, resizing, storage, networks, places):
        make()
    path = Path(__file__).resolve().parents[1] / "onnx_operators.safetensors"
    save_file(tensors, path)
    print(f"{sum(n.endswith('/model') for n in tensors)} cases, {path.stat().st_size / 1e3:.0f} kB in {path}")


if __name__ == "__main__":
    main()
