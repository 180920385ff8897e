"""GGUF files by gguf-py and what it, or transformers, reads of them: tests/golden/gguf/.

blocks.gguf    random blocks of each type and, as NAME.expected, their numbers by gguf.quants.dequantize; and the other
               way, NAME.written, the bytes of gguf.quants.quantize of "numbers"; metadata of every kind
<arch>.gguf    small decoders with random weights, and <arch>.safetensors: ids and the logits that transformers gives of
               the model they were made of, whose weights are the file's to the bit. transformers reads blocks_llama and
               qwen2 back to the same logits; of the others it leaves something out (biases and scaled positions of
               llama, widths of qwen3's heads, caps, local positions)

    PYTHONPATH=<where gguf is> python tests/golden/make/gguf_files.py

Made with gguf 0.19.0, torch 2.13.0, transformers 5.24.0.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # tokenizers.py has a library's name
import gguf  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from gguf import GGMLQuantizationType as T  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

OUT = HERE.parent / "gguf"
BLOCKS = [T.F16, T.BF16, T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q2_K, T.Q3_K, T.Q4_K, T.Q5_K, T.Q6_K, T.IQ4_NL]
HALVES = {T.Q8_0: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q2_K: [80, 82], T.Q3_K: [108],
          T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208], T.IQ4_NL: [0]}


def random_blocks(rng, kind, count):
    if kind in (T.F16, T.BF16):
        bits = rng.integers(0, 2**16, count * 8, dtype=np.uint16)
        exponent = (bits >> 10) & 31 if kind == T.F16 else (bits >> 7) & 255
        return np.where(exponent == (31 if kind == T.F16 else 255), 0x1234, bits).astype(np.uint16).view(np.uint8)
    size = gguf.GGML_QUANT_SIZES[kind][1]
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for at in HALVES[kind]:
        scales = (rng.normal(size=count) * 10.0 ** rng.integers(-6, 3, count)).astype(np.float16)
        blocks[:, at:at + 2] = scales.view(np.uint8).reshape(count, 2)
    return blocks.reshape(-1)


def blocks():
    rng = np.random.default_rng(16)
    writer = gguf.GGUFWriter(OUT / "blocks.gguf", "none")
    for name, add, value in [("u8", writer.add_uint8, 200), ("i8", writer.add_int8, -100), ("u16", writer.add_uint16, 60000),
                             ("i16", writer.add_int16, -30000), ("u32", writer.add_uint32, 4000000000),
                             ("i32", writer.add_int32, -2000000000), ("f32", writer.add_float32, 0.5),
                             ("bool", writer.add_bool, True), ("text", writer.add_string, "grün"),
                             ("u64", writer.add_uint64, 2**63 + 5), ("i64", writer.add_int64, -2**62),
                             ("f64", writer.add_float64, 0.1)]:
        add("test." + name, value)
    writer.add_array("test.texts", ["a", "", "été"])
    writer.add_array("test.integers", [3, -1, 2])
    writer.add_array("test.floats", [0.5, -2.0])
    writer.add_array("test.flags", [True, False, True])
    for kind in BLOCKS:
        count = 4 if gguf.GGML_QUANT_SIZES[kind][0] < 256 else 2
        raw = random_blocks(rng, kind, count)
        numbers = gguf.quants.dequantize(raw, kind).astype(np.float32)
        if kind == T.F16:
            writer.add_tensor(kind.name, raw.view(np.float16))
        else:
            writer.add_tensor(kind.name, raw.reshape(1, -1), raw_dtype=kind)
        writer.add_tensor(kind.name + ".expected", numbers.reshape(-1))
    numbers = (rng.normal(size=(2, 96)) * 10.0 ** rng.integers(-9, 5, (2, 96))).astype(np.float32)
    numbers[1, 32:64] = 0
    writer.add_tensor("numbers", numbers)
    for kind in (T.BF16, T.Q8_0):
        writer.add_tensor(kind.name + ".written", gguf.quants.quantize(numbers, kind).view(np.int8))
    writer.add_tensor("F16.written", numbers.astype(np.float16).view(np.int8))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def permuted(weight, heads):
    """As llama.cpp's converter has the rows of q and k."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


SIZES = dict(vocab_size=40, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2)
SMALL = {**SIZES, "hidden_size": 16, "intermediate_size": 20}
GEMMA = {**SIZES, "head_dim": 6, "hidden_size": 12, "intermediate_size": 20}
LLAMA3 = dict(rope_type="llama3", rope_theta=500.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16)
MODELS = {
    "llama": ("Llama", {**SMALL, "rope_parameters": LLAMA3, "rms_norm_eps": 1e-5, "attention_bias": True}),
    "blocks_llama": ("Llama", {**SIZES, "tie_word_embeddings": True}),
    "qwen2": ("Qwen2", SMALL),
    "qwen3": ("Qwen3", {**SMALL, "head_dim": 10, "rope_parameters": dict(
        rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=16)}),
    "gemma2": ("Gemma2", {**GEMMA, "query_pre_attn_scalar": 6, "sliding_window": 4, "attn_logit_softcapping": 2.0,
                          "final_logit_softcapping": 3.0}),
    "gemma3": ("Gemma3Text", {**GEMMA, "query_pre_attn_scalar": 6, "sliding_window": 4, "num_hidden_layers": 7,
                              "rope_parameters": {
                                  "full_attention": dict(rope_type="linear", factor=2.0, rope_theta=1000.0),
                                  "sliding_attention": dict(rope_type="default", rope_theta=10000.0)}}),
}
TYPES = {"attn_q": T.Q8_0, "attn_k": T.Q4_0, "attn_v": T.F16, "attn_output": T.Q5_0, "ffn_gate": T.Q5_1,
         "ffn_up": T.Q4_1, "ffn_down": T.BF16, "token_embd": T.Q8_0}


def write_model(name, family, settings):
    torch.manual_seed(17)
    config = getattr(transformers, family + "Config")(**settings)
    config._attn_implementation = "eager"
    kind = "Gemma3ForCausalLM" if family == "Gemma3Text" else family + "ForCausalLM"
    model = getattr(transformers, kind)(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.35 + (parameter.dim() == 1) * 0.6)
    arch = {"Gemma3Text": "gemma3"}.get(family, family.lower())
    names = gguf.get_tensor_name_map(next(k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == arch),
                                     config.num_hidden_layers)
    writer = gguf.GGUFWriter(OUT / f"{name}.gguf", arch)
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if head * config.num_attention_heads != config.hidden_size:
        writer.add_key_length(head)
        writer.add_value_length(head)
    rope = config.rope_parameters.get("full_attention", config.rope_parameters)
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(rope["rope_type"]))
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if arch.startswith("gemma"):
        writer.add_sliding_window(config.sliding_window)
    if arch == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if rope["rope_type"] == "llama3":
        plain = 500.0 ** (-np.arange(0, head, 2) / head)
        writer.add_tensor("rope_freqs.weight", (plain / model.model.rotary_emb.inv_freq.numpy()).astype(np.float32))
    writer.add_token_list([f"t{i}" for i in range(config.vocab_size)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    state = model.state_dict()
    for theirs, tensor in list(state.items()):
        if theirs == "lm_head.weight" and config.tie_word_embeddings:
            continue
        stem, _, ending = theirs.rpartition(".")
        ours = names.get_name(stem) + "." + ending
        values = tensor.numpy().copy()
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(stem.split(".")[-1])
        of = TYPES.get(ours.split(".")[-2]) if name == "blocks_llama" and values.ndim == 2 else None
        if of is not None:  # the model is what the blocks say
            raw = values.astype(np.float16) if of == T.F16 else gguf.quants.quantize(values, of)
            values = raw.astype(np.float32) if of == T.F16 else gguf.quants.dequantize(raw, of)
            state[theirs].copy_(torch.from_numpy(values.reshape(tensor.shape)))
        if arch == "llama" and heads:
            values = permuted(values, heads)
        if arch.startswith("gemma") and theirs.endswith("norm.weight"):
            values = values + np.float32(1)
        if of is None or values.ndim == 1:
            writer.add_tensor(ours, values)
        elif of == T.F16:
            writer.add_tensor(ours, values.astype(np.float16))
        else:
            raw = permuted_raw = gguf.quants.quantize(state[theirs].numpy(), of)
            permuted_raw = permuted(raw, heads) if heads else raw
            writer.add_tensor(ours, permuted_raw, raw_dtype=of)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    ids = torch.randint(3, 40, (2, 11))
    with torch.no_grad():
        logits = model(input_ids=ids).logits
    save_file({"ids": ids, "logits": logits}, OUT / f"{name}.safetensors")
    try:
        again = transformers.AutoModelForCausalLM.from_pretrained(OUT, gguf_file=f"{name}.gguf").eval()
        with torch.no_grad():
            difference = float((again(input_ids=ids).logits - logits).abs().max())
        print(name, "read back by transformers: largest difference of logits", difference)
    except Exception as error:  # noqa: BLE001
        print(name, "is not read by transformers:", str(error)[:200])


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    blocks()
    for name, (family, settings) in MODELS.items():
        write_model(name, family, settings)
