"""Small random models of unusual sizes and their features, made by the libraries whose layouts graft reads.

Writes tests/golden/models/<case>/: the checkpoint as its library saves it, and expected.safetensors with `images`, the
`features` that graft's encode_images gives (a linear head's input, CLIP's projection), and for CLIP `ids`, `ends` and
`texts`.

    python tests/golden/make/models.py [clip] [vit] [bert]

Made with torch 2.13.0, transformers 5.24.0, timm 1.0.31, open_clip_torch 3.3.0.
"""

import importlib
import importlib.abc
import importlib.machinery
import pathlib
import shutil
import sys
from unittest import mock

import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parents[1] / "models"


class NoTorchvision(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """timm and open_clip import torchvision for things that no model here uses."""

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "torchvision":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = mock.MagicMock(name=spec.name)
        module.__path__, module.__spec__, module.__version__ = [], spec, "0"
        return module

    def exec_module(self, module):
        pass


def lively(module, seed):
    """Random values that leave no parameter without a say: norms near 1, biases and tokens far from 0."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in module.state_dict().items():
        if not value.is_floating_point():
            continue
        noise = torch.randn(value.shape, generator=generator)
        last = name.rsplit(".", 1)[-1]
        if value.dim() == 1 and (last in ("weight", "gamma", "lambda1")):
            value.copy_(1 + 0.2 * noise)
        elif value.dim() >= 2 and last in ("weight", "in_proj_weight") and "embedding" not in name:
            value.copy_(noise / value[0].numel() ** 0.5)
        elif value.dim() == 0:
            value.fill_(3.0)
        else:
            value.copy_(0.3 * noise)
    return module.eval()


def images(height, width, seed=7, count=2):
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def folder(case):
    path = OUT / case
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def expect(path, **tensors):
    save_file({name: value.detach().contiguous() for name, value in tensors.items()}, path / "expected.safetensors")
    print(path.name, {name: tuple(value.shape) for name, value in tensors.items()},
          sum(file.stat().st_size for file in path.iterdir()), "bytes")


def main():
    sys.meta_path.insert(0, NoTorchvision())
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    for family in sys.argv[1:] or ["clip", "vit", "bert"]:
        importlib.import_module(f"models_{family}").make()


if __name__ == "__main__":
    sys.path.append(sys.path.pop(0))  # tokenizers.py beside this file is not the library
    sys.modules["models"] = sys.modules["__main__"]
    main()
