"""How far a decoder's likelihoods lie from transformers' when its weights are held in float32, bf16 and int8.

    PYTHONPATH=<where gguf is> python bench/peers/decoder_precision.py MODEL.gguf TEXT [--graft build/release/src/graft/cli/graft] [--tokens 20000]

The text is cut into pieces of some 200 words, of which each is scored whole by `graft lm score` and by transformers, which
dequantises the same file to float32. Told are the perplexity of either, their difference, and the largest difference of a
piece's log-likelihood per token.
"""
import argparse
import json
import math
import pathlib
import subprocess
import tempfile

import torch
import transformers


def pieces_of(text, count):
    words = text.split(" ")
    return [" ".join(words[i:i + 200]).strip() for i in range(0, len(words), 200)][:count]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--graft", default="build/release/src/graft/cli/graft")
    parser.add_argument("--tokens", type=int, default=20000)
    options = parser.parse_args()
    where = dict(gguf_file=options.model.name)
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model.parent, **where)
    model = transformers.AutoModelForCausalLM.from_pretrained(options.model.parent, dtype=torch.float32, **where).eval()
    chosen, ids, total = [], [], 0
    for piece in pieces_of(options.text.read_text(), 10**9):
        if total >= options.tokens or not piece:
            break
        chosen.append(piece)
        ids.append(tokenizer(piece, return_tensors="pt").input_ids)
        total += ids[-1].numel() - 1
    theirs = []
    with torch.no_grad():
        for row in ids:
            scores = model(row).logits[0, :-1].log_softmax(-1)
            theirs.append((scores.gather(1, row[0, 1:, None]).sum().item(), row.numel() - 1))
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "texts.jsonl"
        data.write_text("".join(json.dumps({"text": piece}) + "\n" for piece in chosen))
        perplexity = math.exp(-sum(s for s, _ in theirs) / total)
        print(f"transformers, float32: {total} tokens, perplexity {perplexity:.6f}")
        for precision in ("fp32", "bf16", "int8"):
            out = subprocess.run([options.graft, "lm", "score", "--model", options.model, "--data", data, "--precision",
                                  precision, "--json"], check=True, capture_output=True, text=True).stdout
            rows = [json.loads(line) for line in out.splitlines()]
            ours = [(row["log_likelihood"], row["tokens"]) for row in rows if "log_likelihood" in row]
            assert [n for _, n in ours] == [n for _, n in theirs], "other tokens"
            own = math.exp(-sum(s for s, _ in ours) / total)
            worst = max(abs(a - b) / n for (a, n), (b, _) in zip(ours, theirs))
            print(f"graft, {precision}: perplexity {own:.6f} ({100 * (own / perplexity - 1):+.4f} %), "
                  f"largest difference of a piece {worst:.2e} nats a token")


if __name__ == "__main__":
    main()
