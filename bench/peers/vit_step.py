"""A training step on a frozen ViT, as users of peft and transformers write it: LoRA r 8 on q and v, a bottleneck adapter
after each sub-layer, or VPT-deep; and plain feature extraction. Same weights, images and batch as bench/vit_step.cpp."""
import measure  # first: the process's clock starts here

import argparse

import torch
import transformers
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--work", choices=["lora", "adapter", "vpt", "features"], default="lora")
parser.add_argument("--precision", choices=["fp32", "autocast", "bf16", "compiled"], default="fp32")
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("--warmup", type=int, default=2)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)
embedded = transformers.AutoConfig.from_pretrained(args.model).model_type == "clip_vision_model"
if embedded:
    model = transformers.CLIPVisionModelWithProjection.from_pretrained(args.model).eval()
else:
    model = transformers.ViTModel.from_pretrained(args.model, add_pooling_layer=False).eval()
for parameter in model.parameters():
    parameter.requires_grad_(False)
width = model.config.hidden_size


class Bottleneck(nn.Module):
    """h + up(gelu(down(h))), 64 wide (Houlsby et al. 2019)."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.down, self.up = inner, nn.Linear(width, 64), nn.Linear(64, width)
        nn.init.zeros_(self.up.weight)

    def forward(self, *inputs, **options):
        out = self.inner(*inputs, **options)
        h = out[0] if isinstance(out, tuple) else out
        h = h + self.up(nn.functional.gelu(self.down(h)))
        return (h, *out[1:]) if isinstance(out, tuple) else h


class DeepPrompts(nn.Module):
    """Rows 1..p of a block's input are replaced by learned ones (Jia et al. 2022)."""

    def __init__(self, inner, count=50):
        super().__init__()
        self.inner, self.prompt = inner, nn.Parameter(torch.empty(1, count, width).uniform_(-0.06, 0.06))

    def forward(self, x, *inputs, **options):
        p = self.prompt.to(x.dtype).expand(len(x), -1, -1)
        return self.inner(torch.cat([x[:, :1], p, x[:, 1 + p.size(1):]], 1), *inputs, **options)


if args.work == "lora":
    import peft

    # Module names of the attention maps moved between releases of transformers.
    names = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    targets = ["q_proj", "v_proj"] if "q_proj" in names else ["query", "value"]
    model = peft.get_peft_model(model, peft.LoraConfig(r=8, lora_alpha=8, target_modules=targets))
elif args.work == "adapter":
    for block in (model.encoder.layer if hasattr(model, "encoder") else model.layers):
        attention = block.attention
        inner = "output" if hasattr(attention, "output") else "o_proj"
        setattr(attention, inner, Bottleneck(getattr(attention, inner)))
        mlp = block.output if hasattr(block, "output") else block.mlp
        name = "dense" if hasattr(mlp, "dense") else ("fc2" if hasattr(mlp, "fc2") else "down_proj")
        setattr(mlp, name, Bottleneck(getattr(mlp, name)))
elif args.work == "vpt":
    blocks = model.encoder.layer if hasattr(model, "encoder") else model.layers
    for i, block in enumerate(blocks):
        blocks[i] = DeepPrompts(block)
head = nn.Linear(model.config.projection_dim if embedded else width, 100)
if args.precision == "bf16":
    model, head = model.bfloat16(), head.bfloat16()
trained = [p for p in list(model.parameters()) + list(head.parameters()) if p.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-3)

generator = torch.Generator().manual_seed(7)
side = model.config.image_size
images = torch.randn(args.batch, 3, side, side, generator=generator)
labels = torch.randint(0, 100, (args.batch,), generator=generator)
if args.precision == "bf16":
    images = images.bfloat16()


def forward(pixels):
    if args.work == "vpt":  # 50 rows of room for the prompts, after the class token, which carries no position
        base = model
        x = base.embeddings(pixels)
        x = torch.cat([x[:, :1], x.new_zeros(len(x), 50, width), x[:, 1:]], 1)
        blocks = base.encoder.layer if hasattr(base, "encoder") else base.layers
        for block in blocks:
            x = block(x)
            x = x[0] if isinstance(x, tuple) else x
        return base.layernorm(x)[:, 0]
    if embedded:
        return model(pixel_values=pixels).image_embeds
    return model(pixel_values=pixels).last_hidden_state[:, 0]


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


seconds, first = measure.timed(extract if args.work == "features" else train_step, args.steps, args.warmup)
measure.emit(peer="transformers" if args.work != "lora" else "peft", work=args.work, precision=args.precision, seconds=seconds,
             images_per_s=args.batch / sorted(seconds)[len(seconds) // 2], first_step_s=first, losses=losses)
