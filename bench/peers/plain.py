"""A ViT and a CLIP written plainly in PyTorch, as papers' code is: one matrix for q, k and v, PyTorch's own attention,
pre-norm blocks. They read the Hugging Face folders that weights.py makes and the embedded open_clip model."""
import json
import pathlib

import safetensors.torch
import torch
from torch import nn
from torch.nn import functional as F


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self, width, heads, activation, causal, eps, attention):
        super().__init__()
        self.heads, self.activation, self.causal, self.attention = heads, activation, causal, attention
        self.norm1, self.norm2 = nn.LayerNorm(width, eps), nn.LayerNorm(width, eps)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.lora = None  # adds to q and v
        self.after_attention = self.after_mlp = nn.Identity()

    def attend(self, x):
        b, t, d = x.shape
        qkv = self.qkv(x)
        if self.lora is not None:
            qkv = qkv + self.lora(x)
        q, k, v = qkv.view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        if self.attention == "sdpa":
            y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        else:  # two batched products: on processors faster than the flash kernel, with its graph in memory
            scores = q @ k.transpose(2, 3) * (d // self.heads) ** -0.5
            if self.causal:
                scores = scores + torch.full((t, t), -torch.inf, dtype=scores.dtype).triu(1)
            y = scores.softmax(-1).to(v.dtype) @ v
        return self.proj(y.transpose(1, 2).reshape(b, t, d))

    def forward(self, x):
        x = x + self.after_attention(self.attend(self.norm1(x)))
        return x + self.after_mlp(self.fc2(self.activation(self.fc1(self.norm2(x)))))


class ImageTower(nn.Module):
    def __init__(self, width, layers, heads, patch, side, activation, eps, clip, out, attention):
        super().__init__()
        self.width, self.side = width, side
        self.patch = nn.Conv2d(3, width, patch, patch, bias=not clip)
        self.cls = nn.Parameter(torch.empty(width))
        self.positions = nn.Parameter(torch.empty(1 + (side // patch) ** 2, width))
        self.norm_pre = nn.LayerNorm(width, eps) if clip else nn.Identity()
        self.blocks = nn.ModuleList(Block(width, heads, activation, False, eps, attention) for _ in range(layers))
        self.norm = nn.LayerNorm(width, eps)
        self.out = nn.Linear(width, out, bias=False) if clip else nn.Identity()
        self.prompts = None  # VPT-deep: [blocks, p, width], rows 1..p of each block's input

    def forward(self, images):
        x = self.patch(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), 1, -1), x], 1) + self.positions
        x = self.norm_pre(x)
        for i, block in enumerate(self.blocks):
            if self.prompts is not None:
                p = self.prompts[i].to(x.dtype).expand(len(x), -1, -1)
                x = torch.cat([x[:, :1], p, x[:, 1 + (p.size(1) if i else 0):]], 1)
            x = block(x)
        return self.out(self.norm(x)[:, 0])


class TextTower(nn.Module):
    def __init__(self, width, layers, heads, length, vocabulary, activation, eps, out, attention):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.empty(length, width))
        self.blocks = nn.ModuleList(Block(width, heads, activation, True, eps, attention) for _ in range(layers))
        self.norm = nn.LayerNorm(width, eps)
        self.out = nn.Linear(width, out, bias=False)

    def forward(self, x, ends):  # x [C, length, width] embedded words
        x = x + self.positions
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x)[torch.arange(len(x)), ends])


class Clip(nn.Module):
    def __init__(self, image, text):
        super().__init__()
        self.image, self.text = image, text
        self.logit_scale = nn.Parameter(torch.empty(()))


def hf_block(w, prefix, names):
    norm1, q, k, v, proj, norm2, fc1, fc2 = (prefix + n for n in names)
    block = {}
    for part in ("weight", "bias"):
        block |= {f"qkv.{part}": torch.cat([w[f"{n}.{part}"] for n in (q, k, v)])}
        block |= {f"{ours}.{part}": w[f"{theirs}.{part}"] for ours, theirs in
                  (("norm1", norm1), ("proj", proj), ("norm2", norm2), ("fc1", fc1), ("fc2", fc2))}
    return block


VIT = ("layernorm_before", "attention.attention.query", "attention.attention.key", "attention.attention.value",
       "attention.output.dense", "layernorm_after", "intermediate.dense", "output.dense")
CLIP = ("layer_norm1", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "layer_norm2",
        "mlp.fc1", "mlp.fc2")


def blocks(w, count, prefix, names):
    return {f"blocks.{i}.{k}": v for i in range(count) for k, v in hf_block(w, f"{prefix}{i}.", names).items()}


def load_vit(folder, attention="sdpa") -> ImageTower:
    folder = pathlib.Path(folder)
    c = json.loads((folder / "config.json").read_text())
    w = safetensors.torch.load_file(folder / "model.safetensors")
    tower = ImageTower(c["hidden_size"], c["num_hidden_layers"], c["num_attention_heads"], c["patch_size"], c["image_size"],
                       F.gelu, c["layer_norm_eps"], False, 0, attention)
    tower.load_state_dict({
        "patch.weight": w["embeddings.patch_embeddings.projection.weight"],
        "patch.bias": w["embeddings.patch_embeddings.projection.bias"],
        "cls": w["embeddings.cls_token"][0, 0], "positions": w["embeddings.position_embeddings"][0],
        "norm.weight": w["layernorm.weight"], "norm.bias": w["layernorm.bias"],
        **blocks(w, c["num_hidden_layers"], "encoder.layer.", VIT)})
    return frozen(tower)


def load_clip(folder, attention="sdpa") -> Clip:
    """A Hugging Face CLIP with its default quick_gelu."""
    folder = pathlib.Path(folder)
    c = json.loads((folder / "config.json").read_text())
    w = safetensors.torch.load_file(folder / "model.safetensors")
    v, t, out = c["vision_config"], c["text_config"], c["projection_dim"]
    image = ImageTower(v["hidden_size"], v["num_hidden_layers"], v["num_attention_heads"], v["patch_size"], v["image_size"],
                       quick_gelu, v["layer_norm_eps"], True, out, attention)
    text = TextTower(t["hidden_size"], t["num_hidden_layers"], t["num_attention_heads"], t["max_position_embeddings"],
                     t["vocab_size"], quick_gelu, t["layer_norm_eps"], out, attention)
    model = Clip(image, text)
    ours = {
        "logit_scale": w["logit_scale"],
        "image.patch.weight": w["vision_model.embeddings.patch_embedding.weight"],
        "image.cls": w["vision_model.embeddings.class_embedding"],
        "image.positions": w["vision_model.embeddings.position_embedding.weight"],
        "image.out.weight": w["visual_projection.weight"], "text.out.weight": w["text_projection.weight"],
        "text.words.weight": w["text_model.embeddings.token_embedding.weight"],
        "text.positions": w["text_model.embeddings.position_embedding.weight"]}
    for part in ("weight", "bias"):
        ours |= {f"image.norm_pre.{part}": w[f"vision_model.pre_layrnorm.{part}"],
                 f"image.norm.{part}": w[f"vision_model.post_layernorm.{part}"],
                 f"text.norm.{part}": w[f"text_model.final_layer_norm.{part}"]}
    for tower, size in (("image", v), ("text", t)):
        theirs = {"image": "vision_model", "text": "text_model"}[tower]
        ours |= {f"{tower}.{k}": x for k, x in
                 blocks(w, size["num_hidden_layers"], f"{theirs}.encoder.layers.", CLIP).items()}
    model.load_state_dict(ours)
    return frozen(model)


def load_open_clip(folder, attention="sdpa") -> Clip:
    folder = pathlib.Path(folder)
    c = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]
    w = {k: x.float() for k, x in safetensors.torch.load_file(folder / "open_clip_model.safetensors").items()}
    v, t = c["vision_cfg"], c["text_cfg"]
    activation = quick_gelu if c.get("quick_gelu") else F.gelu
    model = Clip(ImageTower(v["width"], v["layers"], v["width"] // v["head_width"], v["patch_size"], v["image_size"],
                            activation, 1e-5, True, c["embed_dim"], attention),
                 TextTower(t["width"], t["layers"], t["heads"], t["context_length"], t["vocab_size"], activation, 1e-5,
                           c["embed_dim"], attention))
    ours = {"logit_scale": w["logit_scale"], "image.patch.weight": w["visual.conv1.weight"],
            "image.cls": w["visual.class_embedding"], "image.positions": w["visual.positional_embedding"],
            "image.out.weight": w["visual.proj"].T, "text.out.weight": w["text_projection"].T,
            "text.words.weight": w["token_embedding.weight"], "text.positions": w["positional_embedding"]}
    for part in ("weight", "bias"):
        ours |= {f"image.norm_pre.{part}": w[f"visual.ln_pre.{part}"], f"image.norm.{part}": w[f"visual.ln_post.{part}"],
                 f"text.norm.{part}": w[f"ln_final.{part}"]}
        for tower, prefix, layers in (("image", "visual.", v["layers"]), ("text", "", t["layers"])):
            for i in range(layers):
                theirs, own = f"{prefix}transformer.resblocks.{i}.", f"{tower}.blocks.{i}."
                ours |= {f"{own}qkv.{part}": w[f"{theirs}attn.in_proj_{part}"]}
                ours |= {f"{own}{a}.{part}": w[f"{theirs}{b}.{part}"] for a, b in (
                    ("norm1", "ln_1"), ("norm2", "ln_2"), ("proj", "attn.out_proj"), ("fc1", "mlp.c_fc"),
                    ("fc2", "mlp.c_proj"))}
    model.load_state_dict(ours)
    return frozen(model)


def frozen(model):
    return model.eval().requires_grad_(False)


class Lora(nn.Module):
    """What LoRA r on q and v adds to the three side by side (Hu et al. 2021); starts as nothing."""

    def __init__(self, width, rank=8):
        super().__init__()
        self.down = nn.Linear(width, 2 * rank, bias=False)
        self.up_q, self.up_v = nn.Linear(rank, width, bias=False), nn.Linear(rank, width, bias=False)
        nn.init.zeros_(self.up_q.weight), nn.init.zeros_(self.up_v.weight)

    def forward(self, x):
        q, v = self.down(x).chunk(2, -1)
        q = self.up_q(q)
        return torch.cat([q, torch.zeros_like(q), self.up_v(v)], -1)


class Bottleneck(nn.Module):
    """h + up(gelu(down(h))), 64 wide (Houlsby et al. 2019)."""

    def __init__(self, width, inner=64):
        super().__init__()
        self.down, self.up = nn.Linear(width, inner), nn.Linear(inner, width)
        for layer in (self.down, self.up):
            nn.init.trunc_normal_(layer.weight, std=1e-3, a=-2e-3, b=2e-3)
            nn.init.zeros_(layer.bias)

    def forward(self, h):
        return h + self.up(F.gelu(self.down(h)))


class AimBlock(nn.Module):
    """A frozen block that attends over frames too, with AIM's three adapters (Yang et al. 2023)."""

    def __init__(self, block, width, frames, drop):
        super().__init__()
        self.block, self.frames, self.drop = block, frames, drop
        self.temporal, self.spatial, self.joint = (AimAdapter(width) for _ in range(3))

    def dropped(self, x):  # a clip at a time
        if self.drop == 0:
            return x
        clips = len(x) // self.frames
        keep = torch.empty(clips, device=x.device).bernoulli_(1 - self.drop).repeat_interleave(self.frames)
        return x * (keep / (1 - self.drop)).to(x.dtype).view(-1, 1, 1)

    def forward(self, x):  # [B T, N, D]
        b, n, d = self.block, x.size(1), x.size(2)
        xt = b.norm1(x).view(-1, self.frames, n, d).transpose(1, 2).reshape(-1, self.frames, d)
        xt = self.temporal(b.attend(xt)).view(-1, n, self.frames, d).transpose(1, 2).reshape(-1, n, d)
        x = x + self.dropped(xt)
        y = b.attend(b.norm1(x))
        x = x + y + self.spatial(y)
        xn = b.norm2(x)
        return x + b.fc2(b.activation(b.fc1(xn))) + self.dropped(0.5 * self.joint(xn))


class AimAdapter(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.down, self.up = nn.Linear(width, width // 4), nn.Linear(width // 4, width)
        nn.init.zeros_(self.up.weight), nn.init.zeros_(self.up.bias)

    def forward(self, x):
        return self.up(F.gelu(self.down(x)))


class AimTower(nn.Module):
    def __init__(self, tower, frames):
        super().__init__()
        self.tower, self.frames, self.width, self.side = tower, frames, tower.width, tower.side
        rates = torch.linspace(0, 0.2, len(tower.blocks)).tolist()
        self.blocks = nn.ModuleList(AimBlock(b, tower.width, frames, r) for b, r in zip(tower.blocks, rates))
        self.time = nn.Parameter(torch.zeros(frames, tower.width))
        tower.norm.requires_grad_(True)

    def forward(self, images):
        t = self.tower
        x = t.patch(images).flatten(2).transpose(1, 2)
        x = torch.cat([t.cls.expand(len(x), 1, -1), x], 1) + t.positions
        x = t.norm_pre((x.unflatten(0, (-1, self.frames)) + self.time.unsqueeze(1)).flatten(0, 1))
        for block in self.blocks:
            x = block(x)
        return F.dropout(t.norm(x[:, 0]).view(-1, self.frames, self.width).mean(1), 0.5)


def adapt(tower: ImageTower, method: str, prompts: int = 50, frames: int = 1) -> nn.Module:
    """Puts a method into a frozen image tower; what it trains asks for gradients."""
    if method == "aim":
        return AimTower(tower, frames)
    if method == "vpt":
        tower.prompts = nn.Parameter(torch.empty(len(tower.blocks), prompts, tower.width).uniform_(-0.06, 0.06))
    for block in tower.blocks:
        if method == "lora":
            block.lora = Lora(tower.width)
        if method == "adapter":
            block.after_attention, block.after_mlp = Bottleneck(tower.width), Bottleneck(tower.width)
    if method == "full":
        tower.requires_grad_(True)
    if method in ("adapter", "norm"):  # an adapter's authors train the norms too
        for module in tower.modules():
            if isinstance(module, nn.LayerNorm):
                module.requires_grad_(True)
    if method == "bias":
        for name, parameter in tower.named_parameters():
            parameter.requires_grad_(name.endswith("bias"))
    return tower
