"""Makes tests/golden/methods/peft_resnet: PEFT's LoRA in the convolutions of torchvision's ResNet of full_resnet, the
features of its images, the gradients of the pairs, and convolutions with their pairs merged in.

    .venv-peers/bin/python tests/golden/make/methods_peft_resnet.py      # torch 2.13, torchvision 0.29, peft 0.21

With the program behind it (build/release/src/graft/cli/graft) it looks the other way: graft trains adapters, PEFT loads
them, merged and not, and the features of the same pixels are compared.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

sys.path.append(sys.path.pop(0))  # tokenizers.py beside this file is not the library
from peft import LoraConfig, get_peft_model
from methods_full import OUT as BASE, SHARE, Narrow, resnet

OUT = BASE.parent / "peft_resnet"


def base():
    model = Narrow(resnet.BasicBlock, [2, 2, 2, 2])
    model.conv1 = nn.Conv2d(3, 64 // SHARE, 7, 2, 3, bias=False)
    model.bn1 = nn.BatchNorm2d(64 // SHARE)
    model.fc = nn.Identity()
    weights = load_file(BASE / "model.safetensors")
    model.load_state_dict({name: value for name, value in weights.items() if not name.startswith("fc.")})
    return model.eval()


def main():
    torch.manual_seed(12)
    images = load_file(BASE / "expected.safetensors")["images"]
    model = base()
    with torch.no_grad():
        frozen = model(images)
    config = LoraConfig(init_lora_weights=False, r=3, lora_alpha=6, rank_pattern={"conv2": 2}, alpha_pattern={"conv2": 5},
                        target_modules=["conv1", "conv2", "downsample.0"])
    adapted = get_peft_model(model, config).eval()
    adapted.save_pretrained(OUT)
    (OUT / "README.md").unlink(missing_ok=True)
    adapted.double()  # so that a comparison in float32 measures one side's rounding alone
    features = adapted(images.double())
    weights = torch.linspace(-1, 1, features.numel(), dtype=torch.float64).view_as(features)
    (features * weights).sum().backward()
    expected = {"frozen": frozen, "adapted": features.detach(), "weights": weights}
    expected |= {f"gradient.{name.replace('.default', '')}": value.grad
                 for name, value in adapted.named_parameters() if value.requires_grad}
    merged = adapted.merge_and_unload()
    expected |= {f"merged.{name}": merged.get_parameter(name).detach()
                 for name in ("conv1.weight", "layer2.0.conv1.weight", "layer2.0.downsample.0.weight")}
    save_file({name: value.float().contiguous() for name, value in expected.items()}, OUT / "expected.safetensors")
    print(f"changed by {(features - frozen).abs().max():.3f} of {frozen.abs().max():.3f}; {len(expected)} tensors")


def of_graft(graft, folder):
    from PIL import Image
    from peft import PeftModel

    def call(*arguments):
        subprocess.run([graft, *map(str, arguments), "--quiet"], check=True, stdout=subprocess.DEVNULL)

    weights, photos, run, file = BASE / "model.safetensors", folder / "photos", folder / "run", folder / "f.safetensors"
    for i in range(24):
        path = photos / ("train", "val", "test")[i % 3] / ("dark", "light")[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = torch.randint(100 * (i % 2), 100 * (i % 2) + 156, (40, 40, 3), dtype=torch.uint8)
        Image.fromarray(pixels.numpy()).save(path)

    def features(at, *adapter):
        call("features", "--model", weights, "--data", photos, "--at", at, "--precision", "fp32", *adapter, "-o", file)
        return load_file(file)["features"]

    for target, rslora in (("conv*", "false"), ("*", "true"), ("conv2,shortcut,vision.stem.conv1", "false")):
        call("adapt", "--model", weights, "--data", photos, "--method", "lora", "--target", target, "--rank", 2, "--alpha", 6,
             f"--rslora={rslora}", "--epochs", 3, "--lr", 0.1, "--augment", "none", "--precision", "fp32", "--force", "-o", run)
        pixels, ours = features("pixels"), features("projected", "--adapter", run)
        with torch.no_grad():
            before, loaded = base()(pixels), PeftModel.from_pretrained(base(), run).eval()
            theirs, scale = loaded(pixels), ours.abs().max()
            merged = loaded.merge_and_unload()(pixels)
        print(f"{target:34} error {(ours - theirs).abs().max() / scale:.1e}, merged there {(ours - merged).abs().max() / scale:.1e} "
              f"(it changed by {(ours - before).abs().max() / scale:.2f})", flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            of_graft(Path(sys.argv[1]).resolve(), Path(folder))
    else:
        main()
