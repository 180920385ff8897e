"""A training step on a ViT written plainly in PyTorch (plain.py): LoRA r 8 on q and v, Houlsby's bottlenecks and norms,
VPT-deep, or AIM on clips. Same weights and batch size as ../vit_step.cpp."""
import argparse

import torch
from torch import nn

import measure
import plain

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--work", choices=["lora", "adapter", "vpt", "aim"], required=True)
parser.add_argument("--precision", choices=["fp32", "autocast", "bf16", "compiled"], default="autocast")
parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--frames", type=int, default=1, help="of a clip: --batch counts clips")
parser.add_argument("--classes", type=int, default=100)
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("--warmup", type=int, default=2)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)
model = plain.load_vit(args.model, args.attention)
model = plain.adapt(model, args.work, frames=args.frames)
head = nn.Linear(model.width, args.classes)
images = torch.randn(args.batch * args.frames, 3, model.side, model.side)
labels = torch.randint(0, args.classes, (args.batch,))
if args.precision == "bf16":
    model, head, images = model.bfloat16(), head.bfloat16(), images.bfloat16()
trained = [p for p in [*model.parameters(), *head.parameters()] if p.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-3)
forward = torch.compile(model) if args.precision == "compiled" else model
losses = []


def step(_):
    with torch.autocast("cpu", torch.bfloat16, enabled=args.precision in ("autocast", "compiled")):
        loss = nn.functional.cross_entropy(head(forward(images)), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())


times = measure.timed(step, args.steps, args.warmup)
measure.emit(peer="plain", work=args.work, precision=args.precision, attention=args.attention, **times,
             trained=sum(p.numel() for p in trained), images_per_s=args.batch / measure.median(times["seconds"]),
             losses=losses)
