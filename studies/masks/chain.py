#!/usr/bin/env python3
"""The chain from photos to a segmenter on photos whose true masks are known (coco.py), and the same with one of its stages
replaced by what errs nowhere, or by what knows nothing: where the loss lies.

    chain.py --graft graft --data data/coco --model VIT [--random RANDOM-VIT] -o chain      writes chain/table.md, chain/results.json

Each row: the pseudo masks and a linear head trained on those of the train photos, in two rounds, on the val photos, which
no training saw; mean IoU of background and 12 classes, clusters matched one to one, with 95 % intervals over photos.
"""
import argparse
import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image


def say(*words):
    print(*words, file=sys.stderr, flush=True)


class Chain:
    def __init__(self, args):
        self.args = args

    def run(self, *words):
        done = subprocess.run([self.args.graft, *map(str, words)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"graft {' '.join(map(str, words))}\n{done.stderr[-2000:]}")
        return done.stdout

    def discover(self, folder, model, saliency, core, seed):
        block = ["--saliency-block", self.args.block] if saliency.split(":")[0] not in ("folder", "rbd", "mc", "model") else []
        self.run("segment", "discover", "--images", self.args.data / "photos", "--features", model, "--saliency", saliency, *block,
                 "--saliency-side", self.args.side, "--crop-size", self.args.side, "--at", f"block.{self.args.block}", "--row", "patches", "--clusters", 12, "--core", core, "--seed", seed,
                 "-o", folder, "-q")

    def score(self, masks, split):
        masks = masks / split if (masks / split).is_dir() else masks  # of photos in folders of splits
        lines = self.run("segment", "evaluate", masks, "--masks", self.args.data / "truth" / split,
                         "--classes", self.args.data / "truth" / "classes.txt", "--json", "-q")
        found = json.loads(lines.splitlines()[-1])
        return {name: dict(miou=found[name]["miou"], low=found[name]["miou_interval"][0], high=found[name]["miou_interval"][1],
                           accuracy=found[name]["accuracy"]) for name in ("one_to_one", "majority")}

    def objects(self, folder):
        """Mean IoU of the regions with all true things together, over val photos; a photo without a region has none."""
        found = []
        for file in sorted((self.args.data / "objects" / "val").glob("*.png")):
            truth = np.asarray(Image.open(file)) > 0
            region = folder / "regions" / "val" / file.name
            told = np.asarray(Image.open(region)) > 0 if region.exists() else np.zeros_like(truth)
            if truth.any():
                found.append((truth & told).sum() / (truth | told).sum())
        return float(np.mean(found))

    def set_clusters(self, folder, number_of):
        file = folder / "clusters" / "clusters.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line, number in zip(lines, number_of(lines)):
            line["cluster"] = number
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def true_classes(self, folder):
        def number_of(lines):
            for line in lines:
                name = str(Path(line["photo"]).with_suffix(".png"))
                truth, region = (np.asarray(Image.open(root / name)) for root in (self.args.data / "truth", folder / "regions"))
                inside = Counter(truth[(region > 0) & (truth > 0)].tolist())
                yield inside.most_common(1)[0][0] if inside else random.Random(name).randint(1, 12)
        self.set_clusters(folder, number_of)

    def shuffled(self, folder, seed):
        def number_of(lines):
            numbers = [line["cluster"] for line in lines]
            random.Random(seed).shuffle(numbers)
            return numbers
        self.set_clusters(folder, number_of)

    def students(self, folder, seed):
        """Scores on val of two rounds trained on the pseudo masks of train."""
        train = folder.with_name(f"{folder.name}-train-{seed}")
        shutil.rmtree(train, ignore_errors=True)
        for part in ("images", "masks"):
            (train / part).mkdir(parents=True)
        for mask in sorted((folder / "masks" / "train").glob("*.png")):
            shutil.copyfile(mask, train / "masks" / mask.name)
            shutil.copyfile(self.args.data / "photos" / "train" / f"{mask.stem}.jpg", train / "images" / f"{mask.stem}.jpg")
        shutil.copyfile(folder / "classes.txt", train / "classes.txt")
        runs = train / "runs"
        self.run("segment", "train", train, "--model", self.args.model, "--method", "linear-probe", "--image-size", self.args.side, "--epochs", 20, "--rounds", 2,
                 "--seed", seed, "-o", runs, "-q")
        scores = []
        for number in (1, 2):
            told = train / f"told-{number}"
            self.run("predict", runs / f"round-{number}", self.args.data / "photos" / "val", "-o", told, "-q")
            scores.append(self.score(told / "masks", "val"))
        return scores

    def arm(self, name, saliency, model=None, classes=None, seed=1, training_seed=1):
        folder = self.args.output / name.replace(" ", "-")
        model = model or self.args.model
        row = dict(name=name)
        self.discover(folder, model, saliency, 100, seed)
        if classes:
            classes(folder)
            self.discover(folder, model, saliency, 100, seed)
        row["objects"] = self.objects(folder)
        row["pseudo"] = self.score(folder / "masks", "val")
        if not classes:
            self.discover(folder, model, saliency, 80, seed)
        row["rounds"] = self.students(folder, training_seed)
        say(f"{name}: objects {row['objects']:.3f}", *(f"{r['one_to_one']['miou']:.3f}" for r in (row["pseudo"], *row["rounds"])))
        return row


def table(rows):
    def cell(score):
        one = score["one_to_one"]
        return f"{100 * one['miou']:.1f} ({100 * one['low']:.1f} to {100 * one['high']:.1f})"

    lines = ["| | objects, IoU | pseudo masks | round 1 | round 2 |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        cells = [row["name"], f"{row['objects']:.3f}", cell(row["pseudo"]), *map(cell, row["rounds"])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graft", default="graft")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--random", type=Path, help="a ViT of the same shape whose weights are drawn")
    parser.add_argument("--saliency", default="found")
    parser.add_argument("--block", type=int, default=7)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    chain = Chain(args)
    truth = f"folder:{args.data / 'objects'}"
    rows = [chain.arm("the chain", args.saliency)]
    rows += [chain.arm(f"clustering seed {seed}", args.saliency, seed=seed) for seed in range(2, args.seeds + 1)]
    rows += [chain.arm(f"training seed {seed}", args.saliency, training_seed=seed) for seed in range(2, args.seeds + 1)]
    rows += [chain.arm("true objects", truth),
             chain.arm("true classes", args.saliency, classes=chain.true_classes),
             chain.arm("true objects and classes", truth, classes=chain.true_classes),
             chain.arm("shuffled clusters", args.saliency, classes=lambda folder: chain.shuffled(folder, 1)),
             chain.arm("true objects shuffled clusters", truth, classes=lambda folder: chain.shuffled(folder, 1))]
    if args.random:
        rows.append(chain.arm("random features", truth, model=args.random))
    (args.output / "results.json").write_text(json.dumps(rows, indent=1) + "\n")
    (args.output / "table.md").write_text(table(rows))
    print(table(rows))


if __name__ == "__main__":
    main()
