#!/usr/bin/env python3
"""Masks by words (`graft segment words`) on photos whose true semantic masks are known: how good they are, and how that
hangs on the template, the reading and the model.

    words.py --graft graft --data FOLDER... --config NAMES.yaml --model [NAME=]CLIP... -o words      writes words/table.md, words/results.json

FOLDER: images/x.jpg and semantic/x.png in COCO's panoptic numbers, whose names the YAML lists ("1: person" a line; 0 is not
counted). Two questions: `all`, which of all classes that occur each pixel is; `known`, which of eight kinds of thing that
CIFAR-10 has too a pixel is that is of one of them. Beside them stand what knows nothing: the same answers under names that
were dealt out anew (`shuffled`), and the most frequent class everywhere (`constant`). Needs numpy and Pillow.
"""
import argparse
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

TEMPLATES = {"name alone": "{}", "a photo of a": "a photo of a {}.", "a blurry photo": "a blurry photo of a {}.",
             "in the scene": "a photo of a {} in the scene.", "a product photo": "a product photo of {}."}
TEMPLATES["ensemble of the five"] = "\n".join(TEMPLATES.values())
READINGS = {"refined": ["--refine"], "128 pixels": ["--side", "128"], "windows": ["--windows"]}
KNOWN = ["airplane", "car", "bird", "cat", "dog", "horse", "boat", "truck"]


def names_of(file):
    lines = re.findall(r"^  (\d+): (.+)$", file.read_text(), re.M)
    return {int(number): re.sub(r"-(merged|other|stuff)\b", "", name).replace("-", " ") for number, name in lines}


class Words:
    def __init__(self, args):
        self.args, self.rows = args, []

    def run(self, *words):
        done = subprocess.run([self.args.graft, *map(str, words)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"graft {' '.join(map(str, words))}\n{done.stderr[-2000:]}")
        return done.stdout

    def truth(self, question, names):
        """The photos of which something is asked, and their masks in places of the list of names."""
        places = np.full(256, 255, np.uint8)
        for number, name in self.names.items():
            if name in names:
                places[number] = names.index(name)
        folder = self.args.output / question
        (folder / "photos").mkdir(parents=True), (folder / "truth").mkdir()
        pixels = np.zeros(256, int)
        for data in self.args.data:
            for file in sorted((data / "semantic").glob("*.png")):
                mask = places[np.asarray(Image.open(file))]
                pixels += np.bincount(mask.ravel(), minlength=256)
                if (mask != 255).any():
                    Image.fromarray(mask).save(folder / "truth" / file.name)
                    shutil.copyfile(data / "images" / f"{file.stem}.jpg", folder / "photos" / f"{file.stem}.jpg")
        (folder / "truth" / "classes.txt").write_text("\n".join(names) + "\n")
        self.pixels = pixels[:len(names)]
        return folder

    def score(self, question, folder, told, *what):
        lines = self.run("segment", "evaluate", told, "--masks", folder / "truth", "--json", "-q")
        found = json.loads(lines.splitlines()[-1])["by_name"]
        row = dict(question=question, model=what[0], template=what[1], reading=what[2], miou=found["miou"],
                   miou_interval=found["miou_interval"], accuracy=found["accuracy"], accuracy_interval=found["accuracy_interval"])
        self.rows.append(row)
        print(*(row[k] for k in ("question", "model", "template", "reading")), f"{100 * row['miou']:.2f}",
              f"{100 * row['accuracy']:.2f}", file=sys.stderr, flush=True)

    def ask(self, question, folder, model, template, reading, words):
        name, path = model
        told = folder / "told"
        shutil.rmtree(told, ignore_errors=True)
        self.run("segment", "words", "--model", path, "--images", folder / "photos", "--classes", folder / "truth" / "classes.txt",
                 "--template", TEMPLATES[template], *words, "-o", told, "-q")
        self.score(question, folder, told, name, template, reading)
        if template == "name alone" and reading == "as it reads":  # the same answers by other names
            names = (told / "classes.txt").read_text().splitlines()
            random.Random(1).shuffle(names)
            (told / "classes.txt").write_text("\n".join(names) + "\n")
            self.score(question, folder, told, name, template, "shuffled")

    def all(self):
        self.names = names_of(self.args.config)
        seen = set()
        for data in self.args.data:
            for file in (data / "semantic").glob("*.png"):
                seen |= set(np.unique(np.asarray(Image.open(file))).tolist())
        occurring = [name for number, name in sorted(self.names.items()) if number in seen and number != 0]
        for question, names in (("known", KNOWN), ("all", occurring)):
            folder = self.truth(question, names)
            share = self.pixels / self.pixels.sum()
            self.rows.append(dict(question=question, model="-", template="-", reading="constant", miou=share.max() / len(names),
                                  accuracy=share.max(), classes=len(names), photos=len(list((folder / "photos").iterdir()))))
            for model in self.args.model:
                for template in TEMPLATES:
                    self.ask(question, folder, model, template, "as it reads", [])
                for reading, words in READINGS.items():
                    self.ask(question, folder, model, "name alone", reading, words)
            shutil.rmtree(folder)

    def write(self):
        (self.args.output / "results.json").write_text(json.dumps(self.rows, indent=1) + "\n")
        shown = lambda row, key: f"{100 * row[key]:.1f}" + (
            " ({:.1f} to {:.1f})".format(*(100 * x for x in row[f"{key}_interval"])) if f"{key}_interval" in row else "")
        lines = ["| question | model | template | reading | mIoU | pixel accuracy |", "| --- | --- | --- | --- | --- | --- |"]
        lines += [f"| {r['question']} | {r['model']} | {r['template']} | {r['reading']} | {shown(r, 'miou')} | {shown(r, 'accuracy')} |"
                  for r in self.rows]
        (self.args.output / "table.md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graft", default="graft")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--model", nargs="+", required=True, type=lambda text: tuple(text.split("=", 1)) if "=" in text else (Path(text).name, text))
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    words = Words(args)
    words.all()
    words.write()


if __name__ == "__main__":
    main()
