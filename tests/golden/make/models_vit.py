"""ViT, DINO and DINOv2 in the layouts of timm, transformers and their own code; run by models.py."""

import json

import torch
from safetensors.torch import save_file

from models import expect, folder, images, lively


def state_of(model):
    return {name: value.clone().contiguous() for name, value in model.state_dict().items()}


def save_timm(case, model, args, pixels, seed, size, architecture="vit_tiny_patch16_224"):
    lively(model, seed)
    path = folder(case)
    save_file(state_of(model), path / "model.safetensors")
    config = dict(architecture=architecture, num_classes=5, global_pool=args.get("global_pool", "token"),
                  model_args={key: value for key, value in args.items() if isinstance(value, (int, float, str, bool, list))},
                  pretrained_cfg=dict(input_size=[3, *size], interpolation="bicubic", crop_pct=0.9,
                                      mean=[0.4, 0.5, 0.6], std=[0.2, 0.3, 0.4]))
    (path / "config.json").write_text(json.dumps(config, indent=1))
    features = model.forward_head(model.forward_features(pixels), pre_logits=True)
    expect(path, images=pixels, features=features)


def timm_layouts():
    from timm.layers import QuickGELU
    from timm.models.vision_transformer import VisionTransformer

    plain = dict(img_size=[24, 16], patch_size=8, embed_dim=30, depth=2, num_heads=3, mlp_ratio=1.5)
    save_timm("vit_timm", VisionTransformer(num_classes=5, **plain), plain, images(24, 16), 11, (24, 16))

    registers = dict(img_size=[20, 20], patch_size=5, embed_dim=24, depth=2, num_heads=2, mlp_ratio=2.0, reg_tokens=3,
                     no_embed_class=True, init_values=0.1, global_pool="avg", dynamic_img_size=True)
    save_timm("vit_timm_registers", VisionTransformer(num_classes=5, **registers), registers, images(30, 15), 12, (20, 20))

    # Positions for the class token and the registers too, no bias on q, k and v, the mean of normed patches.
    placed = dict(img_size=[20, 20], patch_size=5, embed_dim=24, depth=2, num_heads=4, mlp_ratio=1.0, reg_tokens=2,
                  qkv_bias=False, global_pool="avg", fc_norm=False)
    save_timm("vit_timm_placed", VisionTransformer(num_classes=5, **placed), placed, images(20, 20), 13, (20, 20))

    clip = dict(img_size=[12, 12], patch_size=4, embed_dim=20, depth=2, num_heads=2, mlp_ratio=2.0, pre_norm=True)
    from functools import partial
    model = VisionTransformer(num_classes=5, act_layer=QuickGELU, norm_layer=partial(torch.nn.LayerNorm, eps=1e-5), **clip)
    save_timm("vit_timm_clip", model, clip, images(12, 12), 14, (12, 12), "vit_base_patch16_clip_quickgelu_224")


def transformers_layouts():
    from transformers import (Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel, ViTConfig,
                              ViTForImageClassification)

    config = ViTConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=44,
                       image_size=(24, 16), patch_size=8, layer_norm_eps=1e-4, num_labels=3)
    model = lively(ViTForImageClassification(config), 21)
    pixels = images(24, 16)
    features = model.vit(pixels).last_hidden_state[:, 0]
    path = folder("vit_hf")
    model.save_pretrained(path)
    (path / "preprocessor_config.json").write_text(json.dumps(dict(
        do_resize=True, size=dict(height=24, width=16), resample=2, image_mean=[0.5] * 3, image_std=[0.5] * 3), indent=1))
    expect(path, images=pixels, features=features)
    path = folder("vit_hf_memory")  # the names of transformers 5 in memory
    config.save_pretrained(path)
    save_file(state_of(model), path / "model.safetensors")
    expect(path, images=pixels, features=features)

    config = Dinov2Config(hidden_size=30, num_hidden_layers=2, num_attention_heads=3, mlp_ratio=2, image_size=28,
                          patch_size=7)
    model, pixels = lively(Dinov2Model(config), 22), images(35, 21)
    features = model(pixels).last_hidden_state[:, 0]
    path = folder("dinov2_hf")
    model.save_pretrained(path)
    expect(path, images=pixels, features=features)
    path = folder("dinov2_hf_memory")
    config.save_pretrained(path)
    save_file(state_of(model), path / "model.safetensors")
    expect(path, images=pixels, features=features)

    config = Dinov2WithRegistersConfig(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2,
                                       image_size=28, patch_size=7, num_register_tokens=3)
    model, pixels = lively(Dinov2WithRegistersModel(config), 23), images(21, 42)
    path = folder("dinov2_hf_registers")
    model.save_pretrained(path)
    expect(path, images=pixels, features=model(pixels).last_hidden_state[:, 0])


def own_features(model, pixels, registers=None, offset=True):
    """What DINO's and DINOv2's own code does around timm's blocks: positions stretched by a scale of (new + 0.1) / old,
    or, where there are registers, antialiased to a size; registers put in behind the class token without positions."""
    patches = model.patch_embed.proj(pixels)
    rows, columns = patches.shape[2:]
    patches = patches.flatten(2).transpose(1, 2)
    side = int((model.pos_embed.shape[1] - 1) ** 0.5)
    grid = model.pos_embed[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    if offset:
        scale = ((rows + 0.1) / side, (columns + 0.1) / side)
        grid = torch.nn.functional.interpolate(grid, scale_factor=scale, mode="bicubic")
    else:
        grid = torch.nn.functional.interpolate(grid, size=(rows, columns), mode="bicubic", antialias=True)
    assert grid.shape[2:] == (rows, columns)
    positions = torch.cat([model.pos_embed[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)], 1)
    tokens = torch.cat([model.cls_token.expand(len(pixels), -1, -1), patches], 1) + positions
    if registers is not None:
        tokens = torch.cat([tokens[:, :1], registers.expand(len(pixels), -1, -1), tokens[:, 1:]], 1)
    for block in model.blocks:
        tokens = block(tokens)
    return model.norm(tokens)[:, 0]


def own_layouts():
    """Lone files without a config, so heads are 64 wide; half precision to keep them small."""
    from timm.models.vision_transformer import VisionTransformer

    def build(seed, **more):
        model = VisionTransformer(img_size=12, patch_size=4, embed_dim=64, depth=1, num_heads=1, mlp_ratio=0.5,
                                  num_classes=0, **more)
        lively(model, seed)
        for value in model.state_dict().values():
            value.copy_(value.half())
        return model, {name: value.half() for name, value in state_of(model).items()}

    pixels = images(20, 16)
    model, state = build(31)
    path = folder("dino")
    teacher = {"module.backbone." + name: value for name, value in state.items()}
    teacher["module.head.last_layer.weight"] = torch.zeros(4, 4)
    student = {name: torch.zeros_like(value) for name, value in teacher.items()}
    torch.save(dict(student=student, teacher=teacher, epoch=100), path / "checkpoint.pth")
    expect(path, images=pixels, features=own_features(model, pixels))

    model, state = build(32, init_values=0.1)
    path = folder("dinov2")
    torch.save(state | dict(mask_token=torch.zeros(1, 64)), path / "dinov2_pretrain.pth")
    expect(path, images=pixels, features=own_features(model, pixels))

    model, state = build(33, init_values=0.1)
    path = folder("dinov2_registers")
    registers = torch.randn(1, 4, 64, generator=torch.Generator().manual_seed(34)).half()
    torch.save(state | dict(mask_token=torch.zeros(1, 64), register_tokens=registers), path / "dinov2_reg4_pretrain.pth")
    expect(path, images=pixels, features=own_features(model, pixels, registers.float(), offset=False))


def make():
    timm_layouts()
    transformers_layouts()
    own_layouts()
