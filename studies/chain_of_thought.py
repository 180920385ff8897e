#!/usr/bin/env python3
"""Do worked steps help a small decoder to add? One is drawn and trained by `graft lm train --method full --from-scratch` on sums of
numbers of 2 or 3 digits, written with steps before the answer or without, and asked sums that it has not seen.

    chain_of_thought.py --graft build/release/src/graft/cli/graft -o studies/chain-of-thought      goes on where it was stopped
    chain_of_thought.py --graft ... --model gemma-3-270m-q4_k_m.gguf -o studies/chain-of-thought   the second part, see below
    chain_of_thought.py --table -o studies/chain-of-thought

What it learns to write behind `57+68=`, all single characters:

  steps      780=15,561=12,>125     from the right: two digits, what is carried, and their sum; then the answer
  scrambled  561=12,780=15,>125     the same steps in a random order
  filler     ..............>125     as many points as the steps have characters
  direct     >125

All arms read as many tokens, in as many steps of as many rows (shorter texts mean more sums: `direct` sees most), and have the same
decoder, six seeds each: weights, sums and order. The test asks 40 sums each of 2 and 3 digits that the training had not, and of 4, which
are longer than any it had; it writes greedily, and what stands behind the first `>` is the answer. results.jsonl has a row a
run and a number of digits: which were right, and how many had no answer.

The second part asks a model that was trained on texts (Gemma 3 270M, see in_context.py) 40 sums of two numbers of 1 or 2 digits, with
8 others in the prompt, by `graft lm prompt --strategy`. The answer is the last number that it writes; prompted.jsonl."""
import argparse
import json
import math
import pathlib
import random
import statistics
import subprocess
import tempfile

ARMS = ("steps", "scrambled", "filler", "direct")
SEEDS = range(1, 7)
LEARNED, ASKED, EACH = (2, 3), (2, 3, 4), 40
CHARACTERS = "<end> 0 1 2 3 4 5 6 7 8 9 + = , > .".split()
SHAPE = {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 3, "intermediate_size": 128, "vocab_size": len(CHARACTERS),
         "max_position_embeddings": 128, "num_attention_heads": 4, "num_key_value_heads": 4, "tie_word_embeddings": True,
         "bos_token_id": None, "eos_token_id": 0}
STRATEGIES = ("direct", "cot", "scrambled", "filler", "zero-shot-cot")
LENGTH, BATCH = 128, 4  # tokens of a row, rows a step
T_OF_FIVE = 2.571  # Student's, 95 %, of six seeds


def write_shape(folder):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(SHAPE))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<end>"}))
    end = {"id": 0, "content": "<end>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
             "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "merges": [],
             "vocab": {c: i for i, c in enumerate(CHARACTERS)}}
    (folder / "tokenizer.json").write_text(json.dumps(
        {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [end], "normalizer": None, "pre_tokenizer": None,
         "post_processor": None, "decoder": {"type": "Fuse"}, "model": model}))


def steps_of(a, b):
    carried, steps = 0, []
    for i in range(len(str(a))):
        x, y = a // 10**i % 10, b // 10**i % 10
        total = x + y + carried
        steps.append(f"{x}{y}{carried}={total},")
        carried = total // 10
    return steps


def written(arm, a, b, draw):
    steps = steps_of(a, b)
    if arm == "scrambled":
        draw.shuffle(steps)
    shown = {"direct": "", "filler": "." * len("".join(steps))}.get(arm, "".join(steps))
    return f"{shown}>{a + b}"


def a_sum(draw, digits):
    return tuple(draw.randrange(10 ** (digits - 1), 10**digits) for _ in range(2))


def run(options, arm, seed):
    draw = random.Random(f"asked {seed}")
    asked = [(digits, *a_sum(draw, digits)) for digits in ASKED for _ in range(EACH)]
    unseen = {pair[1:] for pair in asked}
    draw = random.Random(f"{arm} {seed}")
    rows, tokens = [], 0
    while tokens < options.tokens:
        pair = a_sum(draw, draw.choice(LEARNED))
        if pair in unseen:
            continue
        row = {"prompt": f"{pair[0]}+{pair[1]}=", "completion": written(arm, *pair, draw)}
        rows.append(row)
        tokens += len(row["prompt"]) + len(row["completion"]) + 1
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_shape(folder / "shape")
        (folder / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        told = json.loads(subprocess.run(
            [options.graft, "lm", "train", "--model", folder / "shape", "--method", "full", "--from-scratch", "--data",
             folder / "sums.jsonl", "--precision", "fp32", "--max-length", str(LENGTH), "--batch-size", str(BATCH), "--lr", options.lr,
             "--warmup", "0.05", "--weight-decay", "0.01", "--seed", str(seed), "--threads", "1", "-o", folder / "run", "-q", "--json"],
            check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
        (folder / "test.jsonl").write_text("".join(
            json.dumps({"split": "test", "a": a, "b": b, "sum": a + b}) + "\n" for _, a, b in asked))
        (folder / "task.yaml").write_text(
            'task: sums\noutput_type: generate_until\ndoc_to_text: "{{a}}+{{b}}="\ndoc_to_target: "{{sum}}"\ntarget_delimiter: ""\n'
            "generation_kwargs: {until: [], max_gen_toks: 60}\nmetric_list: [{metric: exact_match}]\n"
            "filter_list: [{name: answer, filter: [{function: regex, regex_pattern: '>([0-9]+)'}, {function: take_first}]}]\n")
        subprocess.run([options.graft, "lm", "prompt", "--model", folder / "run", "--data", folder / "test.jsonl", "--template",
                        folder / "task.yaml", "--examples", "0", "--precision", "fp32", "--threads", "1", "-o", folder / "out", "-q"],
                       check=True, stdout=subprocess.DEVNULL)
        answers = [json.loads(line) for line in (folder / "out" / "k0.jsonl").read_text().splitlines()]
    for digits in ASKED:
        of = [answer for answer, (d, _, _) in zip(answers, asked, strict=True) if d == digits]
        yield {"arm": arm, "seed": seed, "digits": digits, "right": "".join(str(int(a["predicted"] == a["label"])) for a in of),
               "no_answer": sum(a["predicted"] == "[invalid]" for a in of), "sums": len(rows), "steps": told["steps"],
               "seconds": round(told["seconds"], 1)}


def in_words(a, b):
    told, carried = [], 0
    for i in range(len(str(a))):
        x, y = a // 10**i % 10, b // 10**i % 10
        told.append(f"{x} + {y}{f' + {carried}' if carried else ''} = {x + y + carried}.")
        carried = (x + y + carried) // 10
    return " ".join(told)


def prompted(options):
    draw = random.Random(0)
    items, seen = [], set()  # no sum twice
    for digits, split in ((d, s) for d in (1, 2) for s in ("train",) * 4 + ("test",) * 20):
        pair = a_sum(draw, digits)
        while pair in seen:
            pair = a_sum(draw, digits)
        seen.add(pair)
        items.append((split, *pair))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "sums.jsonl").write_text("".join(
            json.dumps({"split": split, "a": a, "b": b, "sum": a + b, "steps": in_words(a, b)}) + "\n" for split, a, b in items))
        (folder / "task.yaml").write_text(
            'task: sums\noutput_type: generate_until\ndoc_to_text: "Question: What is {{a}} + {{b}}?\\nAnswer:"\n'
            'doc_to_target: "{{sum}}"\ndoc_to_reasoning: "{{steps}}"\ngeneration_kwargs: {until: ["\\n\\n", "Question:"], '
            "max_gen_toks: 48}\nmetric_list: [{metric: exact_match}]\n"
            "filter_list: [{name: last, filter: [{function: regex, regex_pattern: '([0-9]+)', group_select: -1}, "
            "{function: take_first}]}]\n")
        for strategy in STRATEGIES:
            subprocess.run([options.graft, "lm", "prompt", "--model", options.model, "--data", folder / "sums.jsonl", "--template",
                            folder / "task.yaml", "--examples", "0" if strategy == "zero-shot-cot" else "8", "--strategy", strategy,
                            "--precision", "bf16", "-o", folder / "out", "-q"], check=True, stdout=subprocess.DEVNULL)
            file = next((folder / "out").glob("k*.jsonl"))
            answers = [json.loads(line) for line in file.read_text().splitlines()]
            yield {"strategy": strategy, "right": "".join(str(int(a["predicted"] == a["label"])) for a in answers),
                   "no_answer": sum(a["predicted"] == "[invalid]" for a in answers), "wrote": [a["responses"][0] for a in answers]}


def over_seeds(values):
    half = T_OF_FIVE * statistics.stdev(values) / math.sqrt(len(values))
    return f"{statistics.mean(values):5.1f} ({statistics.mean(values) - half:.1f} to {statistics.mean(values) + half:.1f})"


def table(rows):
    def shares(arm, digits):
        return [100 * r["right"].count("1") / len(r["right"]) for r in sorted(rows, key=lambda r: r["seed"])
                if (r["arm"], r["digits"]) == (arm, digits)]

    for arm in ARMS:
        if not shares(arm, ASKED[0]) or len(shares(arm, ASKED[0])) < 2:
            continue
        of = [r for r in rows if r["arm"] == arm and r["digits"] == ASKED[0]]
        print(f"{arm:10} n {EACH} x {len(of)}  sums {min(r['sums'] for r in of)} to {max(r['sums'] for r in of)}  steps "
              f"{min(r['steps'] for r in of)} to {max(r['steps'] for r in of)}  "
              + "  ".join(f"{d}: {over_seeds(shares(arm, d))} [{min(shares(arm, d)):.0f}..{max(shares(arm, d)):.0f}]" for d in ASKED)
              + f"  no answer {sum(r['no_answer'] for r in rows if r['arm'] == arm)}")
    for arm in ARMS[1:]:
        for digits in ASKED:
            one, other = shares("steps", digits), shares(arm, digits)
            if len(one) == len(other) > 1:
                print(f"  steps - {arm}, {digits} digits: {over_seeds([a - b for a, b in zip(one, other)])}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--graft", default="graft")
    parser.add_argument("--model", help="of the second part")
    parser.add_argument("--tokens", type=int, default=300_000, help="that a run learns from")
    parser.add_argument("--lr", default="0.003")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="the first so many")
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--table", action="store_true")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    file = options.output / "results.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    options.output.mkdir(parents=True, exist_ok=True)
    if options.model:
        with open(options.output / "prompted.jsonl", "w") as f:
            for row in prompted(options):
                f.write(json.dumps(row) + "\n")
                f.flush()
                print(row["strategy"], row["right"].count("1"), "of", len(row["right"]), "no answer", row["no_answer"])
    elif not options.table:
        for seed in range(1, options.seeds + 1):
            for arm in options.arms.split(","):
                if any((r["arm"], r["seed"]) == (arm, seed) for r in rows):
                    continue
                new = list(run(options, arm, seed))
                rows += new
                with open(file, "a") as f:
                    f.writelines(json.dumps(row) + "\n" for row in new)
    table(rows)


if __name__ == "__main__":
    main()
