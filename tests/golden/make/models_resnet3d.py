"""torchvision's video networks, made of its own blocks with fewer channels; run by models.py.

torchvision's wheel for the torch that is here may be one built for CUDA: its Python alone is needed, so
`pip download --no-deps torchvision==0.28.0`, unpack it and put that folder on PYTHONPATH.
"""

import sys
import types

import torch
from safetensors.torch import save_file
from torch import nn

from models import NoTorchvision, expect, folder
from models_resnet import lively_with_statistics, stages, with_blocks
from models_vit import state_of

WIDTHS = (6, 8, 10, 12)


def torchvision_video():
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, NoTorchvision)]
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")  # wants built operators
    import torchvision.models.video.resnet as resnet
    import torchvision.models.video.s3d  # noqa: F401

    return resnet, sys.modules["torchvision.models.video.s3d"]


def clips(frames, side, count=2):
    return torch.randn(count, 3, frames, side, side, generator=torch.Generator().manual_seed(8))


def small_resnet(library, makers, stem):
    """VideoResNet's own blocks and forward, of WIDTHS."""

    class Small(library.VideoResNet):
        def __init__(self):
            nn.Module.__init__(self)
            self.inplanes = WIDTHS[0]
            self.stem = stem
            for i, (maker, width) in enumerate(zip(makers, WIDTHS)):
                layer = self._make_layer(library.BasicBlock, maker, width, (1, 2, 1, 1)[i], stride=1 if i == 0 else 2)
                setattr(self, f"layer{i + 1}", layer)
            self.avgpool = nn.AdaptiveAvgPool3d((1, 1, 1))
            self.fc = nn.Linear(WIDTHS[-1], 5)

    return Small()


def unit(inputs, outputs, kernel, stride, padding):
    return [nn.Conv3d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm3d(outputs), nn.ReLU(inplace=True)]


def save(case, model, pixels, blocks):
    lively_with_statistics(model, 41)
    path = folder(case)
    if case == "r3d":
        torch.save(model.state_dict(), path / "model.pth")
    else:
        save_file(state_of(model), path / "model.safetensors")
    found = {}
    model.fc.register_forward_pre_hook(lambda module, args: found.update(features=args[0]))
    found.update(with_blocks(model, blocks, pixels))
    frames = pixels.transpose(1, 2).flatten(0, 1)  # as graft reads them: clip after clip
    expect(path, images=frames, **found)


def resnets():
    library, _ = torchvision_video()
    plain, flat, split = library.Conv3DSimple, library.Conv3DNoTemporal, library.Conv2Plus1D
    width = WIDTHS[0]

    def stem():
        return nn.Sequential(*unit(3, width, (3, 7, 7), (1, 2, 2), (1, 3, 3)))

    def split_stem():
        return nn.Sequential(*unit(3, 5, (1, 7, 7), (1, 2, 2), (0, 3, 3)), *unit(5, width, (3, 1, 1), (1, 1, 1), (1, 0, 0)))

    for case, makers, first in (("r3d", [plain] * 4, stem()), ("mc3", [plain] + [flat] * 3, stem()),
                                ("r2plus1d", [split] * 4, split_stem())):
        model = small_resnet(library, makers, first)
        save(case, model, clips(5, 16), stages(model))


def s3d():
    _, library = torchvision_video()
    block, separable, basic = library.SepInceptionBlock3D, library.TemporalSeparableConv, library.Conv3dNormActivation
    from functools import partial

    norm = partial(nn.BatchNorm3d, eps=0.001, momentum=0.001)

    def inception(inputs, number):
        widths = [2 + (number + i) % 3 for i in range(6)]
        return block(inputs, *widths, norm), widths[0] + widths[2] + widths[4] + widths[5]

    class Small(library.S3D):
        def __init__(self):
            nn.Module.__init__(self)
            layers = [separable(3, 6, 7, 2, 3, norm), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
                      basic(6, 5, kernel_size=1, stride=1, norm_layer=norm), separable(5, 8, 3, 1, 1, norm),
                      nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))]
            width = 8
            for i in range(5, 16):
                if i == 7:
                    layers.append(nn.MaxPool3d((3, 3, 3), (2, 2, 2), (1, 1, 1)))
                elif i == 13:
                    layers.append(nn.MaxPool3d((2, 2, 2), (2, 2, 2), (0, 0, 0)))
                else:
                    made, width = inception(width, i)
                    layers.append(made)
            self.features = nn.Sequential(*layers)
            self.avgpool = nn.AvgPool3d(kernel_size=(2, 7, 7), stride=1)
            self.classifier = nn.Sequential(nn.Dropout(p=0.2), nn.Conv3d(width, 5, kernel_size=1, stride=1, bias=True))

    model = Small()
    lively_with_statistics(model, 43)
    path = folder("s3d")
    save_file(state_of(model), path / "model.safetensors")
    # Squares of 16 x 16 pixels. Of 26 frames 3 are left before the average: two windows of two.
    squares = clips(26, 14, count=1)
    pixels = squares.repeat_interleave(16, 3).repeat_interleave(16, 4)
    found = {}
    blocks = [each for i, each in enumerate(model.features) if isinstance(each, block)]
    model.classifier.register_forward_pre_hook(lambda module, args: found.update(windows=args[0].flatten(2).mean(2)))
    places = {name: value.flatten(1, -2).mean(1) for name, value in with_blocks(model, blocks, pixels).items() if value.dim() > 2}
    expect(path, squares=squares.transpose(1, 2).flatten(0, 1), features=found["windows"], logits=model(pixels), **places)


def make():
    resnets()
    s3d()
