"""DeepLabv3 of torchvision's parts on its ResNet-18, whose blocks torchvision itself does not dilate: their strides become
dilations as timm has it. As a program: random weights of it in one file, for graft and for torchvision."""
import pathlib
import sys

import torch
from safetensors.torch import save_file

import plain_torchvision
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.segmentation.deeplabv3 import DeepLabHead, DeepLabV3


def dilate(layer, before, dilation):
    for i, block in enumerate(layer):
        for conv, apart in ((block.conv1, before if i == 0 else dilation), (block.conv2, dilation)):
            conv.stride, conv.dilation, conv.padding = (1, 1), (apart, apart), (apart, apart)
    layer[0].downsample[0].stride = (1, 1)


def deeplab(classes):
    net = plain_torchvision.resnet.resnet18()
    dilate(net.layer3, 1, 2)
    dilate(net.layer4, 2, 4)
    return DeepLabV3(IntermediateLayerGetter(net, {"layer4": "out"}), DeepLabHead(512, classes))


if __name__ == "__main__":
    file = pathlib.Path(sys.argv[1])
    if not file.exists():
        torch.manual_seed(0)
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(deeplab(int(sys.argv[2])).state_dict(), file)
