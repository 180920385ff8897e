"""A training step of DeepLabv3 on ResNet-18, SGD with momentum, cross-entropy over pixels. Same weights, batch and size as
../deeplab_step.cpp."""
import argparse

import torch
from safetensors.torch import load_file
from torch import nn

import measure
from deeplab_model import deeplab

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True, help="file of deeplab_model.py")
parser.add_argument("--layout", choices=["plain", "channels-last"], default="plain")
parser.add_argument("--size", type=int, default=256)
parser.add_argument("--batch", type=int, default=4)
parser.add_argument("--classes", type=int, default=21)
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--warmup", type=int, default=1)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

torch.set_num_threads(args.threads)
model = deeplab(args.classes)
model.load_state_dict(load_file(args.model))
torch.manual_seed(7)
images = torch.randn(args.batch, 3, args.size, args.size)
masks = torch.randint(0, args.classes, (args.batch, args.size, args.size))
if args.layout == "channels-last":
    model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
model.train()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9, weight_decay=1e-4)
losses = []


def step(_):
    loss = nn.functional.cross_entropy(model(images)["out"], masks, ignore_index=255)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())


times = measure.timed(step, args.steps, args.warmup)
measure.emit(peer="torchvision", layout=args.layout, size=args.size, **times,
             images_per_s=args.batch / measure.median(times["seconds"]), losses=losses)
