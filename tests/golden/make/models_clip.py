"""CLIP in the layouts of open_clip, OpenAI and transformers; run by models.py."""

import json

import torch
from safetensors.torch import save_file

from models import expect, folder, images, lively

VOCABULARY = 60


def prompts(context):
    """Three prompts of different lengths; the end is the largest id, as all three libraries look for it."""
    ids = torch.zeros(3, context, dtype=torch.long)
    ends = torch.tensor([2, 4, context - 1])
    for row, end in enumerate(ends):
        ids[row, : end + 1] = torch.arange(5 + row, 6 + row + end)
        ids[row, end] = VOCABULARY - 1
    return ids, ends


def expect_open_clip(path, model, pixels, context):
    ids, ends = prompts(context)
    expect(path, images=pixels, features=model.encode_image(pixels), ids=ids, ends=ends, texts=model.encode_text(ids))


def open_clip_layout():
    from open_clip.model import CLIP

    vision = dict(image_size=20, layers=3, width=36, head_width=12, patch_size=5, mlp_ratio=2.5, ls_init_value=0.1)
    text = dict(context_length=9, vocab_size=VOCABULARY, width=20, heads=5, layers=2, ls_init_value=0.1)
    model = lively(CLIP(embed_dim=14, vision_cfg=vision, text_cfg=text, quick_gelu=False), 1)
    path = folder("clip_open_clip")
    save_file({name: value.contiguous() for name, value in model.state_dict().items() if name != "attn_mask"},
              path / "open_clip_model.safetensors")
    config = dict(model_cfg=dict(embed_dim=14, vision_cfg=vision, text_cfg=text, quick_gelu=False),
                  preprocess_cfg=dict(size=20, mean=[0.1, 0.2, 0.3], std=[0.5, 0.6, 0.7], interpolation="bilinear",
                                      resize_mode="squash"))
    (path / "open_clip_config.json").write_text(json.dumps(config, indent=1))
    expect_open_clip(path, model, images(20, 20), 9)


class Holder(torch.nn.Module):
    """A tree of modules with nothing but parameters, which TorchScript can save."""

    def forward(self):
        return 0


def scripted(state):
    root = Holder()
    for name, value in state.items():
        *path, last = name.split(".")
        module = root
        for part in path:
            if not hasattr(module, part):
                module.add_module(part, Holder())
            module = getattr(module, part)
        module.register_buffer(last, value) if value.dtype == torch.long else module.register_parameter(
            last, torch.nn.Parameter(value, requires_grad=False))
    return torch.jit.script(root)


def openai_layout():
    """OpenAI's archives: TorchScript, half precision for the maps, heads 64 wide, QuickGELU, three sizes as buffers."""
    from open_clip.model import CLIP

    vision = dict(image_size=12, layers=1, width=64, head_width=64, patch_size=4, mlp_ratio=1.0)
    text = dict(context_length=7, vocab_size=VOCABULARY, width=64, heads=1, layers=1, mlp_ratio=0.5)
    model = lively(CLIP(embed_dim=10, vision_cfg=vision, text_cfg=text, quick_gelu=True), 2)
    state = {name: value for name, value in model.state_dict().items() if name != "attn_mask"}
    for name, value in state.items():
        value.copy_(value.half())
    halves = {name: value.half() if value.dim() >= 2 else value for name, value in state.items()}
    sizes = dict(input_resolution=torch.tensor(12), context_length=torch.tensor(7), vocab_size=torch.tensor(VOCABULARY))
    path = folder("clip_openai")
    scripted(halves | sizes).save(str(path / "model.pt"))
    expect_open_clip(path, model, images(12, 12), 7)


def transformers_layout():
    from transformers import CLIPConfig, CLIPModel

    config = CLIPConfig(
        projection_dim=11,
        text_config=dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=30,
                         vocab_size=VOCABULARY, max_position_embeddings=8, hidden_act="gelu", layer_norm_eps=1e-3,
                         eos_token_id=VOCABULARY - 1, bos_token_id=1, pad_token_id=0),
        vision_config=dict(hidden_size=30, num_hidden_layers=2, num_attention_heads=3, intermediate_size=44,
                           image_size=18, patch_size=6, hidden_act="quick_gelu", layer_norm_eps=1e-4))
    model = lively(CLIPModel(config), 3)
    path = folder("clip_hf")
    model.save_pretrained(path)
    (path / "preprocessor_config.json").write_text(json.dumps(dict(
        size=dict(shortest_edge=20), crop_size=dict(height=18, width=18), do_center_crop=True, resample=3,
        image_mean=[0.4, 0.5, 0.6], image_std=[0.2, 0.3, 0.4]), indent=1))
    pixels, (ids, ends) = images(18, 18), prompts(8)
    vision = model.vision_model(pixels).pooler_output
    text = model.text_model(ids).pooler_output
    expect(path, images=pixels, features=model.visual_projection(vision), ids=ids, ends=ends,
           texts=model.text_projection(text))


def make():
    open_clip_layout()
    openai_layout()
    transformers_layout()
