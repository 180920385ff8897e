"""Kin of LoRA as PEFT computes them, on tests/golden/models/decoder_llama: tests/golden/methods/kin_{dora,vera,pissa,olora}/.

Values are drawn, so that nothing is zero. expected.safetensors has `ids` [2, 9], PEFT's `logits`, `weights` of their
shape, and `gradient.<key>` of the sum of logits times weights. pissa's and olora's hold the pair as it starts in its
place: `start.<key>`.

Made with torch 2.13.0, transformers 5.24.0, peft 0.21.2.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # tokenizers.py has a library's name
import torch  # noqa: E402
import transformers  # noqa: E402
from peft import LoraConfig, VeraConfig, get_peft_model, get_peft_model_state_dict  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

GOLDEN = HERE.parent
IDS = (torch.arange(18).view(2, 9) * 7) % 26 + 3
TARGETS = ["q_proj", "v_proj", "down_proj"]


def make(name, config):
    torch.manual_seed(17)
    base = transformers.AutoModelForCausalLM.from_pretrained(GOLDEN / "models/decoder_llama").eval()
    model = get_peft_model(base, config).eval()
    model.peft_config["default"].base_model_name_or_path = "decoder_llama"
    with torch.no_grad():
        for key, value in model.named_parameters():
            if value.requires_grad:
                value.add_(0.3 * torch.randn_like(value) * (value.abs().mean() if "magnitude" in key else 1))
    folder = GOLDEN / f"methods/kin_{name}"
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    model.double()  # so that a comparison in float32 measures one side's rounding alone
    logits = model(input_ids=IDS).logits
    weights = torch.linspace(-1, 1, logits.numel(), dtype=torch.float64).view_as(logits)
    (logits * weights).sum().backward()
    expected = {"ids": IDS, "logits": logits.detach(), "weights": weights}
    for key, value in model.named_parameters():
        if value.requires_grad:
            expected["gradient." + key.replace(".default", "")] = value.grad
    save_file({key: value.contiguous() if value.dtype == torch.int64 else value.float().contiguous()
               for key, value in expected.items()}, folder / "expected.safetensors")


def start(name):
    """The pair as it starts, and nothing else."""
    torch.manual_seed(17)
    base = transformers.AutoModelForCausalLM.from_pretrained(GOLDEN / "models/decoder_llama").eval()
    model = get_peft_model(base, LoraConfig(r=3, lora_alpha=6, target_modules=TARGETS, init_lora_weights=name)).eval()
    folder = GOLDEN / f"methods/kin_{name}"
    folder.mkdir(exist_ok=True)
    said = {f"start.{key}": value.contiguous() for key, value in get_peft_model_state_dict(model).items()}
    save_file(said, folder / "expected.safetensors")


def main():
    make("dora", LoraConfig(r=3, lora_alpha=6, use_dora=True, target_modules=TARGETS, rank_pattern={"down_proj": 2},
                            alpha_pattern={"q_proj": 4}))
    make("vera", VeraConfig(r=5, target_modules=["q_proj", "k_proj", "down_proj"], projection_prng_key=3))
    for name in ("pissa", "olora"):
        start(name)


if __name__ == "__main__":
    main()
