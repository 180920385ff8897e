"""Random weights of torchvision's ResNet-18 in one file, for graft and for torchvision."""
import pathlib
import sys

import torch
from safetensors.torch import save_file

from plain_torchvision import resnet

file = pathlib.Path(sys.argv[1])
if not file.exists():
    torch.manual_seed(0)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(resnet.resnet18().state_dict(), file)
