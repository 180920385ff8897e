#!/usr/bin/env python3
"""tests/golden/found_head.pt, a head in the layout that FOUND's authors release, and found_head.safetensors: its answers
on the made up patches of discovery.safetensors, the training loss and its gradients, and AdamW's steps, by PyTorch.

    .venv-peers/bin/python tests/golden/make/found_head.py
"""
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import binary_cross_entropy_with_logits as bce

GOLDEN = Path(__file__).parents[1]


def main():
    torch.manual_seed(0)
    grids = load_file(GOLDEN / "discovery.safetensors")
    decoder = torch.nn.Conv2d(24, 1, (1, 1))
    torch.save({"decoder": decoder.state_dict()}, GOLDEN / "found_head.pt")
    out = {}
    photos = []
    for name in ("one", "two"):
        keys, (rows, columns) = grids[f"grid.{name}/keys"], grids[f"grid.{name}/size"].tolist()
        logits = decoder(keys.T.reshape(1, -1, rows, columns)).flatten()
        masks = {part: torch.rand(len(keys)) < 0.4 for part in ("background", "own", "refined")}
        out[f"{name}/logits"] = logits.detach()
        out |= {f"{name}/{part}": mask for part, mask in masks.items()}
        photos.append((logits, masks))
    flat = torch.cat([logits for logits, _ in photos])
    target = {part: torch.cat([masks[part] for _, masks in photos]).float() for part in ("background", "own", "refined")}
    early = bce(flat, target["background"]) + 1.5 * bce(flat, target["refined"])
    late = 1.5 * bce(flat, target["refined"]) + 4 * bce(flat, target["own"])
    for name, loss in (("early", early), ("late", late)):
        weight, bias = torch.autograd.grad(loss, [decoder.weight, decoder.bias], retain_graph=True)
        out |= {f"{name}/loss": loss.detach(), f"{name}/weight": weight.flatten(), f"{name}/bias": bias}
    parameter = torch.nn.Parameter(torch.randn(5))
    optimizer = torch.optim.AdamW([parameter], lr=5e-2)
    out["adamw/start"] = parameter.detach().clone()
    out["adamw/gradients"] = torch.randn(6, 5)
    for gradient in out["adamw/gradients"]:
        parameter.grad = gradient.clone()
        optimizer.step()
    out["adamw/end"] = parameter.detach().clone()
    file = GOLDEN / "found_head.safetensors"
    save_file(out, file)
    print(file, file.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
