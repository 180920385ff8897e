"""Makes tests/golden/models/dense_words.safetensors: MaskCLIP's patch features (Zhou et al. 2022, arXiv:2112.01071,
sec. 3.2) written plainly in torch on the image tower of tests/golden/models/clip_open_clip: in the last block the value
of each patch alone goes through the output map, then on as ever.

    python tests/golden/make/dense_words.py         # torch 2.13
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

GOLDEN = Path(__file__).resolve().parents[1] / "models"
M = {k.removeprefix("visual."): v for k, v in load_file(GOLDEN / "clip_open_clip/open_clip_model.safetensors").items()
     if k.startswith("visual.")}
WIDTH, HEADS, BLOCKS, EPS = 36, 3, 3, 1e-5


def norm(x, name):
    return F.layer_norm(x, (WIDTH,), M[name + ".weight"], M[name + ".bias"], EPS)


def attention(x, block):  # [B, N, D]
    q, k, v = F.linear(x, M[block + ".attn.in_proj_weight"], M[block + ".attn.in_proj_bias"]).chunk(3, -1)
    heads = lambda t: t.unflatten(-1, (HEADS, -1)).transpose(1, 2)
    scores = heads(q) @ heads(k).transpose(-1, -2) / (WIDTH / HEADS) ** 0.5
    return (scores.softmax(-1) @ heads(v)).transpose(1, 2).flatten(2)


def value(x, block):
    return F.linear(x, M[block + ".attn.in_proj_weight"][2 * WIDTH:], M[block + ".attn.in_proj_bias"][2 * WIDTH:])


def run(x, block, mix):
    mixed = F.linear(mix(norm(x, block + ".ln_1"), block), M[block + ".attn.out_proj.weight"], M[block + ".attn.out_proj.bias"])
    x = x + mixed * M[block + ".ls_1.gamma"]
    h = F.gelu(F.linear(norm(x, block + ".ln_2"), M[block + ".mlp.c_fc.weight"], M[block + ".mlp.c_fc.bias"]))
    return x + F.linear(h, M[block + ".mlp.c_proj.weight"], M[block + ".mlp.c_proj.bias"]) * M[block + ".ls_2.gamma"]


def main():
    images = torch.randn(2, 3, 20, 20, generator=torch.Generator().manual_seed(7))
    x = F.conv2d(images, M["conv1.weight"], stride=5).flatten(2).transpose(1, 2)
    x = torch.cat([M["class_embedding"].expand(2, 1, -1), x], 1) + M["positional_embedding"]
    x = norm(x, "ln_pre")
    for k in range(BLOCKS):
        x = run(x, f"transformer.resblocks.{k}", value if k + 1 == BLOCKS else attention)
    features = norm(x[:, 1:], "ln_post") @ M["proj"]
    save_file({"images": images, "features": features.contiguous()}, GOLDEN / "dense_words.safetensors")


if __name__ == "__main__":
    main()
