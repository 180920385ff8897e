"""Merged folders in the libraries whose names their weights have.

    python bench/peers/merged_peers.py GRAFT FOLDER [METHOD ...]

Builds small models with random weights (open_clip, transformers' CLIP, ViT and DINOv2, timm's ViT, and lone files of
OpenAI's, transformers' and timm's kind), trains each method on photos of plain colours for a step or two, merges, opens
the folder with strict loading, and prints the largest deviation of the features, and of the logits where a head was
placed, relative to their largest value, from what `graft features --adapter` says of the run and its head makes of
that."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

try:
    import torchvision
except RuntimeError:  # built for another torch: its transforms work, once the names of its kernels are there
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    kernels = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d", "_roi_align_backward",
                 "_roi_pool_backward", "_ps_roi_align_backward", "_ps_roi_pool_backward", "_deform_conv2d_backward"):
        kernels.define(f"{name}(Tensor x) -> Tensor")

GRAFT, ROOT = sys.argv[1], Path(sys.argv[2])
METHODS = sys.argv[3:] or ["lora", "bias", "norm", "full", "adapter"]
SIZE = 32


def graft(*words):
    done = subprocess.run([GRAFT, *map(str, words)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def must(*words):
    code, out, err = graft(*words)
    if code:
        raise SystemExit(f"graft {' '.join(map(str, words))}: exit {code}\n{err}")
    return out


def photos():
    draw = np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 2), ("test", 4)):
        for name, colour in (("blue", (20, 30, 220)), ("green", (30, 200, 40)), ("red", (210, 20, 20))):
            folder = ROOT / "photos" / split / name
            folder.mkdir(parents=True, exist_ok=True)
            for i in range(count):
                pixels = np.clip(np.array(colour) + draw.normal(0, 40, (37, 46, 3)), 0, 255)
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i:02}.png")
    return sorted((ROOT / "photos" / "test").rglob("*.png"))


def lively(model, seed):
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.dim() > 0 and "logit" not in name:
                value.add_(torch.randn_like(value) * 0.05)
    return model.eval()


def clip_config(quick):
    return dict(embed_dim=48, quick_gelu=quick,
                vision_cfg=dict(image_size=SIZE, layers=2, width=64, head_width=64, patch_size=8, mlp_ratio=2.0),
                text_cfg=dict(context_length=77, vocab_size=49408, width=64, heads=1, layers=1, mlp_ratio=2.0))


def open_clip_folder(path):
    import open_clip
    config = clip_config(False)
    model = lively(open_clip.CLIP(**config), 1)
    path.mkdir(parents=True)
    from safetensors.torch import save_file
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, path / "open_clip_model.safetensors")
    (path / "open_clip_config.json").write_text(json.dumps(dict(model_cfg=config, preprocess_cfg=dict(size=SIZE))))
    return path


def openai_file(path):
    import open_clip
    config = clip_config(True)
    config["vision_cfg"]["mlp_ratio"] = config["text_cfg"]["mlp_ratio"] = 4.0
    model = lively(open_clip.CLIP(**config), 2)
    state = {k: v.clone() for k, v in model.state_dict().items() if k != "attn_mask"}
    state.update(input_resolution=torch.tensor(SIZE), context_length=torch.tensor(77), vocab_size=torch.tensor(49408))
    path.mkdir(parents=True)
    torch.save(state, path / "ViT-tiny.pt")
    return path / "ViT-tiny.pt"


def hf_clip(path, heads=4):
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel
    common = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=heads,
                  projection_dim=48)
    config = CLIPConfig(vision_config=dict(image_size=SIZE, patch_size=8, **common),
                        text_config=dict(vocab_size=49408, max_position_embeddings=77, **common), projection_dim=48)
    lively(CLIPModel(config), 3).save_pretrained(path)
    CLIPImageProcessor(size={"shortest_edge": SIZE}, crop_size=SIZE).save_pretrained(path)
    return path


def hf_vit(path):
    from transformers import ViTConfig, ViTImageProcessor, ViTModel
    config = ViTConfig(hidden_size=48, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4,
                       image_size=SIZE, patch_size=8)
    lively(ViTModel(config), 4).save_pretrained(path)
    ViTImageProcessor(size=dict(height=SIZE, width=SIZE)).save_pretrained(path)
    return path


def hf_dinov2(path):
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model
    config = Dinov2Config(hidden_size=48, mlp_ratio=2, num_hidden_layers=2, num_attention_heads=4, image_size=SIZE,
                          patch_size=8)
    lively(Dinov2Model(config), 5).save_pretrained(path)
    BitImageProcessor(size={"shortest_edge": SIZE}, crop_size=dict(height=SIZE, width=SIZE)).save_pretrained(path)
    return path


def hf_clip_file(path):
    hf_clip(path, heads=1)
    for file in path.glob("*.json"):
        file.unlink()
    return path / "model.safetensors"


def timm_model(name, seed, **changes):
    import timm
    return lively(timm.create_model(name, img_size=SIZE, patch_size=8, depth=2, num_classes=7, **changes), seed)


def timm_vit(path):
    from timm.models import save_for_hf
    save_for_hf(timm_model("vit_tiny_patch16_224", 6, embed_dim=48, num_heads=3), path, safe_serialization=True)
    return path


def timm_mean(path):
    from timm.models import save_for_hf
    save_for_hf(timm_model("vit_base_patch16_reg4_gap_256", 7, embed_dim=48, num_heads=3), path, safe_serialization=True)
    return path


def timm_file(path):
    path.mkdir(parents=True)
    torch.save(timm_model("vit_tiny_patch16_224", 8).state_dict(), path / "vit.pth")
    return path / "vit.pth"


def in_open_clip(folder, files):
    import open_clip
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    pixels = torch.stack([preprocess(Image.open(file)) for file in files])
    return model.eval().encode_image(pixels), None


def hf_pixels(folder, files):
    from transformers import AutoImageProcessor
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    return processor([Image.open(file) for file in files], return_tensors="pt")["pixel_values"]


def in_hf_clip(folder, files):
    from transformers import CLIPModel
    model, told = CLIPModel.from_pretrained(folder, output_loading_info=True)
    assert not told["missing_keys"] and not told["unexpected_keys"], told
    out = model.eval().get_image_features(pixel_values=hf_pixels(folder, files))
    return getattr(out, "pooler_output", out), None


def in_hf(folder, files):
    from transformers import AutoModel, AutoModelForImageClassification
    pixels = hf_pixels(folder, files)
    model, told = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not told["missing_keys"], told
    features = model.eval()(pixels).last_hidden_state[:, 0]
    whole, told = AutoModelForImageClassification.from_pretrained(folder, output_loading_info=True)
    assert not told["missing_keys"], told
    assert list(whole.config.id2label.values()) == ["blue", "green", "red"], whole.config.id2label
    return features, whole.eval()(pixels).logits


def in_timm(folder, files):
    import timm
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    config = timm.data.resolve_data_config(model=model)
    transform = timm.data.create_transform(**config)
    pixels = torch.stack([transform(Image.open(file).convert("RGB")) for file in files])
    features = model.forward_head(model.forward_features(pixels), pre_logits=True)
    assert list(model.pretrained_cfg["label_names"]) == ["blue", "green", "red"]
    return features, model(pixels)


BASES = dict(open_clip=(open_clip_folder, in_open_clip), openai_pt=(openai_file, in_open_clip), hf_clip=(hf_clip, in_hf_clip), hf_file=(hf_clip_file, in_hf_clip),
             hf_vit=(hf_vit, in_hf), hf_dinov2=(hf_dinov2, in_hf), timm_vit=(timm_vit, in_timm),
             timm_mean=(timm_mean, in_timm), timm_file=(timm_file, in_timm))


def of_run(run, files):
    must("features", "--adapter", run, "--data", ROOT / "photos", "--split", "test", "--precision", "fp32",
         "--no-cache", "-o", ROOT / "features.safetensors", "-q")
    return load_file(ROOT / "features.safetensors")["features"]


def relative(wanted, got):
    return ((got - wanted).abs().max() / wanted.abs().max()).item()


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    files = photos()
    print(f"{'base':10} {'method':8} {'size':>4} {'merge says':>11} {'features':>9} {'logits':>9}  evaluate: run, merged")
    for base, (build, open_in_library) in BASES.items():
        model = build(ROOT / base)
        for method in METHODS:
            for size in (SIZE, 48) if method == METHODS[0] else (SIZE,):
                run, merged = ROOT / f"{base}-{method}-{size}", ROOT / f"{base}-{method}-{size}-merged"
                lively_steps = ["--lr", "1e-2"] if method != "full" else ["--lr", "1e-3"]
                must("adapt", "--model", model, "--data", ROOT / "photos", "--method", method, "--epochs", "2",
                     "--precision", "fp32", "--image-size", size, "-o", run, "-q", "--no-cache", *lively_steps)
                code, out, err = graft("merge", run, "-o", merged, "--json", "-q")
                if method == "adapter":
                    assert code == 4 and not merged.exists(), (code, err)
                    print(f"{base:10} {method:8} {size:4} refused")
                    continue
                assert code == 0, err
                said = json.loads(out.splitlines()[-1])
                with torch.no_grad():
                    features, logits = open_in_library(merged, files)
                error = relative(of_run(run, files), features)
                of_head = ""
                if logits is not None:
                    head = load_file(run / "head.safetensors")
                    wanted = of_run(run, files) @ head["weight"].T + head["bias"]
                    of_head = f"{relative(wanted, logits):9.1e}"
                score = [must("evaluate", where, "--data", ROOT / "photos", "-q").split()[0] for where in (run, merged)]
                print(f"{base:10} {method:8} {size:4} {said['largest_deviation']:11.1e} {error:9.1e} {of_head:>9}  "
                      f"{score[0]}, {score[1]}")


main()
