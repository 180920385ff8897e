"""Random weights of real sizes, and the embedded CLIP's image tower, in Hugging Face folders, so that graft and its peers run the same function."""
import pathlib
import sys

import torch
import transformers

SIZES = {
    "vit-s14": dict(hidden_size=384, num_hidden_layers=12, num_attention_heads=6, intermediate_size=1536, patch_size=14, image_size=224),
    "vit-b16": dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072, patch_size=16, image_size=224),
    "vit-ti14": dict(hidden_size=192, num_hidden_layers=12, num_attention_heads=3, intermediate_size=768, patch_size=14, image_size=224),
    "vit-b14": dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072, patch_size=14, image_size=224),
}


def vit(folder: pathlib.Path, name: str) -> None:
    torch.manual_seed(0)
    config = transformers.ViTConfig(**SIZES[name], hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    transformers.ViTModel(config, add_pooling_layer=False).save_pretrained(folder / name)


def bert(folder: pathlib.Path) -> None:
    torch.manual_seed(0)
    config = transformers.BertConfig(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    transformers.BertModel(config).save_pretrained(folder / "bert-base")


def clip(folder: pathlib.Path) -> None:
    torch.manual_seed(0)
    text = dict(hidden_size=512, num_hidden_layers=12, num_attention_heads=8, intermediate_size=2048, projection_dim=512)
    vision = dict(SIZES["vit-b16"], projection_dim=512)
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=512)
    transformers.CLIPModel(config).save_pretrained(folder / "clip-b16")


def embedded(folder: pathlib.Path) -> None:
    """The image tower of assets/clip_products, its fused attention map taken apart, as transformers names things."""
    import json

    import safetensors.torch

    source = pathlib.Path(__file__).resolve().parents[2] / "assets" / "clip_products"
    sizes = json.loads((source / "open_clip_config.json").read_text())["model_cfg"]
    tower = sizes["vision_cfg"]
    config = transformers.CLIPVisionConfig(
        hidden_size=tower["width"], intermediate_size=4 * tower["width"], num_hidden_layers=tower["layers"],
        num_attention_heads=tower["width"] // tower["head_width"], image_size=tower["image_size"], patch_size=tower["patch_size"],
        projection_dim=sizes["embed_dim"], hidden_act="quick_gelu")
    model = transformers.CLIPVisionModelWithProjection(config)
    theirs = {k.removeprefix("visual."): v.float() for k, v in
              safetensors.torch.load_file(source / "open_clip_model.safetensors").items() if k.startswith("visual.")}
    model.visual_projection.weight.data.copy_(theirs["proj"].T)
    vision = model.vision_model
    vision.embeddings.class_embedding.data.copy_(theirs["class_embedding"])
    vision.embeddings.patch_embedding.weight.data.copy_(theirs["conv1.weight"])
    vision.embeddings.position_embedding.weight.data.copy_(theirs["positional_embedding"])
    norms = [(vision.pre_layrnorm, "ln_pre"), (vision.post_layernorm, "ln_post")]
    for i, layer in enumerate(vision.encoder.layers):
        block = f"transformer.resblocks.{i}."
        norms += [(layer.layer_norm1, block + "ln_1"), (layer.layer_norm2, block + "ln_2")]
        for part in ("weight", "bias"):
            fused = theirs[f"{block}attn.in_proj_{part}"].chunk(3)
            for map_, values in zip((layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj), fused):
                getattr(map_, part).data.copy_(values)
            getattr(layer.self_attn.out_proj, part).data.copy_(theirs[f"{block}attn.out_proj.{part}"])
            getattr(layer.mlp.fc1, part).data.copy_(theirs[f"{block}mlp.c_fc.{part}"])
            getattr(layer.mlp.fc2, part).data.copy_(theirs[f"{block}mlp.c_proj.{part}"])
    for norm, name in norms:
        norm.weight.data.copy_(theirs[name + ".weight"])
        norm.bias.data.copy_(theirs[name + ".bias"])
    model.save_pretrained(folder / "embedded")


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1])
    for name in SIZES:
        if not (out / name / "model.safetensors").exists():
            vit(out, name)
    if not (out / "bert-base" / "model.safetensors").exists():
        bert(out)
    if not (out / "clip-b16" / "model.safetensors").exists():
        clip(out)
    if not (out / "embedded" / "model.safetensors").exists():
        embedded(out)
