"""Writes ../models/stories260K: karpathy's stories260K (MIT), a Llama of 260,000 weights that tells children's stories, as a
folder of transformers with its sentencepiece tokenizer.

    python tests/golden/make/stories.py FOLDER     FOLDER holds stories260K.bin and tok512.bin (karpathy/tinyllamas)

llama2.c turns neighbouring entries of a head; rows of q and k are put where transformers expects them. Weights are rounded
to float16, which halves the file. expected.json: transformers' greedy text, ids and log-likelihoods in float32.
"""
import json
import struct
import sys
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).resolve().parent.parent / "models" / "stories260K"
sys.path.pop(0)  # tokenizers.py lies beside this file
import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

source = Path(sys.argv[1])
data = (source / "stories260K.bin").read_bytes()
dim, hidden, layers, heads, key_heads, words, context = struct.unpack("7i", data[:28])
assert words > 0  # the head is the table of words
values = np.frombuffer(data, "<f4", offset=28)
place = 0


def take(*shape):
    global place
    count = int(np.prod(shape))
    taken = values[place:place + count].reshape(shape)
    place += count
    return torch.tensor(taken.copy())


def unpaired(weight, count):  # rows 2 i + j of a head -> i + j d / 2
    rows, columns = weight.shape
    return weight.view(count, rows // count // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


width = dim // heads
stored = {"embed": take(words, dim), "input_layernorm": take(layers, dim), "q": take(layers, dim, dim),
          "k": take(layers, key_heads * width, dim), "v": take(layers, key_heads * width, dim), "o": take(layers, dim, dim),
          "post_attention_layernorm": take(layers, dim), "gate": take(layers, hidden, dim), "down": take(layers, dim, hidden),
          "up": take(layers, hidden, dim), "norm": take(dim)}
tensors = {"model.embed_tokens.weight": stored["embed"], "model.norm.weight": stored["norm"]}
for i in range(layers):
    at = f"model.layers.{i}."
    for name in ["q", "k", "v", "o"]:
        weight = stored[name][i]
        if name in "qk":
            weight = unpaired(weight, heads if name == "q" else key_heads)
        tensors[f"{at}self_attn.{name}_proj.weight"] = weight
    for name in ["gate", "up", "down"]:
        tensors[f"{at}mlp.{name}_proj.weight"] = stored[name][i]
    for name in ["input_layernorm", "post_attention_layernorm"]:
        tensors[f"{at}{name}.weight"] = stored[name][i]
GOLDEN.mkdir(exist_ok=True)
save_file({k: v.half().contiguous() for k, v in tensors.items()}, GOLDEN / "model.safetensors", {"format": "pt"})
config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": dim, "intermediate_size": hidden,
          "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": key_heads, "vocab_size": words,
          "max_position_embeddings": context, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
          "tie_word_embeddings": True, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float16"}
(GOLDEN / "config.json").write_text(json.dumps(config, indent=1) + "\n")


# --- the tokenizer, as sentencepiece's own file (sentencepiece_model.proto)
def varint(n):
    out = b""
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3) + varint(value)


tokens = (source / "tok512.bin").read_bytes()
at, model, pieces = 4, b"", []
for i in range(words):
    score, length = struct.unpack_from("<fi", tokens, at)
    piece = tokens[at + 8:at + 8 + length]
    at += 8 + length
    kind = 2 if i == 0 else 3 if i < 3 else 6 if i < 259 else 1
    text = [b"<unk>", b"<s>", b"</s>"][i] if i < 3 else f"<0x{i - 3:02X}>".encode() if i < 259 else piece
    text = text.decode().replace(" ", "\u2581").encode()
    pieces.append(text)
    model += field(1, field(1, text) + field(2, float(score)) + field(3, kind))
model += field(2, field(3, 2) + field(4, words) + field(35, 1) + field(40, 0) + field(41, 1) + field(42, 2))
model += field(3, field(1, b"identity") + field(3, 1) + field(4, 0) + field(5, 1))
(GOLDEN / "tokenizer.model").write_bytes(model)
(GOLDEN / "tokenizer_config.json").write_text(json.dumps(
    {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False, "bos_token": "<s>",
     "eos_token": "</s>", "unk_token": "<unk>", "legacy": False}, indent=1) + "\n")

# --- what transformers makes of it
from transformers import LlamaConfig, LlamaForCausalLM  # noqa: E402

theirs = LlamaForCausalLM(LlamaConfig(**config, attn_implementation="eager")).eval()
theirs.load_state_dict({k: v.half().float() for k, v in tensors.items()}, strict=False)
theirs.tie_weights()
with torch.no_grad():
    ids = torch.tensor([[1]])
    for _ in range(60):
        ids = torch.cat([ids, theirs(ids).logits[:, -1:].argmax(-1)], 1)
    scores = torch.log_softmax(theirs(ids).logits[0, :-1].double(), -1).gather(1, ids[0, 1:, None])[:, 0]
    windowed, rest = 0.0, ids[0, 1:].tolist()  # in windows of 16, as lm-evaluation-harness cuts them
    for begin in range(0, len(rest), 16):
        end = min(begin + 16, len(rest))
        read = [1] + rest[:end - 1] if begin == 0 else rest[max(0, end - 17):end - 1]
        told = torch.log_softmax(theirs(torch.tensor([read])).logits[0].double(), -1)[-(end - begin):]
        windowed += sum(told[i, rest[begin + i]].item() for i in range(end - begin))
text = b"".join(pieces[i] for i in ids[0, 1:]).decode().replace("\u2581", " ").strip()
(GOLDEN / "expected.json").write_text(json.dumps(
    {"ids": ids[0].tolist(), "text": text, "log_likelihoods": scores.tolist(), "in_windows_of_16": windowed}) + "\n")
print(text, scores.sum())
