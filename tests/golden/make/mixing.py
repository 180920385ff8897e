"""Writes ../mixing.json: batches mixed by torchvision's and timm's MixUp and CutMix, with what they drew, in float32.

    python mixing.py

Needs torch 2.13, torchvision 0.29 (its Python alone: `pip install --no-deps torchvision` will do) and timm 1.0.31.
"""

import json
import os

import numpy as np
import torch

lib = torch.library.Library("torchvision", "DEF")  # torchvision's own operators are not asked; it names two on import
for name in ("nms", "qnms"):
    try:
        lib.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        pass
from timm.data import mixup as timm_mixup  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

torch.manual_seed(20261128)
np.random.seed(20261128)
B, H, W, C = 4, 7, 10, 3
x = torch.randn(B, 1, H, W)
labels = torch.tensor([0, 2, 2, 1])
dense = torch.tensor([[1.0, 0, 1], [0, 1, 1], [0, 0, 0], [1, 0, 0]])
rolled, flipped = [3, 0, 1, 2], [3, 2, 1, 0]
blends, boxes = [], []


def numbers(tensor):
    """Nested lists, each number in the fewest digits that are the same in float32."""
    return [numbers(part) for part in tensor] if tensor.ndim else float(str(tensor.numpy()))


def blend(peer, partner, kept, out, target, mixed):
    blends.append({"peer": peer, "partner": partner, "kept": kept, "values": numbers(out), "target": numbers(target),
                   "mixed": numbers(mixed)})


# torchvision: one lambda, each with the one before it.
for lam in (0.3, 0.8125, 0.9999):
    t = v2.MixUp(num_classes=C)
    t.make_params = lambda inputs: {"lam": lam}
    blend("torchvision", rolled, [lam] * B, *[t(x, labels)[0], labels, t(x, labels)[1]])
    blend("torchvision", rolled, [lam] * B, *[t(x, labels)[0], dense, t._mixup_label(dense, lam=lam)])

# timm: one lambda a batch, a pair or an example; with the batch from its end.
for mode in ("batch", "pair", "elem"):
    t = timm_mixup.Mixup(mixup_alpha=0.7, mode=mode, label_smoothing=0.0, num_classes=C)
    drawn = []
    for name in ("_params_per_batch", "_params_per_elem"):
        own = getattr(t, name)
        setattr(t, name, lambda *a, own=own: drawn.append(own(*a)) or drawn[-1])
    out, mixed = t(x.clone(), labels)
    lam = drawn[-1][0]
    kept = [lam] * B if mode == "batch" else [float(v) for v in (lam if mode == "elem" else [*lam, *lam[::-1]])]
    blend("timm " + mode, flipped, kept, out, labels, mixed)

# CutMix: torchvision's box, what it leaves of the label, and what comes out.
for _ in range(8):
    t = v2.CutMix(num_classes=C)
    lam = round(float(torch.rand(())), 4)
    t._dist = type("Given", (), {"sample": staticmethod(lambda shape: lam)})
    state = torch.random.get_rng_state()
    column, row = int(torch.randint(W, size=(1,))), int(torch.randint(H, size=(1,)))
    torch.random.set_rng_state(state)
    params = t.make_params([x])
    t.make_params = lambda inputs: params
    out, mixed = t(x, labels)
    x1, y1, x2, y2 = params["box"]
    boxes.append({"peer": "torchvision", "partner": rolled, "lambda": lam, "row": row, "column": column,
                  "box": [y1, x1, y2, x2], "kept": params["lam_adjusted"], "values": numbers(out),
                  "mixed": numbers(mixed)})

# timm's boxes are a row and a column larger where their sides are odd: its box is given.
for _ in range(3):
    t = timm_mixup.Mixup(mixup_alpha=0.0, cutmix_alpha=1.0, label_smoothing=0.0, num_classes=C)
    drawn, own = [], timm_mixup.cutmix_bbox_and_lam
    timm_mixup.cutmix_bbox_and_lam = lambda *a, **k: drawn.append(own(*a, **k)) or drawn[-1]
    out, mixed = t(x.clone(), labels)
    timm_mixup.cutmix_bbox_and_lam = own
    (yl, yh, xl, xh), kept = drawn[-1]
    boxes.append({"peer": "timm", "partner": flipped, "box": [int(yl), int(xl), int(yh), int(xh)], "kept": float(kept),
                  "values": numbers(out), "mixed": numbers(mixed)})

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "..", "mixing.json"), "w") as file:
    json.dump({"x": numbers(x), "labels": labels.tolist(), "blends": blends, "boxes": boxes}, file)
    file.write("\n")
print(len(blends), len(boxes))
