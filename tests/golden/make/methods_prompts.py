"""Prefix tuning and prompt tuning as PEFT runs them: tests/golden/methods/peft_{prefix,prompt_tuning}_{llama,gemma3}/.

The bases are tests/golden/models/decoder_{llama,gemma3}. Learned values are drawn, not trained. expected.safetensors has
`ids` and `mask` [2, 11] (row 1 is padded behind 8) and PEFT's `logits` [2, 11, V] of the words alone.

Made with torch 2.13.0, transformers 5.24.0, peft 0.21.2.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # tokenizers.py has a library's name
import torch  # noqa: E402
import transformers  # noqa: E402
from peft import PrefixTuningConfig, PromptTuningConfig, get_peft_model  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

GOLDEN = HERE.parent


def make(base_name, name, config):
    torch.manual_seed(16)
    base = transformers.AutoModelForCausalLM.from_pretrained(GOLDEN / f"models/decoder_{base_name}").eval()
    model = get_peft_model(base, config)
    model.peft_config["default"].base_model_name_or_path = f"decoder_{base_name}"
    model.eval()
    folder = GOLDEN / f"methods/peft_{name}_{base_name}"
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    ids = torch.randint(3, 29, (2, 11))
    mask = torch.ones_like(ids)
    mask[1, 8:] = 0
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=mask).logits[:, -11:]
    save_file({"ids": ids, "mask": mask, "logits": logits.contiguous()}, folder / "expected.safetensors")


def main():
    for base in ("llama", "gemma3"):
        make(base, "prefix", PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3))
        make(base, "prompt_tuning", PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3))


if __name__ == "__main__":
    main()
