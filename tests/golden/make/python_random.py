"""Writes ../python_random.json: what CPython's random draws, and the few-shot splits that CoOp's protocol makes of it.

    python python_random.py

Needs nothing but Python. The protocol: random.seed(seed); for each class in the order of its first appearance,
random.sample(items, shots) from train; then min(shots, 4) from val, with random.choices where there are too few.
"""

import json
import os
import random


def draws(seed):
    rng = random.Random(seed)
    result = {"seed": seed, "random": [rng.random() for _ in range(3)]}
    result["bits"] = [[k, str(rng.getrandbits(k))] for k in (1, 7, 31, 32, 33, 53, 64)]
    result["below"] = [[n, rng.randrange(n)] for n in (1, 2, 3, 1000, 2**31, 2**40)]
    result["sample"] = [[n, k, rng.sample(range(n), k)] for n, k in ((1, 1), (5, 5), (21, 4), (22, 4), (100, 16), (84, 6), (86, 6), (3000, 40), (10, 0))]
    items = list(range(12))
    rng.shuffle(items)
    result["shuffle"] = items
    result["choices"] = rng.choices(range(7), k=5)
    return result


def group(samples):
    classes = {}
    for file, label in samples:
        classes.setdefault(label, []).append(file)
    return classes


def few_shot(train, val, shots, seed):
    random.seed(seed)
    out = []
    for samples, count in ((train, shots), (val, min(shots, 4))):
        chosen = []
        for label, files in group(samples).items():
            picked = random.sample(files, count) if len(files) >= count else random.choices(files, k=count)
            chosen += [[file, label] for file in picked]
        out.append(chosen)
    return out


def main():
    rng = random.Random(5)
    train = [[f"t{i}.jpg", rng.randrange(6)] for i in range(400)]
    val = [[f"v{i}.jpg", rng.randrange(6)] for i in range(15)]
    splits = []
    for shots in (1, 2, 4, 8, 16):
        for seed in (1, 2, 3):
            new_train, new_val = few_shot(train, val, shots, seed)
            splits.append({"shots": shots, "seed": seed, "train": new_train, "val": new_val})
    result = {"draws": [draws(seed) for seed in (0, 1, 2, 3, 42, 2**32 - 1, 2**32, 2**53 + 1)],
              "train": train, "val": val, "few_shot": splits}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python_random.json")
    with open(path, "w") as file:
        json.dump(result, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
