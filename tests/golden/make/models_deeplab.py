"""torchvision's DeepLabv3 on a small ResNet of bottlenecks, and a DeepLabv3 on one of basic blocks, which torchvision does
not dilate; there the rule is timm's, the first convolution of a block goes by what stood before it. Run on
its own, as it needs torchvision's models (bench/peers/plain_torchvision.py):

    .venv-peers/bin/python tests/golden/make/models_deeplab.py

Made with torch 2.13.0, torchvision 0.29.1.
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

sys.path.append(sys.path.pop(0))  # tokenizers.py beside this file is not the library
sys.path.append(str(pathlib.Path(__file__).parents[3] / "bench" / "peers"))
import plain_torchvision  # noqa: F401
from models import expect, folder, images, lively

CLASSES, SIDE = 5, 320


def lively_with_statistics(model, seed):
    lively(model, seed)
    generator = torch.Generator().manual_seed(seed + 1000)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_var.copy_(1 + 0.5 * torch.rand(module.running_var.shape, generator=generator))
    return model


def head(inputs, width, rates):
    from torchvision.models.segmentation.deeplabv3 import ASPP

    return nn.Sequential(ASPP(inputs, rates, width), nn.Conv2d(width, width, 3, padding=1, bias=False),
                         nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, CLASSES, 1))


def bottlenecks(stride):
    """torchvision's own classes, with fewer channels."""
    from torchvision.models._utils import IntermediateLayerGetter
    from torchvision.models.resnet import Bottleneck, ResNet
    from torchvision.models.segmentation.deeplabv3 import DeepLabV3
    from torchvision.models.segmentation.fcn import FCNHead

    net = ResNet(Bottleneck, [1, 1, 1, 1])
    net.conv1, net.bn1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4)
    net.inplanes, net.dilation = 4, 1
    net.layer1 = net._make_layer(Bottleneck, 2, 1)
    net.layer2 = net._make_layer(Bottleneck, 3, 2, stride=2)
    net.layer3 = net._make_layer(Bottleneck, 2, 2, stride=2, dilate=stride == 8)
    net.layer4 = net._make_layer(Bottleneck, 3, 2, stride=2, dilate=True)
    backbone = IntermediateLayerGetter(net, {"layer4": "out", "layer3": "aux"})
    return DeepLabV3(backbone, head(12, 6, [12, 24, 36] if stride == 8 else [6, 12, 18]), FCNHead(8, CLASSES))


class Basic(nn.Module):
    def __init__(self, inputs, planes, stride, first, dilation, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, first, first, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        if shortcut:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))
        self.shortcut = shortcut

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.downsample(x) if self.shortcut else x))


class BasicDeepLab(nn.Module):
    def __init__(self, stride):
        super().__init__()
        self.backbone = nn.Module()
        self.backbone.conv1, self.backbone.bn1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4)
        inputs, reached, dilation = 4, 4, 1
        for i, planes in enumerate([4, 5, 6, 7]):
            by, before = 1 if i == 0 else 2, dilation
            if reached * by > stride:
                by, dilation = 1, dilation * 2
            reached *= by
            first = Basic(inputs, planes, by, before, dilation, i > 0)
            setattr(self.backbone, f"layer{i + 1}", nn.Sequential(first, Basic(planes, planes, 1, dilation, dilation, False)))
            inputs = planes
        self.classifier = head(7, 6, [12, 24, 36] if stride == 8 else [6, 12, 18])

    def forward(self, x):
        size = x.shape[-2:]
        x = F.max_pool2d(F.relu(self.backbone.bn1(self.backbone.conv1(x))), 3, 2, 1)
        for i in range(4):
            x = getattr(self.backbone, f"layer{i + 1}")(x)
        return {"out": F.interpolate(self.classifier(x), size=size, mode="bilinear", align_corners=False)}


def make():
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    for case, build in (("deeplab_bottleneck", bottlenecks), ("deeplab_basic", BasicDeepLab)):
        model = lively_with_statistics(build(8), 41)
        path = folder(case)
        state = {name: value.clone().contiguous() for name, value in model.state_dict().items()}
        save_file(state, path / "model.safetensors")
        # Maps of 40 x 40, in which every rate finds taps; of photos only a tile is kept, whose side divides no rate.
        tile = images(23, 23, 43, count=1)
        pixels = tile.repeat(1, 1, 14, 14)[:, :, :SIDE, :SIDE]
        found = {}
        model.classifier[3].register_forward_hook(lambda module, args, out: found.update(maps=out.clone()))
        answers = model(pixels)
        logits = answers["out"]
        coarse = build(16)
        coarse.load_state_dict(state)
        some = (slice(None), slice(None), slice(None, None, 8), slice(None, None, 8))
        # The second classifier of torchvision's own, which its training adds to the loss.
        beside = {"aux": answers["aux"][some]} if "aux" in answers else {}
        expect(path, **beside, tile=tile, maps=found["maps"], logits=logits[some], logits16=coarse.eval()(pixels)["out"][some])


if __name__ == "__main__":
    make()
