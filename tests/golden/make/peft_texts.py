"""LoRA that graft trained on a text encoder, opened by PEFT: features on the same ids, relative to the largest, with the
adapter beside the weights and merged into them.

    python tests/golden/make/peft_texts.py build/release/bench/bench_text_step [MODEL ...]

Models are folders of transformers; without one the golden ones of tests/golden/models.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(sys.path.pop(0))  # tokenizers.py beside this file is not the library

import torch  # noqa: E402
from peft import PeftModel  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification  # noqa: E402

GOLDEN = Path(__file__).resolve().parents[1] / "models"


def base_of(folder, prefix):
    """The class whose module names the checkpoint has: the encoder alone, or inside a classifier."""
    kind = AutoModelForSequenceClassification if prefix else AutoModel
    return kind.from_pretrained(folder).eval()


def features(model, prefix, ids, mask):
    encoder = model.get_base_model() if isinstance(model, PeftModel) else model
    encoder = getattr(encoder, prefix) if prefix else encoder
    outputs = encoder(input_ids=ids, attention_mask=mask)
    pooled = getattr(outputs, "pooler_output", None)
    return outputs.last_hidden_state[:, 0] if pooled is None else pooled


def error(got, want):
    return ((got - want).abs().max() / want.abs().max()).item()


def check(bench, folder, target):
    with tempfile.TemporaryDirectory() as run:
        subprocess.run([bench, "--model", folder, "--precision", "fp32", "--batch", "6", "--tokens", "12", "--padded", "true",
                        "--steps", "4", "--warmup", "1", "--target", target, "--save", run], check=True,
                       stdout=subprocess.DEVNULL)
        said = load_file(Path(run) / "texts.safetensors")
        ids, mask, want = said["ids"].long(), said["mask"].long(), said["features"]
        keys = load_file(Path(run) / "adapter_model.safetensors")
        first = next(iter(keys)).removeprefix("base_model.model.").split(".")[0]
        prefix = first if first in ("bert", "roberta", "distilbert") else ""
        frozen = features(base_of(folder, prefix), prefix, ids, mask)
        model = PeftModel.from_pretrained(base_of(folder, prefix), run).eval()
        beside = features(model, prefix, ids, mask)
        merged = features(model.merge_and_unload(), prefix, ids, mask)
        kind = AutoConfig.from_pretrained(folder).model_type
        print(f"{kind:10} {target:18} {len(keys):3} tensors  moved {error(frozen, want):.2f}  "
              f"beside {error(beside, want):.1e}  merged {error(merged, want):.1e}")


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    for model in sys.argv[2:] or [GOLDEN / f"{kind}_hf" for kind in ("bert", "roberta", "distilbert")]:
        for modules in ("q,v", "*", "attn.qkv,mlp.fc2"):
            check(sys.argv[1], str(model), modules)
