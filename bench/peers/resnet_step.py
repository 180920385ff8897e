"""A training step of torchvision's ResNet-18, SGD with momentum. Same weights, batch and size as ../resnet_step.cpp."""
import argparse

import torch
from safetensors.torch import load_file
from torch import nn

import measure
from plain_torchvision import resnet

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True, help="file of resnet_weights.py")
parser.add_argument("--layout", choices=["plain", "channels-last"], default="plain")
parser.add_argument("--size", type=int, default=224)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--classes", type=int, default=100)
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("--warmup", type=int, default=2)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

torch.set_num_threads(args.threads)
model = resnet.resnet18()
model.load_state_dict(load_file(args.model))
model.fc = nn.Linear(512, args.classes)
torch.manual_seed(7)
images = torch.randn(args.batch, 3, args.size, args.size)
labels = torch.randint(0, args.classes, (args.batch,))
if args.layout == "channels-last":
    model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
model.train()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9, weight_decay=1e-4)
losses = []


def step(_):
    loss = nn.functional.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())


times = measure.timed(step, args.steps, args.warmup)
measure.emit(peer="torchvision", layout=args.layout, size=args.size, **times,
             images_per_s=args.batch / measure.median(times["seconds"]), losses=losses)
