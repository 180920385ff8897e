"""LoRA on a decoder as PEFT trains it: tests/golden/methods/peft_decoder/.

The base is tests/golden/models/decoder_llama. adapter_model.safetensors is the adapter before training;
trained.safetensors has `ids` and `labels` [4, 11] (-100: not asked), the 50 `losses`, each the mean over what is asked,
and the adapter afterwards.

Made with torch 2.13.0, transformers 5.24.0, peft 0.21.2.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # tokenizers.py has a library's name
import torch  # noqa: E402
import transformers  # noqa: E402
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

BASE, OUT = HERE.parent / "models/decoder_llama", HERE.parent / "methods/peft_decoder"


def main():
    torch.manual_seed(18)
    base = transformers.AutoModelForCausalLM.from_pretrained(BASE).eval()
    model = get_peft_model(base, LoraConfig(r=3, lora_alpha=6, lora_dropout=0.0, task_type="CAUSAL_LM",
                                            target_modules=["q_proj", "v_proj", "gate_proj", "down_proj"]))
    model.peft_config["default"].base_model_name_or_path = "decoder_llama"
    model.save_pretrained(OUT)
    (OUT / "README.md").unlink(missing_ok=True)
    ids = torch.randint(3, 29, (4, 11))
    labels = ids.clone()
    labels[:, :3] = -100
    labels[2, 8:] = -100
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.02, weight_decay=0.01)
    losses = []
    for _ in range(50):
        loss = model(input_ids=ids, labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    trained = {name: tensor.contiguous() for name, tensor in get_peft_model_state_dict(model).items()}
    save_file({"ids": ids, "labels": labels, "losses": torch.tensor(losses), **trained}, OUT / "trained.safetensors")
    print(losses[0], losses[-1])


if __name__ == "__main__":
    main()
