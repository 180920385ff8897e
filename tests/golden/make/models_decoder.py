"""Decoders of odd sizes with random weights, saved by transformers, and the logits that it computes of them.

Run: python tests/golden/make/models_decoder.py   (torch, transformers 5.24)
"""
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # tokenizers.py has a library's name
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

OUT = HERE.parent / "models"
LLAMA3 = dict(rope_type="llama3", rope_theta=500.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16)
YARN = dict(rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=16)
SIZES = dict(vocab_size=29, hidden_size=12, intermediate_size=17, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, head_dim=6, max_position_embeddings=64, pad_token_id=0, bos_token_id=1,
             eos_token_id=2)


def sized(**more):
    return {**SIZES, **more}


def without(settings, *keys):
    return {key: value for key, value in settings.items() if key not in keys}


MODELS = {
    "llama": ("Llama", sized(rope_parameters=LLAMA3, rms_norm_eps=1e-5)),
    "llama_biases": ("Llama", sized(attention_bias=True, mlp_bias=True, tie_word_embeddings=True,
                                    rope_parameters=dict(rope_type="linear", rope_theta=1e4, factor=3.0))),
    "llama_dynamic": ("Llama", sized(max_position_embeddings=8,
                                     rope_parameters=dict(rope_type="dynamic", rope_theta=1e4, factor=2.0))),
    "mistral": ("Mistral", sized(sliding_window=4)),
    "qwen2": ("Qwen2", without(sized(use_sliding_window=True, sliding_window=5, max_window_layers=1, hidden_size=24),
                               "head_dim")),
    "qwen3": ("Qwen3", sized(rope_parameters=YARN)),
    "smollm3": ("SmolLM3", without(sized(no_rope_layers=[1, 0], hidden_size=24), "head_dim")),
    "gemma2": ("Gemma2", sized(query_pre_attn_scalar=7, sliding_window=4, attn_logit_softcapping=2.0,
                               final_logit_softcapping=3.0)),
    "gemma3": ("Gemma3Text", sized(query_pre_attn_scalar=7, sliding_window=4, num_hidden_layers=3,
                                   layer_types=["sliding_attention", "full_attention", "sliding_attention"],
                                   rope_parameters={
                                       "full_attention": dict(rope_type="linear", factor=2.0, rope_theta=1000.0),
                                       "sliding_attention": dict(rope_type="default", rope_theta=50.0)})),
}


def main():
    torch.manual_seed(16)
    for name, (family, settings) in MODELS.items():
        config = getattr(transformers, family + "Config")(**settings)
        config._attn_implementation = "eager"
        kind = "Gemma3ForCausalLM" if family == "Gemma3Text" else family + "ForCausalLM"
        model = getattr(transformers, kind)(config).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.randn_like(parameter) * 0.35 + (parameter.dim() == 1) * 0.6)
        folder = OUT / f"decoder_{name}"
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder, max_shard_size="6KB" if name == "qwen3" else "1GB")
        (folder / "generation_config.json").unlink(missing_ok=True)
        ids = torch.randint(3, 29, (2, 11))
        mask = torch.ones_like(ids)
        mask[1, 8:] = 0
        with torch.no_grad():
            logits = model(input_ids=ids, attention_mask=mask).logits
        save_file({"ids": ids, "mask": mask, "logits": logits}, folder / "expected.safetensors")
        print(name, sum(p.numel() for p in model.parameters()), float(logits.abs().max()))


if __name__ == "__main__":
    main()
