"""Makes tests/golden/quantised.safetensors: blocks of every format of GGUF that graft reads, with the numbers that
gguf-py makes of them; and weights in NF4 by bitsandbytes, stored as it stores them, with the numbers that it makes.

    pip install gguf==0.19.0 bitsandbytes==0.50.2      # beside torch, safetensors, numpy
    python tests/golden/make/quantised.py
    python tests/golden/make/quantised.py --check FILE NAME   # bitsandbytes loads what graft wrote
"""

import sys
from pathlib import Path

import numpy as np
import torch
from bitsandbytes.functional import QuantState, dequantize_4bit, quantize_4bit
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize
from safetensors.torch import load_file, save_file

OUT = Path(__file__).resolve().parents[1] / "quantised.safetensors"
FORMATS = "F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL".split()
HALVES = {"Q4_1": (0, 2), "Q5_1": (0, 2), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q2_K": (80, 82), "Q3_K": (108,), "Q6_K": (208,)}
ROWS, COLUMNS = 2, 256


def blocks(name, random):
    """Random bits, scales of both signs over several decades."""
    numbers, size = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
    count = ROWS * COLUMNS // numbers
    if name == "F16":
        return random.standard_normal(count).astype(np.float16).view(np.uint8)
    if name == "BF16":
        return (random.standard_normal(count).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
    data = random.integers(0, 256, (count, size), dtype=np.uint8)
    for at in HALVES.get(name, (0,)):
        scale = random.choice([-1, 1], count) * 10 ** random.uniform(-6, 3, count)
        data[:, at : at + 2] = scale.astype(np.float16)[:, None].view(np.uint8)
    return data.reshape(-1)


def of_gguf():
    random = np.random.default_rng(1)
    tensors = {}
    for name in FORMATS:
        kind = GGMLQuantizationType[name]
        data = blocks(name, random)
        tensors[f"{name}.blocks"] = torch.from_numpy(data.copy())
        numbers = dequantize(data.reshape(ROWS, -1), kind).astype(np.float32)
        tensors[f"{name}.numbers"] = torch.from_numpy(numbers.reshape(ROWS, COLUMNS).copy())
    weight = random.standard_normal((3, 64)).astype(np.float32)
    tensors["q8_0_of"] = torch.from_numpy(weight)
    tensors["q8_0_is"] = torch.from_numpy(quantize(weight, GGMLQuantizationType.Q8_0).reshape(-1).copy())
    return tensors


def of_bitsandbytes():
    torch.manual_seed(1)
    cases = {
        "double": (torch.randn(37, 45), True),
        "plain": (torch.randn(6, 64), False),
        "many": (torch.randn(140, 120).to(torch.bfloat16), True),  # more than one block of scales, the last one short
        "half": (torch.randn(4, 33).to(torch.float16), True),
    }
    tensors = {}
    for name, (weight, double) in cases.items():
        packed, state = quantize_4bit(weight, quant_type="nf4", compress_statistics=double)
        tensors[f"{name}.of"] = weight
        tensors[f"{name}.is"] = dequantize_4bit(packed, state)
        tensors[f"{name}.weight"] = packed
        for key, value in state.as_dict(packed=True).items():
            tensors[f"{name}.weight.{key}"] = value
    return tensors


def check(file, name):
    tensors = load_file(file)
    state = QuantState.from_dict(
        {k.removeprefix(name + "."): v for k, v in tensors.items() if k.startswith(name + ".")}, torch.device("cpu")
    )
    print(dequantize_4bit(tensors[name], state))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        check(*sys.argv[2:])
    else:
        save_file({k: v.contiguous().clone() for k, v in {**of_gguf(), **of_bitsandbytes()}.items()}, OUT)
        print(f"{OUT}: {OUT.stat().st_size / 1024:.0f} KiB")
