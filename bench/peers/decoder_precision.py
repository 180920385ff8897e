"""How far a decoder's likelihoods lie from transformers' when its weights are held in float32, bf16 and int8.

    PYTHONPATH=<where gguf is> python bench/peers/decoder_precision.py MODEL.gguf TEXT [--peer FOLDER] [--tokens 20000] [--draws 0]

The text falls into rows of 256 tokens, each behind the token that begins a text, which transformers scores, after it has made
float32 of the same file, and so does build/release/bench/bench_language. Told are the perplexity of either and their difference,
the largest difference of a token's log-likelihood, and the largest of a logit over the first 64 tokens. With --draws, so many
prompts of ten tokens of the text are continued greedily by both for 16 tokens, ours in float32. MODEL may be a folder too."""
import argparse
import math
import pathlib
import subprocess
import tempfile

import torch
import transformers
from safetensors.torch import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
LENGTH, LOGITS, PROMPT, DRAWN = 256, 64, 10, 16


def graft(program, *words):
    return subprocess.run([ROOT / "build" / "release" / program, *map(str, words)], check=True, capture_output=True, text=True).stdout


def compare_likelihoods(options, model, ids):
    with torch.no_grad():
        theirs = []
        for row in ids:
            scores = model(row[None, :-1]).logits[0]
            if not theirs:
                logits = scores[:LOGITS].clone()
            theirs.append(scores.log_softmax(-1).gather(1, row[1:, None])[:, 0])
    theirs = torch.stack(theirs)
    perplexity = math.exp(-theirs.mean())
    print(f"transformers, float32: {theirs.numel()} tokens, perplexity {perplexity:.6f}")
    with tempfile.TemporaryDirectory() as folder:
        save_file({"ids": ids}, f"{folder}/ids.safetensors")
        for precision in ("fp32", "bf16", "int8"):
            graft("bench/bench_language", "--model", options.model, "--work", "score", "--precision", precision, "--data",
                  f"{folder}/ids.safetensors", "--out", f"{folder}/out.safetensors", "--logits", LOGITS)
            ours = load_file(f"{folder}/out.safetensors")
            own = math.exp(-ours["log_likelihoods"].mean())
            print(f"graft, {precision}: perplexity {own:.6f} ({100 * (own / perplexity - 1):+.4f} %), largest difference of a token "
                  f"{(ours['log_likelihoods'] - theirs).abs().max():.2e} nats, of a logit {(ours['logits'] - logits).abs().max():.2e}")


def compare_draws(options, model, prompts):
    model.generation_config.eos_token_id = None  # an answer has all its tokens
    theirs, gaps = [], []  # the tokens, and how far the two likeliest were apart at each
    for ids in prompts:
        with torch.no_grad():
            said = model.generate(ids[None], attention_mask=torch.ones_like(ids[None]), max_new_tokens=DRAWN, do_sample=False,
                                  output_logits=True, return_dict_in_generate=True)
        theirs.append(said.sequences[0, len(ids):])
        gaps.append(torch.stack([(lambda top: top[0] - top[1])(one[0].topk(2).values) for one in said.logits]))
    with tempfile.TemporaryDirectory() as folder:
        save_file({"ids": prompts}, f"{folder}/ids.safetensors")
        graft("bench/bench_language", "--model", options.model, "--work", "draw", "--precision", "fp32", "--data", f"{folder}/ids.safetensors",
              "--out", f"{folder}/out.safetensors", "--tokens", DRAWN)
        ours = load_file(f"{folder}/out.safetensors")["answers"]
    differ = (ours != torch.stack(theirs)).any(1)
    print(f"{(~differ).sum()} of {len(prompts)} answers of {DRAWN} tokens are equal")
    for i in differ.nonzero()[:, 0].tolist():
        first = (ours[i] != theirs[i]).nonzero()[0, 0].item()
        print(f"  prompt {i} differs at token {first}, where the two likeliest are {gaps[i][first]:.2e} apart")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--peer", type=pathlib.Path, help="what transformers reads, where it has written the same numbers into a folder")
    parser.add_argument("--tokens", type=int, default=20000)
    parser.add_argument("--draws", type=int, default=0)
    options = parser.parse_args()
    theirs = options.peer or options.model
    folder, where = (theirs.parent, dict(gguf_file=theirs.name)) if theirs.suffix == ".gguf" else (theirs, {})
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **where)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **where).eval()
    text = options.text.read_text()
    if options.tokens:
        ids = tokenizer(text[:8 * options.tokens], add_special_tokens=False).input_ids
        rows = -(-options.tokens // LENGTH)
        compare_likelihoods(options, model, torch.tensor([[tokenizer.bos_token_id] + ids[i * LENGTH:(i + 1) * LENGTH] for i in range(rows)]))
    if options.draws:
        ids = tokenizer(text[:64 * options.draws], add_special_tokens=False).input_ids
        begin = [tokenizer.bos_token_id]
        compare_draws(options, model, torch.tensor([begin + ids[i * PROMPT:(i + 1) * PROMPT] for i in range(options.draws)]))


if __name__ == "__main__":
    main()
