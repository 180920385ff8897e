"""Makes tests/golden/methods/full_resnet: one training step of torchvision's ResNet-18 at a 32nd of its widths, its batch
norms going by the batch.

    python tests/golden/make/methods_full.py             # torch 2.13, torchvision 0.28
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "bench" / "peers"))
from plain_torchvision import resnet

OUT = Path(__file__).resolve().parents[1] / "methods" / "full_resnet"
SHARE, CLASSES = 32, 5


class Narrow(resnet.ResNet):
    def _make_layer(self, block, planes, *args, **kwargs):
        if planes == 64:
            self.inplanes = 64 // SHARE
        return super()._make_layer(block, planes // SHARE, *args, **kwargs)


def main():
    torch.manual_seed(11)
    model = Narrow(resnet.BasicBlock, [2, 2, 2, 2])
    model.conv1 = nn.Conv2d(3, 64 // SHARE, 7, 2, 3, bias=False)
    model.bn1 = nn.BatchNorm2d(64 // SHARE)
    model.fc = nn.Linear(512 // SHARE, CLASSES)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
    OUT.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, OUT / "model.safetensors")
    images, labels = torch.randn(6, 3, 40, 40), torch.arange(6) % CLASSES
    model.double().train()  # so that a comparison in float32 measures one side's rounding alone
    loss = nn.functional.cross_entropy(model(images.double()), labels)
    loss.backward()
    expected = dict(images=images, labels=labels.float(), loss=loss.detach())
    expected |= {f"gradient.{name}": value.grad for name, value in model.named_parameters()}
    expected |= {f"statistics.{name}": value for name, value in model.named_buffers() if "running" in name}
    save_file({name: value.float().contiguous() for name, value in expected.items()}, OUT / "expected.safetensors")


if __name__ == "__main__":
    main()
