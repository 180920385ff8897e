"""LoRA+ as PEFT trains it: tests/golden/methods/peft_decoder/loraplus.safetensors.

The adapter of methods_decoder.py from its start, on the same `ids` and `labels` (trained.safetensors): 20 `losses`, each
the mean over what is asked, and the adapter afterwards.

Made with torch 2.13.0, transformers 5.24.0, peft 0.21.2.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # tokenizers.py has a library's name
import torch  # noqa: E402
import transformers  # noqa: E402
from peft import PeftModel, get_peft_model_state_dict  # noqa: E402
from peft.optimizers import create_loraplus_optimizer  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

BASE, OUT = HERE.parent / "models/decoder_llama", HERE.parent / "methods/peft_decoder"


def main():
    said = load_file(OUT / "trained.safetensors")
    base = transformers.AutoModelForCausalLM.from_pretrained(BASE).eval()
    model = PeftModel.from_pretrained(base, OUT, is_trainable=True)
    optimiser = create_loraplus_optimizer(model, torch.optim.AdamW, lr=0.005, loraplus_lr_ratio=16)
    losses = []
    for _ in range(20):
        loss = model(input_ids=said["ids"], labels=said["labels"]).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    trained = {name: tensor.contiguous() for name, tensor in get_peft_model_state_dict(model).items()}
    save_file({"losses": torch.tensor(losses), **trained}, OUT / "loraplus.safetensors")
    print(losses[0], losses[-1])


if __name__ == "__main__":
    main()
