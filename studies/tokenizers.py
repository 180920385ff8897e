"""A GGUF's tokenizer in graft, in sentencepiece and in transformers, on the same odd strings.

    python studies/tokenizers.py --graft build/release/src/graft/cli/graft --gguf gemma-3-270m-q4_k_m.gguf

Of the 10,000 strings of tests/golden/make/tokenizers.py those without a line end (a line is a text to `graft tokenize`),
special tokens as text. The sentencepiece model is built from the file's pieces, scores and types. Needs gguf 0.19,
sentencepiece 0.2.3, transformers 5.24.

Gemma 3 270M: none of 9,796 differ from sentencepiece, 31 from transformers. Those are the texts with 32 blanks or more in a
row, of which sentencepiece takes the longest piece of blanks first (31), and the merges that transformers makes of the
file's pieces do not.
"""
import argparse
import importlib.util
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # this file has the library's name

import gguf  # noqa: E402
import sentencepiece  # noqa: E402
from sentencepiece import sentencepiece_model_pb2  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

CONTROL, USER_DEFINED, UNKNOWN = 3, 4, 2


def odd_texts():
    spec = importlib.util.spec_from_file_location("odd", HERE.parent / "tests/golden/make/tokenizers.py")
    odd = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(odd)
    strings = odd.OddStrings()
    texts = [strings.text() for _ in range(odd.COUNT)]
    return [text for text in texts if "\n" not in text and "\r" not in text]


def sentencepiece_of(path):
    fields = gguf.GGUFReader(path).fields
    value = lambda key: fields["tokenizer.ggml." + key].contents()  # noqa: E731
    model = sentencepiece_model_pb2.ModelProto()
    unknown = value("unknown_token_id")
    for i, (token, score, kind) in enumerate(zip(value("tokens"), value("scores"), value("token_type"))):
        piece = model.pieces.add()
        piece.piece = token.replace(" ", "\u2581") if kind == USER_DEFINED else token
        piece.score = score
        piece.type = UNKNOWN if i == unknown else kind
    spec = model.trainer_spec
    spec.model_type, spec.byte_fallback, spec.vocab_size = 2, True, len(model.pieces)
    for name, id_key in [("unk", "unknown"), ("bos", "bos"), ("eos", "eos"), ("pad", "padding")]:
        setattr(spec, name + "_id", value(id_key + "_token_id"))
        setattr(spec, name + "_piece", model.pieces[value(id_key + "_token_id")].piece)
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = value("add_space_prefix")
    model.normalizer_spec.remove_extra_whitespaces = False
    return sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--graft", required=True)
    parser.add_argument("--gguf", required=True)
    options = parser.parse_args()
    texts = odd_texts()
    out = subprocess.run([options.graft, "tokenize", "--json", "--model", options.gguf],
                         input="".join(text + "\n" for text in texts).encode(), stdout=subprocess.PIPE, check=True)
    ours = [json.loads(line)[1:] for line in out.stdout.decode().split("\n")[:-1]]  # without <bos>
    path = pathlib.Path(options.gguf)
    fast = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name).backend_tokenizer
    fast.encode_special_tokens = True
    pieces = sentencepiece_of(path)
    peers = {"sentencepiece": pieces.encode,
             "transformers": lambda text: fast.encode(text, add_special_tokens=False).ids}
    for name, encode in peers.items():
        wrong = [(text, encode(text), mine) for text, mine in zip(texts, ours) if encode(text) != mine]
        print(f"{name}: {len(wrong)} of {len(texts)} differ")
        for text, theirs, mine in wrong[:3]:
            print(f"  {text!r}\n    theirs {theirs}\n    graft  {mine}")


if __name__ == "__main__":
    main()
