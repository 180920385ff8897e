"""LoRA of PEFT's as llama.cpp's convert_lora_to_gguf.py writes it: tests/golden/methods/peft_gguf_lora/.

The base is tests/golden/models/decoder_llama. adapter_config.json and adapter_model.safetensors are PEFT's, of random
numbers; lora.gguf is the same adapter by gguf-py's writer and its names, the rows of q's and k's B in the converter's
order; logits.safetensors has `ids` [2, 9] and the `logits` that peft gives.

    PYTHONPATH=<where gguf is> python tests/golden/make/gguf_lora.py

Made with gguf 0.19.0, torch 2.13.0, transformers 5.24.0, peft 0.21.2.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # tokenizers.py has a library's name
import gguf  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

BASE, OUT = HERE.parent / "models/decoder_llama", HERE.parent / "methods/peft_gguf_lora"


def main():
    torch.manual_seed(19)
    base = transformers.AutoModelForCausalLM.from_pretrained(BASE).eval()
    config = base.config
    model = get_peft_model(base, LoraConfig(r=3, lora_alpha=7, task_type="CAUSAL_LM", target_modules=[
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])).eval()
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    model.peft_config["default"].base_model_name_or_path = "decoder_llama"
    model.save_pretrained(OUT)
    (OUT / "README.md").unlink(missing_ok=True)
    ids = torch.randint(3, 29, (2, 9))
    with torch.no_grad():
        save_file({"ids": ids, "logits": model(input_ids=ids).logits}, OUT / "logits.safetensors")

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    writer = gguf.GGUFWriter(OUT / "lora.gguf", "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, 7.0)
    for name, tensor in sorted(get_peft_model_state_dict(model).items()):
        module, kind = name.removeprefix("base_model.model.").removesuffix(".weight").rsplit(".", 1)
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(module.split(".")[-1])
        if heads and kind == "lora_B":
            rows = tensor.shape[0]
            tensor = tensor.reshape(heads, 2, rows // heads // 2, -1).swapaxes(1, 2).reshape(rows, -1)
        theirs = names.get_name(module + ".weight", try_suffixes=(".weight",))
        writer.add_tensor(f"{theirs}.{kind.lower()}", tensor.float().contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
