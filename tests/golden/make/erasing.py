"""Writes ../erasing.json: where torchvision's RandomErasing puts its boxes, as means over many draws, for tests/data.

    python erasing.py

Needs torch 2.13 and torchvision 0.28 or later (its Python alone).
"""

import json

import torch
from resize import HERE

lib = torch.library.Library("torchvision", "DEF")  # torchvision's own operators are not asked; it names two on import
for name in ("nms", "qnms"):
    try:
        lib.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        pass
from torchvision.transforms import RandomErasing  # noqa: E402

DRAWS = 40000


def boxes(height, width):
    torch.manual_seed(height * 1000 + width)
    image = torch.zeros(3, height, width)
    rows, missed = [], 0
    for _ in range(DRAWS):
        top, left, h, w, patch = RandomErasing.get_params(image, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=[0.0])
        if patch is image:
            missed += 1
        else:
            rows.append((top, left, h, w, h * w))
    rows = torch.tensor(rows, dtype=torch.float64)
    names = ("top", "left", "height", "width", "area")
    return {"image": [height, width], "draws": DRAWS, "missed": missed,
            "mean": dict(zip(names, rows.mean(0).tolist())), "deviation": dict(zip(names, rows.std(0).tolist()))}


cases = [boxes(*size) for size in ((224, 224), (32, 24), (10, 60), (4, 3))]
with open(f"{HERE}/../erasing.json", "w") as file:
    json.dump({"boxes": cases}, file, indent=1)
    file.write("\n")
