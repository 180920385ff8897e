"""Makes tests/golden/methods/foreign_*: tiny ViT, DINOv2, CLIP and timm models, and for each a number of LoRA adapters
that PEFT wrote in the ways that people have it write them, with the features that PEFT computes after loading them.

    python tests/golden/make/methods_peft_foreign.py           # torch 2.13, peft 0.21.2, transformers 5.24, timm 1.0
    python4 tests/golden/make/methods_peft_foreign.py old      # afterwards, the same beside transformers 4.57
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import methods_peft as make

OUT = make.OUT
OLD = sys.argv[1:] == ["old"]
TINY = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": make.IMAGE, "patch_size": 4}


def vit():
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(**TINY, intermediate_size=32, num_labels=3)
    return ViTForImageClassification(config), ViTForImageClassification


def dinov2():
    from transformers import Dinov2Config, Dinov2Model

    return Dinov2Model(Dinov2Config(**TINY, mlp_ratio=2)), Dinov2Model


def clip():
    from transformers import CLIPConfig, CLIPModel

    tower = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 2}
    config = CLIPConfig(
        text_config={**tower, "vocab_size": 64, "max_position_embeddings": 8, "eos_token_id": 63, "bos_token_id": 62},
        vision_config={**tower, "image_size": make.IMAGE, "patch_size": 4},
        projection_dim=12)
    return CLIPModel(config), CLIPModel


def features(model, kind):
    pixels = make.images()
    if kind == "vit":
        return model.vit(pixel_values=pixels).last_hidden_state[:, 0]
    if kind == "dinov2":
        return model(pixel_values=pixels).last_hidden_state[:, 0]
    if kind == "clip":
        out = model.get_image_features(pixel_values=pixels)
        return out if torch.is_tensor(out) else out.pooler_output
    return model.forward_head(model.forward_features(pixels), pre_logits=True)


QV = ["query", "value"] if OLD else ["q_proj", "v_proj"]

CASES = {
    "vit": {
        "recipe": dict(r=2, lora_alpha=6, target_modules=QV, modules_to_save=["classifier"]),
        "patterns": dict(r=2, lora_alpha=6, target_modules=["q_proj", "k_proj", "fc1"], layers_to_transform=[0, 1],
                         rank_pattern={"k_proj": 3, r"layers\.1\..*\.fc1": 5},
                         alpha_pattern={r"layers\.[1-9]\.attention.*": 9, "fc1": 0.5}, use_rslora=True),
        "lookbehind": dict(r=2, lora_alpha=4, target_modules=r".*layers\.(?<!x)1\.(attention\.[qo]_proj|mlp\.fc2)"),
        "dora": dict(r=2, lora_alpha=6, target_modules="all-linear", use_dora=True, bias="lora_only"),
        "bias": dict(r=2, lora_alpha=6, target_modules=["o_proj"], bias="all", modules_to_save=["classifier", "layernorm"]),
        "lora_bias": dict(r=2, lora_alpha=6, target_modules=["v_proj"], lora_bias=True),
        "pissa": dict(r=2, lora_alpha=6, target_modules=["q_proj", "fc2"], init_lora_weights="pissa"),
        "olora": dict(r=2, lora_alpha=6, target_modules=["k_proj", "fc1"], init_lora_weights="olora", use_rslora=True),
        "wide": dict(r=20, lora_alpha=6, target_modules=["q_proj"]),
        "half": dict(r=2, lora_alpha=6, target_modules=["q_proj"]),
        "old": dict(r=2, lora_alpha=6, target_modules=["query", "dense"], modules_to_save=["classifier"]),
    },
    "dinov2": {
        "recipe": dict(r=2, lora_alpha=6, target_modules=["q_proj", "fc1"]),
        "old": dict(r=2, lora_alpha=6, target_modules=["query", "output.dense", "fc1"],
                    alpha_pattern={r"1\.mlp\.fc1": 3}),
    },
    "clip": {
        "projection": dict(r=2, lora_alpha=6, target_modules=["visual_projection", "k_proj"]),
        "tower": dict(r=2, lora_alpha=6, target_modules=["q_proj", "fc2"]),
    },
    "timm": {
        "patches": dict(r=2, lora_alpha=6, target_modules=["proj", "fc2"], modules_to_save=["head"]),
    },
}


def timm_model():
    import timm

    config = make.timm_model()[1]["config.json"]
    model = timm.models.vision_transformer.VisionTransformer(**config["model_args"], num_classes=3)
    return model, {**config, "num_classes": 3}


def base(kind):
    """The base model, from disk once it is there."""
    folder = OUT / f"foreign_{kind}"
    if kind == "timm":
        model, config = timm_model()
        if not (folder / "base").exists():
            (folder / "base").mkdir(parents=True)
            make.randomise(model, 5)
            save_file(model.state_dict(), folder / "base" / "model.safetensors", {"format": "pt"})
            (folder / "base" / "config.json").write_text(json.dumps(config, indent=1) + "\n")
        model.load_state_dict(load_file(folder / "base" / "model.safetensors"))
        return model.eval()
    model, cls = {"vit": vit, "dinov2": dinov2, "clip": clip}[kind]()
    if not (folder / "base").exists():
        make.randomise(model, 4)
        model.save_pretrained(folder / "base")
    return cls.from_pretrained(folder / "base").eval()


def write(kind, case, lora):
    from peft import LoraConfig, PeftModel, get_peft_model

    folder = OUT / f"foreign_{kind}" / case
    shutil.rmtree(folder, ignore_errors=True)
    model = base(kind)
    inner = model
    if case == "tower":
        from transformers import CLIPVisionModel

        inner = CLIPVisionModel.from_pretrained(OUT / "foreign_clip" / "base")
    torch.manual_seed(11)
    starts = "init_lora_weights" in lora
    adapted = get_peft_model(inner, LoraConfig(**({} if starts else {"init_lora_weights": False}), **lora))
    generator = torch.Generator().manual_seed(12)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    if case == "half":
        adapted.half()
    if OLD and kind == "vit":
        adapted.save_pretrained(folder, safe_serialization=False)
    else:
        adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = None
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    model = base(kind)
    with torch.no_grad():
        before = features(model, kind).clone()
        if case == "tower":
            loaded = PeftModel.from_pretrained(CLIPVisionModel.from_pretrained(OUT / "foreign_clip" / "base"), folder).eval()
            after = model.visual_projection(loaded(pixel_values=make.images()).pooler_output)
        else:
            loaded = PeftModel.from_pretrained(model, folder).eval()
            after = features(loaded.base_model.model, kind)
    expected = {"images": make.images(), "frozen": before, "adapted": after.contiguous()}
    if kind == "vit" and "modules_to_save" in lora:
        with torch.no_grad():
            expected["logits"] = loaded.base_model.model(pixel_values=make.images()).logits
    if kind == "timm":
        with torch.no_grad():
            expected["logits"] = loaded.base_model.model(make.images())
    save_file(expected, folder / "expected.safetensors")
    print(f"{kind} {case}: changed by {(after - before).abs().max() / before.abs().max():.3f}")


def main():
    make.without_torchvision()
    for kind, cases in CASES.items():
        for case, lora in cases.items():
            if (case == "old") == OLD:
                write(kind, case, {k: v for k, v in lora.items() if v is not None})


if __name__ == "__main__":
    main()
