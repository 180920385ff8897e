"""Makes tests/golden/methods/aim_*.safetensors: AIM (Yang et al. 2023, arXiv:2302.03024) and ST-Adapter (Pan et al.
2022, arXiv:2206.13559) written plainly in torch from the papers, tokens first as the authors lay them out, on the image
tower of tests/golden/models/clip_open_clip, with random adapters: logits, and gradients of all that trains.

    python tests/golden/make/methods_aim.py         # torch 2.13
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

GOLDEN = Path(__file__).resolve().parents[1]
MODEL = load_file(GOLDEN / "models/clip_open_clip/open_clip_model.safetensors")
WIDTH, HEADS, BLOCKS, FRAMES, CLIPS, CLASSES, EPS = 36, 3, 3, 4, 2, 3, 1e-5


def randn(seed, *shape, std=1.0):
    return std * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Reference:
    """`p`: what trains, by graft's names without the tower; `m`: the frozen tower."""

    def __init__(self, p, scale=0.5):
        self.p, self.scale = p, scale
        self.m = {k.removeprefix("visual."): v for k, v in MODEL.items() if k.startswith("visual.")}

    def norm(self, x, name):
        return F.layer_norm(x, (WIDTH,), self.m[name + ".weight"], self.m[name + ".bias"], EPS)

    def attention(self, x, block):  # [L, N, D]: L attends, N is the batch
        m, b = self.m, block + ".attn."
        y, _ = F.multi_head_attention_forward(
            x, x, x, WIDTH, HEADS, m[b + "in_proj_weight"], m[b + "in_proj_bias"], None, None, False, 0.0,
            m[b + "out_proj.weight"], m[b + "out_proj.bias"], need_weights=False)
        return y * m[block + ".ls_1.gamma"]

    def mlp(self, x, block):
        m, b = self.m, block + ".mlp."
        h = F.gelu(F.linear(x, m[b + "c_fc.weight"], m[b + "c_fc.bias"]))
        return F.linear(h, m[b + "c_proj.weight"], m[b + "c_proj.bias"]) * m[block + ".ls_2.gamma"]

    def adapter(self, x, name, skip):
        p = self.p
        h = F.gelu(F.linear(x, p[name + "_down_weight"], p[name + "_down_bias"]))
        h = F.linear(h, p[name + "_up_weight"], p[name + "_up_bias"])
        return x + h if skip else h

    def embed(self, frames):
        x = F.conv2d(frames, self.m["conv1.weight"], stride=5).flatten(2).transpose(1, 2)
        cls = self.m["class_embedding"].expand(x.shape[0], 1, -1)
        return torch.cat([cls, x], 1) + self.m["positional_embedding"]  # [B T, N, D]

    def head(self, x):  # [B T, N, D]
        pooled = self.norm_post(x[:, 0]).view(CLIPS, FRAMES, WIDTH).mean(1)
        return F.linear(pooled, self.p["head.weight"], self.p["head.bias"])

    def norm_post(self, x):
        return F.layer_norm(x, (WIDTH,), self.p.get("norm.weight", self.m["ln_post.weight"]),
                            self.p.get("norm.bias", self.m["ln_post.bias"]), EPS)

    def aim(self, frames):
        x = self.embed(frames)
        n = x.shape[1]
        x = x.view(CLIPS, FRAMES, n, WIDTH) + self.p["tokens.positions"].view(1, FRAMES, 1, WIDTH)
        x = self.norm(x.view(CLIPS * FRAMES, n, WIDTH), "ln_pre").permute(1, 0, 2)  # [N, B T, D]
        for k in range(BLOCKS):
            b, a = f"transformer.resblocks.{k}", f"blocks.{k}.attn."
            xt = x.view(n, CLIPS, FRAMES, WIDTH).permute(2, 1, 0, 3).reshape(FRAMES, CLIPS * n, WIDTH)
            xt = self.norm(xt, b + ".ln_1")
            if a + "temporal_in_down_weight" in self.p:
                xt = self.adapter(xt, a + "temporal_in", skip=True)
            xt = self.adapter(self.attention(xt, b), a + "temporal", skip=False)
            x = x + xt.view(FRAMES, CLIPS, n, WIDTH).permute(2, 1, 0, 3).reshape(n, CLIPS * FRAMES, WIDTH)
            x = x + self.adapter(self.attention(self.norm(x, b + ".ln_1"), b), a + "spatial", skip=True)
            xn = self.norm(x, b + ".ln_2")
            x = x + self.mlp(xn, b) + self.scale * self.adapter(xn, f"blocks.{k}.mlp.joint", skip=False)
        return self.head(x.permute(1, 0, 2))

    def st(self, frames):
        x = self.norm(self.embed(frames), "ln_pre")
        for k in range(BLOCKS):
            b = f"transformer.resblocks.{k}"
            x = self.convolved(x, f"blocks.{k}.attn.")
            x = x + self.attention(self.norm(x, b + ".ln_1").transpose(0, 1), b).transpose(0, 1)
            if f"blocks.{k}.mlp.down_weight" in self.p:
                x = self.convolved(x, f"blocks.{k}.mlp.")
            x = x + self.mlp(self.norm(x, b + ".ln_2"), b)
        return self.head(x)

    def convolved(self, x, name):
        p, side = self.p, 4
        patches = F.linear(x[:, 1:], p[name + "down_weight"], p[name + "down_bias"])
        inner = patches.shape[-1]
        grid = patches.view(CLIPS, FRAMES, side, side, inner).permute(0, 4, 1, 2, 3)
        w = p[name + "conv_weight"]
        grid = F.conv3d(grid, w, p[name + "conv_bias"], padding=[s // 2 for s in w.shape[2:]], groups=inner)
        back = grid.permute(0, 2, 3, 4, 1).reshape(CLIPS * FRAMES, side * side, inner)
        back = F.linear(back, p[name + "up_weight"], p[name + "up_bias"])
        return torch.cat([x[:, :1], x[:, 1:] + back], 1)


def bottleneck(name, inner, seed):
    shapes = {"down_weight": (inner, WIDTH), "down_bias": (inner,), "up_weight": (WIDTH, inner), "up_bias": (WIDTH,)}
    return {name + part: randn(seed + i, *shape, std=0.3) for i, (part, shape) in enumerate(shapes.items())}


def aim_parameters(two):
    p = {"tokens.positions": randn(3, FRAMES, WIDTH)}
    for k in range(BLOCKS):
        a = f"blocks.{k}.attn."
        for i, part in enumerate(["temporal_", "spatial_"] + (["temporal_in_"] if two else [])):
            p |= bottleneck(a + part, WIDTH // 4, 100 * k + 10 * i + 10)
        p |= bottleneck(f"blocks.{k}.mlp.joint_", WIDTH // 4, 100 * k + 50)
    return p


def st_parameters(kernel):
    p, inner = {}, WIDTH // 2
    for k in range(BLOCKS):
        for i, part in enumerate(["attn", "mlp"] if k + 1 < BLOCKS else ["attn"]):
            name, seed = f"blocks.{k}.{part}.", 100 * k + 20 * i + 10
            p |= bottleneck(name, inner, seed)
            p[name + "conv_weight"] = randn(seed + 5, inner, 1, *kernel, std=0.5)
            p[name + "conv_bias"] = randn(seed + 6, inner, std=0.3)
    return p


def write(name, p, forward, trains_norm):
    p |= {"head.weight": randn(1, CLASSES, WIDTH), "head.bias": randn(2, CLASSES)}
    if trains_norm:
        p |= {"norm.weight": MODEL["visual.ln_post.weight"].clone(), "norm.bias": MODEL["visual.ln_post.bias"].clone()}
    for tensor in p.values():
        tensor.requires_grad_()
    frames, weights = randn(4, CLIPS * FRAMES, 3, 20, 20), randn(5, CLIPS, CLASSES)
    logits = forward(p, frames)
    (logits * weights).sum().backward()
    tensors = {"frames": frames, "weights": weights, "logits": logits.detach()}
    tensors |= {"p." + k: v.detach() for k, v in p.items()} | {"g." + k: v.grad for k, v in p.items()}
    save_file({k: v.contiguous() for k, v in tensors.items()}, GOLDEN / f"methods/{name}.safetensors")


if __name__ == "__main__":
    write("aim_kinetics", aim_parameters(False), lambda p, x: Reference(p, 0.5).aim(x), True)
    write("aim_something", aim_parameters(True), lambda p, x: Reference(p, 1.0).aim(x), True)
    write("st_adapter", st_parameters((3, 1, 1)), lambda p, x: Reference(p).st(x), False)
    write("st_adapter_3x3x3", st_parameters((3, 3, 3)), lambda p, x: Reference(p).st(x), False)
