"""torchvision's models alone. A wheel that was built for another torch lacks its own operators, which they do not use, and
stops at the import where they are not known by name."""
import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(sys.prefix) / "torchvision"))  # where ../run put it
try:
    import torchvision
except RuntimeError:
    declared = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        declared.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

resnet = torchvision.models.resnet
