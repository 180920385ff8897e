"""Files of torch.save and TorchScript, and what PyTorch reads from them.

    python tests/golden/make/torch_files.py      writes tests/golden/torch/*.pt and tests/golden/torch_files.json

torch_files.json: file -> tensor -> [dtype, shape, FNV-1a (64 bits) of its bytes, dense and row-major].
Needs torch and numpy (made with 2.13).
"""

import argparse
import collections
import datetime
import enum
import functools
import json
import os
import pathlib

import numpy as np
import torch
from torch import nn

GOLDEN = pathlib.Path(__file__).resolve().parent.parent
FOLDER = GOLDEN / "torch"
NAMES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.uint8: "U8", torch.bool: "BOOL", torch.uint16: "U16", torch.float8_e4m3fn: "F8_E4M3"}


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def flatten(value, name=""):
    if isinstance(value, torch.Tensor):
        dense = value.detach().contiguous().reshape(-1)
        data = dense.view(torch.uint8).numpy().tobytes() if dense.numel() else b""
        yield name, [NAMES[value.dtype], list(value.shape), fnv1a(data)]
    elif isinstance(value, (dict, list, tuple)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from flatten(item, f"{name}.{key}" if name else str(key))


class Attention(nn.Module):
    """As in OpenAI's CLIP: a mask that is neither parameter nor buffer."""

    def __init__(self):
        super().__init__()
        self.attn = nn.MultiheadAttention(4, 2)
        self.attn_mask = torch.zeros(3, 3)
        self.register_buffer("scale", torch.ones(2))

    def forward(self, x):
        return self.attn(x, x, x, need_weights=False, attn_mask=self.attn_mask)[0] * self.scale.sum()


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_resolution = 224
        self.blocks = nn.ModuleList([Attention(), Attention()])
        self.positions = nn.Parameter(torch.rand(3, 4))

    def forward(self, x):
        x = x + self.positions[:, None]
        for block in self.blocks:
            x = block(x)
        return x


class Colour(enum.Enum):
    RED = 1


class Keepsake:
    def __init__(self, **values):
        self.__dict__.update(values)


def beside_the_weights():
    """What training scripts save with their weights, none of it plain data."""
    typed = nn.Parameter(torch.arange(6.0).reshape(2, 3))
    typed.layer = "proj"
    return {"state_dict": {"w": torch.arange(4.0), "typed": typed},
            "where": pathlib.Path("runs") / "a", "when": datetime.datetime(2026, 11, 27, 16, 5), "day": datetime.date(2026, 11, 27),
            "scores": np.arange(3.0), "best": np.float32(0.5), "seen": {1, 2}, "kept": frozenset({"a"}), "z": 1 + 2j,
            "counts": collections.defaultdict(int, a=1), "colour": Colour.RED, "settings": Keepsake(lr=0.1, of=[Keepsake()]),
            "schedule": functools.partial(max, 1), "args": argparse.Namespace(output=pathlib.Path("x"), colour=Colour.RED),
            "bytes": bytearray(b"abc"), "counter": collections.Counter("aab"), "range": range(3), "slice": slice(1, 2),
            "none": type(None)}


class Malice:
    def __reduce__(self):
        return os.system, ("echo a pickle ran this",)


def main():
    torch.manual_seed(0)
    FOLDER.mkdir(exist_ok=True)
    a = torch.rand(5, 7)
    weights = collections.OrderedDict({
        "module.dense": a, "module.transposed": a.t(), "module.slice": a[1:4, ::2], "module.empty": torch.rand(0, 3),
        "module.scalar": torch.tensor(3.0), "module.half": nn.Parameter(a.half()), "module.flags": torch.tensor([True, False]),
        "module.expanded": torch.arange(6).expand(4, 6), "module.column": a.bfloat16()[:, 1], "module.double": a.double()})
    extra = {"epoch": 3, "best": np.float64(0.5), "size": a.size(), "dtype": torch.float32, "device": torch.device("cpu"),
             "args": argparse.Namespace(lr=0.1, names=["a", ("b", None)], big=2**80),
             "optimizer": {"state": {0: {"exp_avg": a}}, "param_groups": [{"lr": 1e-3, "params": [0, 1]}]}}
    new_dtypes = {"f8": torch.rand(4).to(torch.float8_e4m3fn), "u16": torch.tensor([1, 2], dtype=torch.uint16)}

    files = {
        "plain": {"a": a, "b": a[0]},
        "training": {"state_dict": weights, **extra},
        "protocol4": {"state_dict": weights, **extra, "new": new_dtypes},
        "legacy": {"state_dict": weights, **extra},
        "list": [a, a.t()],
    }
    expected = {}
    for name, value in files.items():
        torch.save(value, FOLDER / f"{name}.pt", pickle_protocol=4 if name == "protocol4" else 2,
                   _use_new_zipfile_serialization=name != "legacy")
        expected[f"{name}.pt"] = dict(flatten(value))
    for protocol in (2, 5):
        torch.save(beside_the_weights(), FOLDER / f"beside{protocol}.pt", pickle_protocol=protocol)
        expected[f"beside{protocol}.pt"] = dict(flatten(beside_the_weights()))
    torch.save(nn.Linear(2, 2), FOLDER / "object.pt")
    scripted = torch.jit.trace(Tower().eval(), torch.rand(3, 1, 4))
    scripted.save(FOLDER / "torchscript.pt")
    expected["torchscript.pt"] = dict(flatten(scripted.state_dict()))
    torch.save({"a": a, "x": Malice()}, FOLDER / "malice.pt")

    lines = []
    for file, tensors in expected.items():
        rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in tensors.items())
        lines.append(f"  {json.dumps(file)}: {{\n{rows}\n  }}")
    (GOLDEN / "torch_files.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
