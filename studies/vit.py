#!/usr/bin/env python3
"""A ViT of a shape of one's own as timm writes it, with drawn weights: for runs that take its shape alone (full
--from-scratch), as wide and with as many heads as another model whose attention it is given.

    vit.py --width 128 --heads 2 --depth 4 --patch 8 --size 48 -o data/vit-128       needs numpy and safetensors
"""
import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file


def weights(width, depth, patch, size, draw):
    def matrix(*shape):
        return (0.02 * draw.standard_normal(shape)).astype(np.float32)

    tensors = {
        "cls_token": matrix(1, 1, width),
        "pos_embed": matrix(1, 1 + (size // patch) ** 2, width),
        "patch_embed.proj.weight": matrix(width, 3, patch, patch),
        "patch_embed.proj.bias": np.zeros(width, np.float32),
    }
    norms = ["norm"]
    for k in range(depth):
        norms += [f"blocks.{k}.norm1", f"blocks.{k}.norm2"]
        for part, rows, columns in (("attn.qkv", 3 * width, width), ("attn.proj", width, width),
                                    ("mlp.fc1", 4 * width, width), ("mlp.fc2", width, 4 * width)):
            tensors[f"blocks.{k}.{part}.weight"] = matrix(rows, columns)
            tensors[f"blocks.{k}.{part}.bias"] = np.zeros(rows, np.float32)
    for norm in norms:
        tensors[f"{norm}.weight"] = np.ones(width, np.float32)
        tensors[f"{norm}.bias"] = np.zeros(width, np.float32)
    return tensors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("width", "heads", "depth", "patch", "size"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    args.output.mkdir(parents=True)
    tensors = weights(args.width, args.depth, args.patch, args.size, np.random.default_rng(1))
    save_file(tensors, args.output / "model.safetensors")
    config = {
        "architecture": "vit_tiny_patch16_224",
        "model_args": {"embed_dim": args.width, "depth": args.depth, "num_heads": args.heads,
                       "patch_size": args.patch, "img_size": args.size},
        "pretrained_cfg": {"input_size": [3, args.size, args.size], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5],
                           "interpolation": "bicubic", "crop_pct": 1.0},
    }
    (args.output / "config.json").write_text(json.dumps(config, indent=1) + "\n")


if __name__ == "__main__":
    main()
