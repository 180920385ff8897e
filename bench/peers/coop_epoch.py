"""CoOp as published (Zhou et al. 2022, its code): at each step both towers, all classes' prompts of 77 tokens forward and
backward to the learned words, SGD. Photos are at hand as tensors. Some steps are timed; an epoch is as many as it has."""
import argparse

import torch
from torch import nn
from torch.nn import functional as F

import measure
import plain

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--precision", choices=["autocast", "bf16", "compiled", "fp32"], default="autocast")
parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
parser.add_argument("--classes", type=int, default=100)
parser.add_argument("--length", type=int, default=16)
parser.add_argument("--photos", type=int, default=320)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--warmup", type=int, default=1)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)
model = plain.load_clip(args.model, args.attention)
length = len(model.text.positions)
# [start][words][name . end][padding]: which ids stand for a name costs nothing.
ids = torch.zeros(args.classes, length, dtype=torch.long)
names = torch.randint(1, 4, (args.classes,))
ends = 1 + args.length + names + 1
ids[:, 0] = 49406
for row, (name, end) in enumerate(zip(names, ends)):
    ids[row, 1 + args.length:end] = torch.randint(1000, 40000, (name + 1,))
    ids[row, end] = 49407
embedded = model.text.words(ids)
prefix, suffix = embedded[:, :1], embedded[:, 1 + args.length:]
context = nn.Parameter(0.02 * torch.randn(args.length, embedded.size(2)))
images = torch.randn(args.batch, 3, model.image.side, model.image.side)
labels = torch.randint(0, args.classes, (args.batch,))
if args.precision == "bf16":
    model, images, prefix, suffix = model.bfloat16(), images.bfloat16(), prefix.bfloat16(), suffix.bfloat16()
    context = nn.Parameter(context.detach().bfloat16())
image_tower, text_tower = model.image, model.text
if args.precision == "compiled":
    image_tower, text_tower = torch.compile(image_tower), torch.compile(text_tower)
optimizer = torch.optim.SGD([context], lr=2e-3, momentum=0.9, weight_decay=5e-4)
losses = []


def step(_):
    with torch.autocast("cpu", torch.bfloat16, enabled=args.precision in ("autocast", "compiled")):
        with torch.no_grad():
            image = F.normalize(image_tower(images), dim=-1)
        prompts = torch.cat([prefix, context.expand(args.classes, -1, -1), suffix], 1)
        text = F.normalize(text_tower(prompts, ends), dim=-1)
        loss = F.cross_entropy((model.logit_scale.exp() * image @ text.T).float(), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())


times = measure.timed(step, args.steps, args.warmup)
steps = (args.photos + args.batch - 1) // args.batch
epoch = steps * measure.median(times["seconds"])
measure.emit(peer="plain", work="coop epoch", precision=args.precision, attention=args.attention, **times,
             steps_an_epoch=steps, epoch_s=epoch, images_per_s=args.photos / epoch,
             images_per_s_first_epoch=args.photos / epoch, losses=losses)
