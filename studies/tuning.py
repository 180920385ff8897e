#!/usr/bin/env python3
"""What LoRA makes of a small language model, six seeds: the kind of a product from its name, against 16 examples in the prompt of the
same model (studies/in_context.py, the same test names), and the perplexity of Shakespeare's plays.

    tuning.py --graft build/release/src/graft/cli/graft --model gemma-3-270m-q4_k_m.gguf --captions captions.csv
        --plays tinyshakespeare.txt -o studies/tuning          goes on where it was stopped
    tuning.py --table -o studies/tuning                        what the results come to, beside studies/in-context

  model, captions  as in_context.py says
  plays            input.txt of github.com/karpathy/char-rnn, data/tinyshakespeare (public domain), 1,115,394 bytes

Kinds: 96 of the train names, 16 of a kind, twice each; a seed draws them, their order and the initial values; asked without an example.
Plays: the first 10,000 characters behind a place that the seed draws, in pieces of about 400, once; told by `graft lm score` of the last
4,000 as one text, which no seed learns from.
LoRA of rank 8 on the queries and values of the quantised base, a row of 128 tokens a step, otherwise as `graft lm train` has it."""
import argparse
import csv
import json
import math
import pathlib
import random
import statistics
import subprocess
import tempfile

from in_context import KINDS, kinds, mean, paired

SEEDS = range(1, 7)
T_OF_FIVE = 2.571  # Student's, 95 %, of six seeds
OF_A_KIND, LEARNED, TOLD = 16, 10_000, 4_000


def question(name):
    return f"Product: {name}\nKind:"


def train(options, folder, data, validation, *given):
    told = subprocess.run([options.graft, "lm", "train", "--model", options.model, "--data", folder / data,
                           *(["--validation", folder / validation] if validation else []), "--precision", "bf16", "--max-length", "128", "--batch-size", "1", "-o", folder / "run", "-q", "--json",
                           *map(str, given)], check=True, stdout=subprocess.PIPE)
    return json.loads(told.stdout.splitlines()[-1])


def of_kinds(options, seed):
    items = kinds(options.captions)
    draw = random.Random(seed)
    learned = []
    for kind in KINDS:
        learned += draw.sample([item for item in items if item[0] == "train" and item[2] == kind], OF_A_KIND)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, rows in (("learned.jsonl", learned), ("told.jsonl", [item for item in items if item[0] == "test"])):
            (folder / file).write_text("".join(json.dumps({"prompt": question(text), "completion": f" {kind}"}) + "\n"
                                               for _, text, kind in rows))
        told = train(options, folder, "learned.jsonl", "told.jsonl", "--lr", "0.001", "--epochs", 2, "--seed", seed)
        with open(folder / "items.csv", "w") as f:
            csv.writer(f).writerows([("split", "text", "kind"), *items])
        (folder / "task.yaml").write_text('task: kinds\noutput_type: multiple_choice\ndoc_to_text: "Product: {{text}}\\nKind:"\n'
                                          "doc_to_target: kind\nmetric_list: [{metric: acc}]\n")
        subprocess.run([options.graft, "lm", "prompt", "--model", options.model, "--adapter", folder / "run", "--data", folder / "items.csv",
                        "--template", folder / "task.yaml", "--precision", "bf16", "--examples", "0", "--calibrate", "-o",
                        folder / "out", "-q"], check=True, stdout=subprocess.DEVNULL)
        answers = [json.loads(line) for line in (folder / "out" / "k0.jsonl").read_text().splitlines()]
    return {"task": "kinds", "seed": seed, "before": told["perplexity_before"], "after": told["perplexity"], "steps": told["steps"],
            "seconds": round(told["seconds"], 1),
            **{metric: "".join(str(int(a["values"][metric])) for a in answers) for metric in ("acc", "acc_calibrated")}}


def pieces(text):
    """Whole lines, of 400 characters or a few more."""
    piece = ""
    for line in text.splitlines(keepends=True):
        piece += line
        if len(piece) >= 400:
            yield piece
            piece = ""


def perplexities(options, file, *given):
    told = subprocess.run([options.graft, "lm", "score", "--model", options.model, "--data", file, "--precision", "bf16", "-q", "--json",
                           *given], check=True, stdout=subprocess.PIPE)
    row = json.loads(told.stdout.splitlines()[0])
    return {key: row[key] for key in ("token_perplexity", "word_perplexity", "tokens", "words")}


def of_plays(options, seed):
    text = options.plays.read_text()
    begin = random.Random(seed).randrange(len(text) - TOLD - LEARNED)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "learned.jsonl").write_text("".join(json.dumps({"text": piece}) + "\n" for piece in pieces(text[begin:begin + LEARNED])))
        (folder / "told.jsonl").write_text(json.dumps({"text": text[-TOLD:]}) + "\n")
        told = train(options, folder, "learned.jsonl", None, "--lr", "0.0005", "--seed", seed)
        before = perplexities(options, folder / "told.jsonl")
        after = perplexities(options, folder / "told.jsonl", "--adapter", folder / "run")
    return {"task": "plays", "seed": seed, "before": before, "after": after, "steps": told["steps"], "seconds": round(told["seconds"], 1)}


def over_seeds(values):
    half = T_OF_FIVE * statistics.stdev(values) / math.sqrt(len(values))
    return f"{statistics.mean(values):.2f} ({statistics.mean(values) - half:.2f} to {statistics.mean(values) + half:.2f})"


def table(rows, prompted):
    if len(of := [r for r in rows if r["task"] == "plays"]) > 1:
        for kind in ("token", "word"):
            told = [r["after"][f"{kind}_perplexity"] for r in of]
            before = of[0]["before"]
            print(f"plays: {len(of)} seeds, {before[kind + 's']} {kind}s, perplexity a {kind} before {before[kind + '_perplexity']:.2f}, after "
                  f"{over_seeds(told)}, {min(told):.2f} to {max(told):.2f}; {of[0]['steps']} steps, "
                  f"{min(r['seconds'] for r in of)} to {max(r['seconds'] for r in of)} s")
    if len(of := [r for r in rows if r["task"] == "kinds"]) > 1:
        print(f"kinds: {len(of)} seeds, perplexity before {of[0]['before']:.2f}, after {over_seeds([r['after'] for r in of])}, "
              f"{min(r['steps'] for r in of)} to {max(r['steps'] for r in of)} steps, {min(r['seconds'] for r in of)} to "
              f"{max(r['seconds'] for r in of)} s")
        for metric in ("acc", "acc_calibrated"):
            tuned = [r[metric] for r in of]
            print(f"  {metric} tuned {over_seeds([100 * mean(r) for r in tuned])}, {min(map(mean, tuned)):.3f} to {max(map(mean, tuned)):.3f}")
            for k, arm, orders in ((0, "none", 1), (16, "random", 2)):
                if asked := [r[metric] for r in prompted if (r["task"], r["arm"], r["k"]) == ("kinds", arm, k)]:
                    print(f"    k {k} without tuning {100 * statistics.mean(map(mean, asked)):.1f}; tuned - that {paired(tuned, asked, (1, orders), same=False)}")


def read(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--graft", default="graft")
    parser.add_argument("--model")
    parser.add_argument("--captions")
    parser.add_argument("--plays", type=pathlib.Path)
    parser.add_argument("--tasks", default="kinds,plays")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    file = options.output / "results.jsonl"
    rows = read(file)
    if not options.table:
        options.output.mkdir(parents=True, exist_ok=True)
        for seed in SEEDS:
            for task, run in (("plays", of_plays), ("kinds", of_kinds)):
                if task not in options.tasks.split(",") or any((r["task"], r["seed"]) == (task, seed) for r in rows):
                    continue
                rows.append(run(options, seed))
                with open(file, "a") as f:
                    f.write(json.dumps(rows[-1]) + "\n")
    table(rows, read(options.output.parent / "in-context" / "results.jsonl"))


if __name__ == "__main__":
    main()
