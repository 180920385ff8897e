"""Writes ../augmentations.json: what torchvision makes of Pillow's images by its named changes, hashes of what Pillow's
own filters make, and the magnitudes of torchvision's policies, for tests/data.

    python augmentations.py

Needs torch 2.13, torchvision 0.29 (its Python alone), Pillow and numpy. Images and hashes are those of resize.py.
"""

import json
import os
import random

import torch
from PIL import Image, ImageFilter, ImageOps
from resize import HERE, IMAGES, fnv, load

lib = torch.library.Library("torchvision", "DEF")  # torchvision's own operators are not asked; it names two on import
for name in ("nms", "qnms"):
    try:
        lib.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        pass
from torchvision.transforms import InterpolationMode, RandAugment, TrivialAugmentWide  # noqa: E402
from torchvision.transforms import functional as F  # noqa: E402
from torchvision.transforms.autoaugment import _apply_op  # noqa: E402

rng = random.Random(20261128)
files = sorted(name for name in os.listdir(IMAGES) if name.endswith((".jpg", ".png", ".webp")))
names = [f"noise {w} {h} {s}" for w, h, s in ((1, 1, 1), (2, 3, 2), (17, 9, 3), (32, 32, 4), (40, 61, 5), (224, 224, 6))]
for name in files:
    try:
        if max(load(name).size) <= 400:
            names.append(name)
    except Exception:  # some of them are broken on purpose
        pass


def row(kind, name, amount, image):
    return {"kind": kind, "image": name, "amount": amount, "hash": fnv(image.tobytes())}


changes, others, magnitudes = [], [], []
policies = {"rand-augment": RandAugment(), "trivial-augment": TrivialAugmentWide()}
for policy, made in policies.items():
    for height, width in ((224, 224), (61, 40)):
        size = [31, (height, width)] if policy == "rand-augment" else [31]
        for kind, (of_bins, signed) in made._augmentation_space(*size).items():
            values = [float(v) for v in of_bins] if of_bins.ndim else [0.0]
            magnitudes.append({"policy": policy, "kind": kind, "height": height, "width": width, "values": values})
for kind in [m["kind"] for m in magnitudes[:14]]:
    for _ in range(14):
        name = rng.choice(names)
        values = rng.choice([m for m in magnitudes if m["kind"] == kind])["values"]
        amount = rng.choice(values)
        if kind not in ("Posterize", "Solarize") and rng.random() < 0.5:
            amount = -amount
        out = _apply_op(load(name), kind, amount, interpolation=InterpolationMode.NEAREST, fill=None)
        changes.append(row(kind, name, amount, out))
for degrees in (0, 90, 180, 270, -90, 45, 12.5, 359.999, -360):
    for name in ("noise 17 9 3", "noise 32 32 4"):
        changes.append(row("Rotate", name, degrees, F.rotate(load(name), degrees)))
for _ in range(40):
    name = rng.choice(names)
    radius = rng.choice([0.1, 0.5, 1.0, 1.3, 2.0, 3.7, round(rng.uniform(0.1, 6), 3)])
    others.append(row("blur", name, radius, load(name).filter(ImageFilter.GaussianBlur(radius))))
for name in names[:8]:
    others.append(row("grey", name, 0, F.to_grayscale(load(name), 3)))
    others.append(row("invert", name, 0, ImageOps.invert(load(name))))

with open(os.path.join(HERE, "..", "augmentations.json"), "w") as file:
    json.dump({"changes": changes, "others": others, "magnitudes": magnitudes}, file)
    file.write("\n")
print(len(changes), len(others), len(magnitudes), len(names))
