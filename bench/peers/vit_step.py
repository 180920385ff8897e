"""A LoRA step (r 8 on q and v) on a frozen ViT as users of peft and transformers write it, or feature extraction. Same
weights and batch size as ../vit_step.cpp."""
import argparse

import torch
import transformers
from torch import nn

import measure

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--work", choices=["lora", "features"], default="lora")
parser.add_argument("--precision", choices=["fp32", "autocast", "bf16", "compiled"], default="fp32")
parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--classes", type=int, default=100)
parser.add_argument("--size", type=int, default=0, help="image side; 0: the model's own")
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("--warmup", type=int, default=2)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)
embedded = transformers.AutoConfig.from_pretrained(args.model).model_type == "clip_vision_model"
if embedded:
    model = transformers.CLIPVisionModelWithProjection.from_pretrained(args.model, attn_implementation=args.attention)
else:
    model = transformers.ViTModel.from_pretrained(args.model, add_pooling_layer=False, attn_implementation=args.attention)
model.eval()
for parameter in model.parameters():
    parameter.requires_grad_(False)
width = model.config.hidden_size

if args.work == "lora":
    import peft

    # Module names of the attention maps moved between releases of transformers.
    names = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    targets = ["q_proj", "v_proj"] if "q_proj" in names else ["query", "value"]
    model = peft.get_peft_model(model, peft.LoraConfig(r=8, lora_alpha=8, target_modules=targets))
head = nn.Linear(model.config.projection_dim if embedded else width, args.classes)
if args.precision == "bf16":
    model, head = model.bfloat16(), head.bfloat16()
trained = [p for p in list(model.parameters()) + list(head.parameters()) if p.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-3)

generator = torch.Generator().manual_seed(7)
side = args.size or model.config.image_size
images = torch.randn(args.batch, 3, side, side, generator=generator)
labels = torch.randint(0, args.classes, (args.batch,), generator=generator)
if args.precision == "bf16":
    images = images.bfloat16()


def forward(pixels):
    if embedded:
        return model(pixel_values=pixels).image_embeds
    return model(pixel_values=pixels, interpolate_pos_encoding=args.size > 0).last_hidden_state[:, 0]


if args.precision == "compiled":
    forward = torch.compile(forward)
autocast = args.precision in ("autocast", "compiled")
losses = []


def train_step(_):
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = nn.functional.cross_entropy(head(forward(images)), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())


def extract(_):
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        losses.append(forward(images).float().abs().mean().item())


times = measure.timed(extract if args.work == "features" else train_step, args.steps, args.warmup)
measure.emit(peer="peft" if args.work == "lora" else "transformers", work=args.work, precision=args.precision,
             attention=args.attention, **times, images_per_s=args.batch / measure.median(times["seconds"]),
             losses=losses)
