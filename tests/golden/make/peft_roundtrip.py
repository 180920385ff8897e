"""LoRA adapters across the border, both ways, for five families of tiny models: graft trains one and PEFT loads it, merged
and not; PEFT writes one and graft loads it. Compared are features on the same pixels, relative to the largest.

    python tests/golden/make/peft_roundtrip.py build/release/src/graft/cli/graft          # transformers 5.24
    python4 tests/golden/make/peft_roundtrip.py build/release/src/graft/cli/graft old     # transformers 4.57
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

OLD = sys.argv[2:] == ["old"]
sys.argv[1:] = sys.argv[1:2]

import methods_peft as make  # noqa: E402
import methods_peft_foreign as foreign  # noqa: E402

OUT = make.OUT


def of_old_golden(name, maker):
    def load():
        model, _, weights, _ = maker()
        model.load_state_dict(load_file(OUT / f"peft_{name}" / "base" / weights), strict=False)
        return model.eval()

    return OUT / f"peft_{name}" / "base", load


def of_foreign(kind):
    return OUT / f"foreign_{kind}" / "base", lambda: foreign.base(kind)


MODELS = {  # base folder, its model, --target of graft, target_modules of PEFT
    "open_clip": (*of_old_golden("open_clip", make.open_clip_model), ["q,v", "attn.proj", "attn.*"], ["attn", "c_fc"]),
    "timm": (*of_foreign("timm"), ["q,v", "*", "qkv.q,qkv.k,fc2"], ["qkv", "fc1"]),
    "clip": (*of_foreign("clip"), ["q,v", "*"], ["q_proj", "fc2", "visual_projection"]),
    "vit": (*of_foreign("vit"), ["q,v", "*"], ["query", "dense"] if OLD else ["q_proj", "o_proj", "fc1"]),
    "dinov2": (*of_foreign("dinov2"), ["q,v", "*"], ["value", "fc2"] if OLD else ["v_proj", "fc2"]),
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
        return model.forward_head(model.forward_features(pixels), pre_logits=True)
    if name == "clip":
        out = model.get_image_features(pixel_values=pixels)
        return out if torch.is_tensor(out) else out.pooler_output
    return getattr(model, "vit", model)(pixel_values=pixels).last_hidden_state[:, 0]


class Check:
    def __init__(self, graft, work):
        self.graft, self.work, self.data = graft, work, work / "photos"
        photos(self.data)

    def call(self, *arguments):
        done = subprocess.run([self.graft, *map(str, arguments), "--quiet"], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"graft {' '.join(map(str, arguments))}\n{done.stderr}")

    def of_graft(self, base, at="projected", adapter=None):
        extra = ["--adapter", adapter] if adapter else []
        self.call("features", "--model", base, "--data", self.data, "--at", at, "--precision", "fp32", *extra, "-o",
                  self.work / "f.safetensors")
        return load_file(self.work / "f.safetensors")["features"]

    def row(self, name, what, expected, got, before):
        scale = expected.abs().max()
        print(f"{name:10} {what:44} error {(expected - got).abs().max() / scale:.1e}   "
              f"(it changed by {(expected - before).abs().max() / scale:.2f})", flush=True)

    def graft_to_peft(self, name, target, rslora):
        from peft import PeftModel

        base, load = MODELS[name][:2]
        run = self.work / "run"
        old = ["--names", "transformers-4"] if OLD else []
        self.call("adapt", "--model", base, "--data", self.data, "--method", "lora", "--target", target, "--rank", 2,
                  "--alpha", 6, "--rslora" if rslora else "--rslora=false", *old, "--classifier", "linear", "--epochs", 3,
                  "--lr", 0.1, "--augment", "none", "--precision", "fp32", "--force", "-o", run)
        pixels, ours = self.of_graft(base, "pixels"), self.of_graft(base, adapter=run)
        with torch.no_grad():
            before = features(load(), name, pixels)
            loaded = PeftModel.from_pretrained(load(), run).eval()
            result = loaded.load_adapter(run, "again")
            missing = [k for k in result.missing_keys if "lora" in k] + list(result.unexpected_keys)
            theirs = features(loaded.base_model.model, name, pixels)
            merged = features(PeftModel.from_pretrained(load(), run).merge_and_unload(), name, pixels)
        self.row(name, f"graft -> PEFT, --target {target}", ours, theirs, before)
        self.row(name, "  and merged there", ours, merged, before)
        if missing:
            sys.exit(f"missing or unexpected: {missing}")

    def peft_to_graft(self, name, targets):
        from peft import LoraConfig, get_peft_model

        base, load = MODELS[name][:2]
        model = get_peft_model(load(), LoraConfig(r=3, lora_alpha=5, target_modules=targets, init_lora_weights=False)).eval()
        pixels = self.of_graft(base, "pixels")
        folder = self.work / "theirs"
        model.save_pretrained(folder)
        with torch.no_grad():
            before = features(load(), name, pixels)
            theirs = features(model.base_model.model, name, pixels)
        self.row(name, f"PEFT -> graft, {' '.join(targets)}", theirs, self.of_graft(base, adapter=folder), before)


def main():
    graft = str(Path(sys.argv[1]).resolve())
    make.without_torchvision()
    import transformers

    print(f"transformers {transformers.__version__}")
    for name, (_, _, ours, theirs) in MODELS.items():
        if OLD and name in ("open_clip", "timm"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            check = Check(graft, Path(folder))
            for i, target in enumerate(ours):
                check.graft_to_peft(name, target, i % 2 == 1)
            check.peft_to_graft(name, theirs)


if __name__ == "__main__":
    main()
