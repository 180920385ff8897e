#!/usr/bin/env python3
"""What a run knows of the order of frames: a clip of make_clips.py beside its own reversal, which has its number.

Accuracy stays at 50 % for as long as a clip's answer hangs on what is seen rather than on when, for then both clips of a
pair get the same answer. Whether the score of the first class is higher for the clip than for its reversal shows the order
much earlier. Half the difference of a pair's two logits is what the order gives; their mean is what the pictures give.

    pairs.py RUN/predictions.jsonl ...
"""
import json
import math
import statistics
import sys


def pairs_of(path):
    """Logits of the first class of a pair against the second: for the clip of the first, and for that of the second."""
    rows = [json.loads(line) for line in open(path)]
    classes = sorted({row["label"] for row in rows})
    pairs = {}
    for row in rows:
        pairs.setdefault(row["file"].split("/")[-1], {})[row["label"]] = row["scores"]
    for pair in pairs.values():
        if len(pair) == 2:
            first, second = sorted(pair)
            yield [math.log(max(pair[label][classes.index(first)], 1e-30) / max(pair[label][classes.index(second)], 1e-30))
                   for label in (first, second)]


def won(margin):
    return 0.5 if margin == 0 else float(margin > 0)


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    print("told apart  accuracy  order  pictures  pairs")
    for path in sys.argv[1:]:
        pairs = list(pairs_of(path))
        apart = statistics.mean(won(a - b) for a, b in pairs)
        right = statistics.mean((won(a) + won(-b)) / 2 for a, b in pairs)
        order = math.sqrt(statistics.mean(((a - b) / 2) ** 2 for a, b in pairs))
        pictures = statistics.pstdev((a + b) / 2 for a, b in pairs)
        print(f"{100 * apart:8.1f} %  {100 * right:6.1f} %  {order:5.3f}  {pictures:8.3f}  {len(pairs):5}  {path}")


if __name__ == "__main__":
    main()
