"""Makes tests/golden/blocks.safetensors: non-local, squeeze-and-excitation, CBAM and global-context blocks written plainly
from their papers' equations (arXiv:1711.07971, 1709.01507, 1807.06521, 1904.11492): what they give, and gradients.

    python tests/golden/make/blocks.py             # torch 2.13
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

OUT = Path(__file__).resolve().parents[1] / "blocks.safetensors"
WIDTH, INNER = 6, 4


class NonLocal(nn.Module):
    """z_i = W y_i + x_i, y_i = 1 / C(x) sum over j of f(x_i, x_j) g(x_j), position by position."""

    def __init__(self, form="embedded", pool=False, scale=False, norm="batch", inner=3):
        super().__init__()
        self.form, self.pool, self.scale = form, pool, scale
        softmax = form in ("embedded", "gaussian")  # which takes no notice of what is added to all that it compares
        self.theta, self.phi = nn.Conv2d(WIDTH, inner, 1), nn.Conv2d(WIDTH, inner, 1, bias=not softmax)
        self.g = nn.Conv2d(WIDTH, inner, 1, bias=not (softmax and norm == "batch"))
        self.w = nn.Conv2d(inner, WIDTH, 1, bias=norm == "none")
        self.sum = nn.Parameter(torch.randn(2, inner)) if form == "concatenation" else None
        self.norm = nn.BatchNorm2d(WIDTH) if norm == "batch" else None
        if form == "gaussian":
            del self.theta, self.phi

    def names(self):
        found = {}
        for ours, module in dict(theta="theta", phi="phi", g="g", last="w").items():
            if hasattr(self, module):
                conv = getattr(self, module)
                found[f"{ours}_weight"] = (conv.weight, conv.weight.shape[:2])
                if conv.bias is not None:
                    found[f"{ours}_bias"] = (conv.bias, None)
        if self.sum is not None:
            found["sum"] = (self.sum, None)
        if self.norm is not None:
            found |= {"norm.weight": (self.norm.weight, None), "norm.bias": (self.norm.bias, None)}
        return found

    def forward(self, x):
        others = F.max_pool2d(x, 2) if self.pool else x
        rows = lambda maps: [maps[:, :, i, j] for i in range(maps.shape[2]) for j in range(maps.shape[3])]
        here = rows(x if self.form == "gaussian" else self.theta(x))
        there = rows(others if self.form == "gaussian" else self.phi(others))
        values = torch.stack(rows(self.g(others)), 1)
        y = []
        for a in here:
            if self.form == "concatenation":
                f = torch.stack([F.relu((torch.cat([a, b], 1) * self.sum.flatten()).sum(1)) for b in there], 1)
            else:
                f = torch.stack([(a * b).sum(1) for b in there], 1)
            if self.scale:
                f = f / a.shape[1] ** 0.5
            if self.form in ("embedded", "gaussian"):
                f = f.exp() / f.exp().sum(1, keepdim=True)
            else:
                f = f / len(there)
            y.append((f.unsqueeze(2) * values).sum(1))
        z = self.w(torch.stack(y, 2).view(x.shape[0], -1, *x.shape[2:]))
        return (z if self.norm is None else self.norm(z)) + x


class Bottlenecked(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)

    def names(self):
        return {f"{name}_{part}": (getattr(getattr(self, name), part), None) for name in ("down", "up") for part in ("weight", "bias")}

    def two_maps(self, x):
        return self.up(F.relu(self.down(x)))


class SqueezeExcitation(Bottlenecked):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * (self.factor * torch.sigmoid(self.two_maps(x.mean((2, 3)))))[:, :, None, None]


class Cbam(Bottlenecked):
    def __init__(self, factor):
        super().__init__()
        self.factor, self.space = factor, nn.Conv2d(2, 1, 7, padding=3)

    def names(self):
        return super().names() | {"space_weight": (self.space.weight, None), "space_bias": (self.space.bias, None)}

    def forward(self, x):
        channel = self.two_maps(x.mean((2, 3))) + self.two_maps(x.amax((2, 3)))
        x = x * (self.factor * torch.sigmoid(channel))[:, :, None, None]
        seen = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * self.factor * torch.sigmoid(self.space(seen))


class GlobalContext(Bottlenecked):
    def __init__(self):
        super().__init__()
        self.key, self.norm = nn.Conv2d(WIDTH, 1, 1, bias=False), nn.LayerNorm(INNER)

    def names(self):
        return super().names() | {"key_weight": (self.key.weight, (1, WIDTH)), "norm_weight": (self.norm.weight, None), "norm_bias": (self.norm.bias, None)}

    def forward(self, x):
        share = self.key(x).flatten(1).softmax(1)  # [B, N]
        context = (x.flatten(2) * share[:, None]).sum(2)
        return x + self.up(F.relu(self.norm(self.down(context))))[:, :, None, None]


CASES = {
    "nonlocal": lambda: NonLocal(),
    "nonlocal.scale": lambda: NonLocal(scale=True, pool=True),
    "nonlocal.gaussian": lambda: NonLocal("gaussian", pool=True),
    "nonlocal.dot": lambda: NonLocal("dot", norm="none"),
    "nonlocal.concatenation": lambda: NonLocal("concatenation", pool=True, inner=4),
    "se": lambda: SqueezeExcitation(2),
    "se.paper": lambda: SqueezeExcitation(1),
    "cbam": lambda: Cbam(2),
    "cbam.paper": lambda: Cbam(1),
    "gc": lambda: GlobalContext(),
}


def main():
    tensors = {}
    for seed, (case, make) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        block = make()
        names = block.names()
        with torch.no_grad():
            for parameter, _ in names.values():
                parameter.copy_(0.5 * torch.randn(parameter.shape) + (1 if parameter.dim() == 1 else 0))
        x = torch.randn(3, WIDTH, 5, 4, requires_grad=True)
        weighing = torch.randn(3, WIDTH, 5, 4)
        block.train()
        y = block(x)
        (y * weighing).sum().backward()
        found = dict(x=x, weighing=weighing, y=y) | {"gradient.x": x.grad}
        for name, (parameter, shape) in names.items():
            found[f"parameter.{name}"] = parameter.reshape(shape or parameter.shape)
            found[f"gradient.{name}"] = parameter.grad.reshape(shape or parameter.shape)
        if getattr(block, "norm", None) is not None and isinstance(block.norm, nn.BatchNorm2d):
            found |= {"statistics.running_mean": block.norm.running_mean, "statistics.running_var": block.norm.running_var}
        tensors |= {f"{case}/{name}": value.detach().clone().contiguous() for name, value in found.items()}
    save_file(tensors, OUT)


if __name__ == "__main__":
    main()
