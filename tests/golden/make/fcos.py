"""torchvision's FCOS on small ResNets: what its head says, and the boxes that it tells of two photos. Run on its own, as it
needs torchvision's models (bench/peers/plain_torchvision.py):

    .venv-peers/bin/python tests/golden/make/fcos.py

Weights are float16 numbers, so that the files stay small. fcos_basic has its pyramid by the names of files that were
written before torchvision 0.14, as the published one was. Made with torch 2.13.0, torchvision 0.29.1.
"""

import pathlib
import sys
from functools import partial

import torch
from safetensors.torch import save_file
from torch import nn

sys.path.append(sys.path.pop(0))  # tokenizers.py beside this file is not the library
sys.path.append(str(pathlib.Path(__file__).parents[3] / "bench" / "peers"))
import plain_torchvision  # noqa: F401
from models import folder, lively

CLASSES, WIDTH = 5, 32


def nms(boxes, scores, threshold):
    """A box goes where one with a higher score overlaps it by more: intersection over union, in float32."""
    kept, areas = [], (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for i in scores.argsort(descending=True, stable=True).tolist():
        sides = (torch.minimum(boxes[i, 2:], boxes[kept, 2:]) - torch.maximum(boxes[i, :2], boxes[kept, :2])).clamp(min=0)
        both = sides[:, 0] * sides[:, 1]
        if not (both / (areas[i] + areas[kept] - both) > threshold).any():
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64)


def backbone(block, planes):
    from torchvision.models.detection.backbone_utils import BackboneWithFPN
    from torchvision.models.resnet import ResNet
    from torchvision.ops.feature_pyramid_network import LastLevelP6P7

    net = ResNet(block, [1, 1, 1, 1])
    net.conv1, net.bn1, net.inplanes = nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), 8
    for i, width in enumerate(planes):
        setattr(net, f"layer{i + 1}", net._make_layer(block, width, 1, stride=1 if i == 0 else 2))
    layers = {f"layer{i}": str(i - 2) for i in (2, 3, 4)}
    channels = [width * block.expansion for width in planes[1:]]
    return BackboneWithFPN(net, layers, channels, WIDTH, LastLevelP6P7(WIDTH, WIDTH))


def build(block, planes, convs):
    from torchvision.models.detection.fcos import FCOS, FCOSClassificationHead, FCOSHead, FCOSRegressionHead

    head = FCOSHead(WIDTH, 1, CLASSES, convs)
    assert isinstance(head.classification_head, FCOSClassificationHead)
    assert isinstance(head.regression_head, FCOSRegressionHead)
    return FCOS(backbone(block, planes), CLASSES, head=head, min_size=96, max_size=160)


def photo(height, width, seed):
    noise = torch.rand(1, 3, 9, 7, generator=torch.Generator().manual_seed(seed))
    image = nn.functional.interpolate(noise, size=(height, width), mode="bicubic").clamp(0, 1)[0]
    return (image * 255).round().to(torch.uint8)


def make():
    from torchvision.models.resnet import BasicBlock, Bottleneck

    from torchvision.ops import boxes

    boxes.nms = nms
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    cases = {"fcos_bottleneck": partial(build, Bottleneck, [4, 3, 5, 6], 2),
             "fcos_basic": partial(build, BasicBlock, [8, 6, 10, 12], 1)}
    for case, made in cases.items():
        model = made()
        lively(model, 51)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_var.abs_().add_(0.8)
        model.load_state_dict({k: v.half().to(v.dtype) if v.is_floating_point() else v for k, v in model.state_dict().items()})
        model.eval()
        state = {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
        if case == "fcos_basic":  # as older files have it
            state = {k.replace(".0.weight", ".weight").replace(".0.bias", ".bias") if "_blocks." in k else k: v
                     for k, v in state.items()}
        path = folder(case)
        save_file({k: v.clone().contiguous() for k, v in state.items()}, path / "model.safetensors")
        photos = [photo(61, 83, 1), photo(150, 40, 2)]
        told = {}
        for i, image in enumerate(photos):
            heads = {}
            hook = model.head.register_forward_hook(lambda module, args, out: heads.update(out))
            found = model([image.float() / 255])[0]
            hook.remove()
            told |= {f"photo{i}": image.permute(1, 2, 0), f"boxes{i}": found["boxes"], f"scores{i}": found["scores"],
                     f"labels{i}": found["labels"], f"logits{i}": heads["cls_logits"][0],
                     f"offsets{i}": heads["bbox_regression"][0], f"centres{i}": heads["bbox_ctrness"][0, :, 0]}
            print(case, i, len(found["boxes"]), found["scores"][:3], heads["cls_logits"].shape)
        # The training loss of both photos as one batch, by torchvision's own rule of which place answers for which box.
        targets = [{"boxes": torch.tensor([[4.0, 6, 50, 44], [20, 10, 34, 22.5], [0, 0, 83, 61]]), "labels": torch.tensor([1, 3, 0])},
                   {"boxes": torch.tensor([[3.0, 100, 37, 140]]), "labels": torch.tensor([4])}]
        model.train()
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        told |= {f"loss_{k}": v.reshape(1) for k, v in model([p.float() / 255 for p in photos], targets).items()}
        print({k: v.item() for k, v in told.items() if k.startswith("loss")})
        save_file({k: v.contiguous() for k, v in told.items()}, path / "expected.safetensors")


if __name__ == "__main__":
    make()
