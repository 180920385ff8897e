"""A LoRA step (r 8 on query and value) on a frozen BERT as users of peft and transformers write it, or feature extraction.
Same batch as ../text_step.cpp."""
import argparse

import torch
import transformers
from torch import nn

import measure

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--work", choices=["lora", "features"], default="lora")
parser.add_argument("--precision", choices=["fp32", "autocast", "bf16"], default="fp32")
parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--tokens", type=int, default=128)
parser.add_argument("--padded", action="store_true", help="texts of every length up to that; else all of it")
parser.add_argument("--classes", type=int, default=2)
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("--warmup", type=int, default=2)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)
model = transformers.AutoModel.from_pretrained(args.model, attn_implementation=args.attention).eval()
for parameter in model.parameters():
    parameter.requires_grad_(False)
head = nn.Linear(model.config.hidden_size, args.classes)
if args.work == "lora":
    import peft

    model = peft.get_peft_model(model, peft.LoraConfig(r=8, lora_alpha=8, target_modules=["query", "value"]))
if args.precision == "bf16":
    model, head = model.bfloat16(), head.bfloat16()
trained = [p for p in list(model.parameters()) + list(head.parameters()) if p.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-3)

generator = torch.Generator().manual_seed(7)
ids = torch.randint(5, 30, (args.batch, args.tokens), generator=generator)
labels = torch.randint(0, args.classes, (args.batch,), generator=generator)
lengths = torch.full((args.batch,), args.tokens)
if args.padded:
    lengths = (torch.arange(1, args.batch + 1) * args.tokens // args.batch).clamp_min(1)
mask = (torch.arange(args.tokens).unsqueeze(0) < lengths.unsqueeze(1)).long()
losses = []


def forward():
    return model(input_ids=ids, attention_mask=mask).pooler_output


def train_step(_):
    with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "autocast"):
        loss = nn.functional.cross_entropy(head(forward()), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())


def extract(_):
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "autocast"):
        losses.append(forward().float().abs().mean().item())


times = measure.timed(extract if args.work == "features" else train_step, args.steps, args.warmup)
measure.emit(peer="peft" if args.work == "lora" else "transformers", work=args.work, precision=args.precision,
             attention=args.attention, **times, texts_per_s=args.batch / measure.median(times["seconds"]), losses=losses)
