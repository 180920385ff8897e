"""stories260K as a GGUF, by gguf-py: tests/golden/gguf/stories260K.gguf.

The weights of tests/golden/models/stories260K (MIT, see its README.md) in Q8_0 where a row is whole blocks, else F16;
the rows of q and k in the order of llama.cpp's converter; the vocabulary of its tokenizer.model.

    PYTHONPATH=<where gguf is> python tests/golden/make/stories_gguf.py

Made with gguf 0.19.0, torch 2.13.0, sentencepiece's format read by transformers 5.24.0.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # tokenizers.py has a library's name
import gguf  # noqa: E402
import numpy as np  # noqa: E402
from gguf import GGMLQuantizationType as T  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

BASE, OUT = HERE.parent / "models/stories260K", HERE.parent / "gguf/stories260K.gguf"


def pieces(data):
    """Texts, scores and types of a sentencepiece model: field 1 of the message, and its fields 1, 2 and 3."""
    def varint(at):
        value = shift = 0
        while True:
            byte = data[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value, at

    at = 0
    while at < len(data):
        key, at = varint(at)
        if key & 7 == 0:
            _, at = varint(at)
            continue
        size, at = (varint(at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at))
        end = at + size
        if key == 1 << 3 | 2:
            text, score, kind = b"", 0.0, 1
            while at < end:
                inner, at = varint(at)
                if inner >> 3 == 1:
                    length, at = varint(at)
                    text, at = data[at:at + length], at + length
                elif inner >> 3 == 2:
                    score, at = float(np.frombuffer(data[at:at + 4], np.float32)[0]), at + 4
                else:
                    kind, at = varint(at)
            yield text, score, kind
        at = end


def main():
    config = json.loads((BASE / "config.json").read_text())
    writer = gguf.GGUFWriter(OUT, "llama")
    writer.add_name("stories260K")
    writer.add_license("mit")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_tokenizer_model("llama")
    tokens, scores, kinds = zip(*pieces((BASE / "tokenizer.model").read_bytes()))
    writer.add_token_list(list(tokens))
    writer.add_token_scores(list(scores))
    writer.add_token_types(list(kinds))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, tensor in sorted(load_file(BASE / "model.safetensors").items()):
        tensor = tensor.astype(np.float32)
        heads = {"q_proj": config["num_attention_heads"],
                 "k_proj": config["num_key_value_heads"]}.get(name.split(".")[-2])
        if heads:
            rows = tensor.shape[0]
            tensor = tensor.reshape(heads, 2, rows // heads // 2, -1).swapaxes(1, 2).reshape(rows, -1)
        theirs = names.get_name(name, try_suffixes=(".weight",))
        if tensor.ndim == 1:
            writer.add_tensor(theirs, tensor)
        elif tensor.shape[1] % 32:
            writer.add_tensor(theirs, tensor.astype(np.float16))
        else:
            writer.add_tensor(theirs, gguf.quants.quantize(tensor, T.Q8_0), raw_dtype=T.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
