"""Random weights of real sizes in Hugging Face folders, so that graft and its peers run the same function."""
import pathlib
import sys

import torch
import transformers

SIZES = {
    "vit-s14": dict(hidden_size=384, num_hidden_layers=12, num_attention_heads=6, intermediate_size=1536, patch_size=14, image_size=224),
    "vit-b16": dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072, patch_size=16, image_size=224),
}


def vit(folder: pathlib.Path, name: str) -> None:
    torch.manual_seed(0)
    config = transformers.ViTConfig(**SIZES[name], hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    transformers.ViTModel(config, add_pooling_layer=False).save_pretrained(folder / name)


def clip(folder: pathlib.Path) -> None:
    torch.manual_seed(0)
    text = dict(hidden_size=512, num_hidden_layers=12, num_attention_heads=8, intermediate_size=2048, projection_dim=512)
    vision = dict(SIZES["vit-b16"], projection_dim=512)
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=512)
    transformers.CLIPModel(config).save_pretrained(folder / "clip-b16")


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1])
    for name in SIZES:
        if not (out / name / "model.safetensors").exists():
            vit(out, name)
    if not (out / "clip-b16" / "model.safetensors").exists():
        clip(out)
