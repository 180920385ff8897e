"""LoRA adapters that graft trained, loaded by PEFT: for each tiny model of tests/golden/methods, `graft adapt`, then the
features of `graft features --adapter` against those of PEFT on the library's own model, on the same pixels.

    python tests/golden/make/peft_roundtrip.py build/release/src/graft/cli/graft [FAMILY ...]
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

import methods_peft as make

MODELS = {
    "open_clip": (make.open_clip_model, ["q,v", "attn.proj", "attn.*", "qkv.q,qkv.v,fc1"]),
    "timm": (make.timm_model, ["q,v", "attn.*", "*", "qkv.q,qkv.k,fc2"]),
    "hf": (make.transformers_model, ["q,v", "attn.*", "*"]),
}


def photos(folder):
    rng = np.random.default_rng(3)
    for split in ("train", "val", "test"):
        for label in ("dark", "light"):
            (folder / split / label).mkdir(parents=True)
            for i in range(4):
                low = 0 if label == "dark" else 100
                pixels = rng.integers(low, low + 156, (12, 12, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / split / label / f"{i}.png")


def features(model, name, pixels):
    if name == "open_clip":
        return model.encode_image(pixels)
    if name == "timm":
        return model(pixels)
    out = model.get_image_features(pixel_values=pixels)
    return out if torch.is_tensor(out) else out.pooler_output


def check(graft, name, target, rslora, work):
    from peft import PeftModel

    base = make.OUT / f"peft_{name}" / "base"
    run, data = work / "run", work / "photos"

    def call(*arguments):
        done = subprocess.run([graft, *map(str, arguments), "--quiet"], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"graft {' '.join(map(str, arguments))}\n{done.stderr}")

    call("adapt", "--model", base, "--data", data, "--method", "lora", "--target", target, "--rank", 2, "--alpha", 6,
         "--rslora" if rslora else "--rslora=false", "--classifier", "linear", "--epochs", 3, "--lr", 0.1, "--augment", "none",
         "--precision", "fp32", "--force", "-o", run)
    tensors = {}
    for kind, extra in (("pixels", []), ("projected", []), ("adapted", ["--adapter", run])):
        at = "pixels" if kind == "pixels" else "projected"
        call("features", "--model", base, "--data", data, "--at", at, "--precision", "fp32", *extra, "-o", work / "f.safetensors")
        tensors[kind] = load_file(work / "f.safetensors")["features"]

    model = MODELS[name][0]()[0]  # the same weights: its seed is fixed
    with torch.no_grad():
        before = features(model, name, tensors["pixels"])
        loaded = PeftModel.from_pretrained(model, run)
        result = loaded.load_adapter(run, "again")
        after = features(loaded.base_model.model, name, tensors["pixels"])
    scale = after.abs().max()
    missing = [k for k in result.missing_keys if "lora" in k] + list(result.unexpected_keys)
    print(f"{name:10} --target {target:18} {'rslora' if rslora else '':7}"
          f"frozen {(before - tensors['projected']).abs().max() / scale:.1e}  "
          f"adapted {(after - tensors['adapted']).abs().max() / scale:.1e}  "
          f"(it changed by {(after - before).abs().max() / scale:.2f})  "
          f"r {json.loads((run / 'adapter_config.json').read_text())['r']}, missing or unexpected: {missing or 'none'}")


def main():
    graft = str(Path(sys.argv[1]).resolve())
    make.without_torchvision()
    for name in sys.argv[2:] or MODELS:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            photos(work / "photos")
            for i, target in enumerate(MODELS[name][1]):
                check(graft, name, target, i % 2 == 1, work)


if __name__ == "__main__":
    main()
