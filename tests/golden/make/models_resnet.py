"""ResNets in timm's names, which are torchvision's too, and the CIFAR networks of He et al. 2016; run by models.py."""

import json

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from models import expect, folder, images, lively
from models_vit import state_of


def lively_with_statistics(model, seed):
    lively(model, seed)
    generator = torch.Generator().manual_seed(seed + 1000)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_var.copy_(1 + 0.5 * torch.rand(module.running_var.shape, generator=generator))
    return model


def with_blocks(model, blocks, pixels):
    """What each block gives, channels last, and the logits."""
    found = {}
    handles = [block.register_forward_hook(lambda module, args, out, name=f"block.{i}": found.update({name: out.movedim(1, -1)}))
               for i, block in enumerate(blocks)]
    logits = model(pixels)
    for handle in handles:
        handle.remove()
    return dict(found, logits=logits)


def stages(model):
    return [block for i in range(1, 5) if hasattr(model, f"layer{i}") for block in getattr(model, f"layer{i}")]


def timm_layouts():
    import timm

    for case, architecture, channels in (("resnet_basic", "resnet18", [4, 6, 8, 10]), ("resnet_bottleneck", "resnet50", [4, 3, 4, 5])):
        args = dict(layers=[1, 2, 1, 1], channels=channels)
        model = lively_with_statistics(timm.create_model(architecture, num_classes=5, **{key: tuple(value) for key, value in args.items()}), 31)
        path = folder(case)
        save_file(state_of(model), path / "model.safetensors")
        (path / "config.json").write_text(json.dumps(dict(
            architecture=architecture, num_classes=5, num_features=model.num_features, global_pool="avg", model_args=args,
            pretrained_cfg=dict(input_size=[3, 40, 40], interpolation="bicubic", crop_pct=0.95, mean=[0.4, 0.5, 0.6],
                                std=[0.2, 0.3, 0.4], first_conv="conv1", classifier="fc")), indent=1))
        pixels = images(40, 33)
        features = model.forward_head(model.forward_features(pixels), pre_logits=True)
        expect(path, images=pixels, features=features, **with_blocks(model, stages(model), pixels))
        clips = torch.randn(2, 3, 9, 12, 12, generator=torch.Generator().manual_seed(9))
        save_file({"images": clips.transpose(1, 2).flatten(0, 1).contiguous(),
                   **{name: value.contiguous() for name, value in i3d(model, clips).items()}}, path / "i3d.safetensors")


def i3d(model, clips):
    """mmaction2's i3d_r50 of the 2-D network's weights: each repeated over time and divided by the repeats. Where the
    blocks are basic, both of a block's convolutions have time."""
    found = {}

    def conv(x, module, frames, by=1):
        weight = module.weight.unsqueeze(2).repeat(1, 1, frames, 1, 1) / frames
        side, stride = module.kernel_size[0], module.stride[0]
        return F.conv3d(x, weight, None, (by, stride, stride), (frames // 2, side // 2, side // 2))

    def norm(x, module):
        return F.batch_norm(x, module.running_mean, module.running_var, module.weight, module.bias, eps=module.eps)

    x = F.relu(norm(conv(clips, model.conv1, 5, 2), model.bn1))
    x = F.max_pool3d(x, (1, 3, 3), (2, 2, 2), (0, 1, 1))
    for stage in range(4):
        for k, block in enumerate(getattr(model, f"layer{stage + 1}")):
            frames = 3 if stage == 0 or k % 2 == (0 if stage < 3 else 1) else 1
            bottleneck = hasattr(block, "conv3")
            y = F.relu(norm(conv(x, block.conv1, frames), block.bn1))
            y = norm(conv(y, block.conv2, 1 if bottleneck else frames), block.bn2)
            if bottleneck:
                y = norm(conv(F.relu(y), block.conv3, 1), block.bn3)
            if block.downsample is not None:
                x = norm(conv(x, block.downsample[0], 1), block.downsample[1])
            x = F.relu(x + y)
            found[f"block.{len(found)}"] = x.movedim(1, -1)
        if stage == 0:
            x = F.max_pool3d(x, (2, 1, 1), (2, 1, 1))
    return dict(found, features=x.mean((2, 3, 4)))


class CifarBlock(nn.Module):
    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.stride, self.more = stride, planes - inputs

    def forward(self, x):
        beside = x
        if self.more:
            beside = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.more // 2, self.more // 2))
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + beside)


class Cifar(nn.Module):
    """Section 4.2 of the paper, shortcuts of option A, under the names of the weights that people share."""

    def __init__(self, width, depth, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        for i in range(3):
            first = CifarBlock(width * 2 ** max(i - 1, 0), width * 2**i, 1 if i == 0 else 2)
            rest = [CifarBlock(width * 2**i, width * 2**i, 1) for _ in range(depth - 1)]
            setattr(self, f"layer{i + 1}", nn.Sequential(first, *rest))
        self.linear = nn.Linear(width * 4, classes)

    def forward_features(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.layer3(self.layer2(self.layer1(x))).mean((2, 3))

    def forward(self, x):
        return self.linear(self.forward_features(x))


def cifar():
    model = lively_with_statistics(Cifar(4, 2, 5), 33)
    path = folder("resnet_cifar")
    torch.save({"state_dict": model.state_dict(), "best_prec1": 91.2}, path / "resnet14.th")
    pixels = images(32, 32, count=1)
    expect(path, images=pixels, features=model.forward_features(pixels), **with_blocks(model, stages(model), pixels))


def make():
    timm_layouts()
    cifar()
