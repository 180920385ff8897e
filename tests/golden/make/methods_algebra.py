"""Makes tests/golden/methods/algebra.safetensors (what add_weighted_adapter makes of three small LoRA pairs, by every
combination, with the masks that DARE drew) and peft_hf/second (a second adapter for the small CLIP of methods_peft.py,
with the features of both merged).

    python tests/golden/make/methods_algebra.py        # torch 2.13, peft 0.21, transformers 5.24
"""

import shutil
import sys

sys.path.append(sys.path.pop(0))  # tokenizers.py beside this file is not the library

import torch  # noqa: E402
from methods_peft import OUT, images, transformers_model, without_torchvision  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

WEIGHTS = [0.7, -0.4, 1.2]
DENSITY = 0.4
COMBINATIONS = ["cat", "linear", "svd", "ties", "ties_svd", "dare_linear", "dare_linear_svd", "dare_ties", "dare_ties_svd",
                "magnitude_prune", "magnitude_prune_svd"]


def pairs(out):
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(3)
    names = ["default", "second", "third"]
    for name in COMBINATIONS + ["ties_frequency"]:
        torch.manual_seed(3)
        model = get_peft_model(torch.nn.Sequential(torch.nn.Linear(10, 7)),
                               LoraConfig(r=3, lora_alpha=6, target_modules=["0"], init_lora_weights=False))
        model.add_adapter("second", LoraConfig(r=3, lora_alpha=3, target_modules=["0"], init_lora_weights=False))
        model.add_adapter("third", LoraConfig(r=3, lora_alpha=1, target_modules=["0"], init_lora_weights=False))
        layer = model.base_model.model[0]
        for i, adapter in enumerate(names):
            out[f"a{i}"] = layer.lora_A[adapter].weight.detach().clone()
            out[f"b{i}"] = layer.lora_B[adapter].weight.detach().clone()
            out[f"scale{i}"] = torch.tensor(layer.scaling[adapter])
        masks = []
        drawn = torch.bernoulli

        def keep(p):
            masks.append(drawn(p))
            return masks[-1].clone()

        torch.bernoulli = keep
        frequency = name == "ties_frequency"
        plain = name in ("cat", "linear", "svd")
        model.base_model.add_weighted_adapter(
            names, WEIGHTS, "merged", combination_type="ties" if frequency else name, density=None if plain else DENSITY,
            majority_sign_method="frequency" if frequency else "total", svd_rank=2 if name == "svd" else None)
        torch.bernoulli = drawn
        out[f"{name}.a"] = layer.lora_A["merged"].weight.detach().clone() * layer.scaling["merged"]
        out[f"{name}.b"] = layer.lora_B["merged"].weight.detach().clone()
        for i, mask in enumerate(masks):
            out[f"{name}.mask{i}"] = mask


def second():
    from peft import LoraConfig, PeftModel, get_peft_model

    folder = OUT / "peft_hf" / "second"
    shutil.rmtree(folder, ignore_errors=True)
    model, _, _, features = transformers_model()
    torch.manual_seed(12)
    adapted = get_peft_model(model, LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj", "k_proj"],
                                               init_lora_weights=False)).eval()
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    model, _, _, features = transformers_model()
    both = PeftModel.from_pretrained(model, OUT / "peft_hf").eval()
    both.load_adapter(folder, "second")
    expected = {}
    for name in ["cat", "linear", "svd", "ties"]:
        density = {"density": 0.5} if name == "ties" else {}
        both.base_model.add_weighted_adapter(["default", "second"], [0.7, 0.5], name, combination_type=name, **density)
        both.set_adapter(name)
        with torch.no_grad():
            expected[name] = features(both.base_model.model).contiguous()
    expected["images"] = images()
    save_file(expected, folder / "merged.safetensors")


def main():
    without_torchvision()
    tensors = {"weights": torch.tensor(WEIGHTS), "density": torch.tensor(DENSITY)}
    pairs(tensors)
    save_file({k: v.to(torch.float32).contiguous() for k, v in tensors.items()}, OUT / "algebra.safetensors")
    second()
    for file in [OUT / "algebra.safetensors", *sorted((OUT / "peft_hf" / "second").iterdir())]:
        print(file.name, file.stat().st_size)


if __name__ == "__main__":
    main()
