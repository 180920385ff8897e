"""(IA)3 as PEFT computes it: tests/golden/methods/ia3_{llama,bert,resnet}/.

The bases are tests/golden/models/decoder_llama and bert_hf, and the ResNet of tests/golden/methods/full_resnet.
Factors are drawn around 1. expected.safetensors: of llama `ids` [2, 9] and `logits`; of bert the `features` (its pooled
row) of the texts in bert_hf/expected.safetensors; of the ResNet the `features` of the images of full_resnet.

Made with torch 2.13.0, torchvision 0.29, transformers 5.24.0, peft 0.21.2.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(sys.path.pop(0))  # tokenizers.py beside this file is not the library
import torch  # noqa: E402
import transformers  # noqa: E402
from peft import IA3Config, get_peft_model  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from methods_peft_resnet import BASE as RESNET, base as resnet  # noqa: E402

GOLDEN = HERE.parent


def adapt(name, base, targets, feedforward):
    torch.manual_seed(16)
    model = get_peft_model(base, IA3Config(target_modules=targets, feedforward_modules=feedforward)).eval()
    with torch.no_grad():
        for key, value in model.named_parameters():
            if "ia3_l" in key:
                value.normal_(1, 0.3)
    model.peft_config["default"].base_model_name_or_path = name
    folder = GOLDEN / f"methods/ia3_{name}"
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    return model, folder / "expected.safetensors"


def main():
    torch.set_grad_enabled(False)
    base = transformers.AutoModelForCausalLM.from_pretrained(GOLDEN / "models/decoder_llama").eval()
    model, path = adapt("llama", base, ["k_proj", "v_proj", "down_proj"], ["down_proj"])
    ids = torch.randint(3, 29, (2, 9))
    save_file({"ids": ids, "logits": model(input_ids=ids).logits.contiguous()}, path)

    texts = load_file(GOLDEN / "models/bert_hf/expected.safetensors")
    base = transformers.AutoModel.from_pretrained(GOLDEN / "models/bert_hf").eval()
    model, path = adapt("bert", base, ["key", "value", "output.dense"], ["output.dense"])
    said = model(input_ids=texts["ids"].long(), attention_mask=texts["mask"].long(), token_type_ids=texts["types"].long())
    save_file({"features": said.pooler_output.contiguous()}, path)

    images = load_file(RESNET / "expected.safetensors")["images"]
    model, path = adapt("resnet", resnet(), ["conv1", "conv2"], ["conv2"])
    save_file({"features": model(images).contiguous()}, path)


if __name__ == "__main__":
    main()
