"""Makes tests/golden/methods/peft_*: tiny models written by open_clip, timm and transformers, a LoRA adapter for each
written by PEFT, and the image features that PEFT computes with it.

    python tests/golden/make/methods_peft.py        # torch 2.13, peft 0.21, open_clip 3.3, timm 1.0, transformers 5.24
"""

import importlib.abc
import importlib.machinery
import json
import shutil
import sys
import types
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

OUT = Path(__file__).resolve().parents[1] / "methods"
IMAGE = 8  # pixels; patches of 4


def without_torchvision():
    """open_clip and timm import torchvision for transforms that are not used here; transformers looks whether it is there."""
    try:
        import torchvision  # noqa: F401

        return
    except (ImportError, RuntimeError):  # not there, or built for another torch
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
    sys.modules["torchvision"] = None
    import peft  # noqa: F401
    import transformers  # noqa: F401

    del sys.modules["torchvision"]

    class Names(type):
        def __getattr__(cls, name):
            return name

    class Anything(types.ModuleType):
        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return Names(name, (), {})

    class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        def find_spec(self, name, path, target=None):
            if name.split(".")[0] == "torchvision":
                return importlib.machinery.ModuleSpec(name, self, is_package=True)
            return None

        def create_module(self, spec):
            return Anything(spec.name)

        def exec_module(self, module):
            pass

    sys.meta_path.insert(0, Finder())


def images():
    return torch.randn(3, 3, IMAGE, IMAGE, generator=torch.Generator().manual_seed(7))


def randomise(model, seed):
    """No zeros and no ones: every parameter shows in the output."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.2 * noise if parameter.dim() == 1 and parameter.mean() > 0.5 else 0.3 * noise)
    return model.eval()


def open_clip_model():
    import open_clip

    config = {
        "embed_dim": 12,
        "quick_gelu": True,
        "vision_cfg": {"image_size": IMAGE, "layers": 2, "width": 16, "head_width": 8, "patch_size": 4},
        "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
    }
    model = randomise(open_clip.model.CLIP(**config), 1)
    files = {"open_clip_config.json": {"model_cfg": config}}
    return model, files, "open_clip_model.safetensors", lambda m: m.encode_image(images())


def timm_model():
    import timm

    model = timm.models.vision_transformer.VisionTransformer(
        img_size=IMAGE, patch_size=4, embed_dim=16, depth=2, num_heads=2, num_classes=0)
    config = {
        "architecture": "vit_tiny_patch16_224",
        "num_classes": 0,
        "num_features": 16,
        "global_pool": "token",
        "model_args": {"img_size": IMAGE, "patch_size": 4, "embed_dim": 16, "depth": 2, "num_heads": 2},
        "pretrained_cfg": {"input_size": [3, IMAGE, IMAGE], "interpolation": "bicubic", "crop_pct": 1.0,
                           "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
    }
    return randomise(model, 2), {"config.json": config}, "model.safetensors", lambda m: m(images())


def transformers_model():
    from transformers import CLIPConfig, CLIPModel

    tower = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 2}
    config = CLIPConfig(
        text_config={**tower, "vocab_size": 64, "max_position_embeddings": 8, "eos_token_id": 63, "bos_token_id": 62},
        vision_config={**tower, "image_size": IMAGE, "patch_size": 4},
        projection_dim=12)
    model = randomise(CLIPModel(config), 3)

    def features(m):
        out = m.get_image_features(pixel_values=images())
        return out if torch.is_tensor(out) else out.pooler_output

    return model, {"config.json": json.loads(config.to_json_string())}, "model.safetensors", features


def write(name, made, lora):
    from peft import LoraConfig, get_peft_model

    model, files, weights, features = made
    folder = OUT / f"peft_{name}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "base").mkdir(parents=True)
    for file, content in files.items():
        (folder / "base" / file).write_text(json.dumps(content, indent=1) + "\n")
    save_file({k: v.contiguous().clone() for k, v in model.state_dict().items() if v.is_floating_point()},
              folder / "base" / weights, {"format": "pt"})
    with torch.no_grad():
        before = features(model).clone()
    torch.manual_seed(11)
    adapted = get_peft_model(model, LoraConfig(init_lora_weights=False, **lora)).eval()
    with torch.no_grad():
        after = features(adapted.base_model.model if name != "timm" else adapted)
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    save_file({"images": images(), "frozen": before, "adapted": after.contiguous()}, folder / "expected.safetensors")
    keys = sorted(load_file(folder / "adapter_model.safetensors"))
    print(name, f"changed by {(after - before).abs().max():.3f};", len(keys), "tensors,", keys[0])


def main():
    without_torchvision()
    write("open_clip", open_clip_model(), {"r": 3, "lora_alpha": 6, "target_modules": ["attn"]})
    write("timm", timm_model(), {"r": 3, "lora_alpha": 5, "target_modules": ["qkv", "fc1"], "use_rslora": True})
    write("hf", transformers_model(), {"r": 2, "lora_alpha": 6, "target_modules": ["q_proj", "v_proj"]})


if __name__ == "__main__":
    main()
