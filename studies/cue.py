#!/usr/bin/env python3
"""Photos with a planted cue: shoes and bags, cut out of product photos, on meadows and on streets. 95 of 100 shoes
stand on a street and 95 of 100 bags on a meadow, to train on and in the held-out split val; to test on each stands on
each equally often. Objects and backgrounds of a split are in no other. Writes JPEGs of 64 pixels, table.csv with file,
split, label and group, and masks/ of what was put in, for graft segment swap.

    cue.py --products DIR --meadows DIR --streets DIR -o data/cue        needs Pillow and numpy

  products   photos on white in DIR/captions.csv (file, subCategory) and beside it: Shoes and Bags
  meadows    photos of flowers, DIR/*/*.jpg
  streets    photos from a car (CamVid), below DIR
"""
import argparse
import csv
import random
from pathlib import Path

import numpy as np
from PIL import Image

SIDE, LARGEST = 64, 60  # pixels of a photo, and of the longer side of what stands in it
CUE = 0.95
CLASSES = {"shoe": ("Shoes", "street"), "bag": ("Bags", "meadow")}  # what it is cut out of, where it mostly stands
SPLITS = {"train": (0.5, 600), "val": (0.2, 600), "test": (0.3, 400)}  # share of the objects; photos of a class
WHITE = 238  # a product photo's ground is at least so light, in each channel


def cut_out(path):
    """RGBA, tight: clear is what is white and hangs together with the border."""
    rgb = np.asarray(Image.open(path).convert("RGB"))
    light = (rgb >= WHITE).all(2)
    outside = np.zeros_like(light)
    outside[0], outside[-1], outside[:, 0], outside[:, -1] = light[0], light[-1], light[:, 0], light[:, -1]
    while True:
        grown = outside.copy()
        for axis in (0, 1):
            for step in (1, -1):
                moved = np.roll(outside, step, axis)
                edge = [slice(None)] * 2
                edge[axis] = 0 if step == 1 else -1
                moved[tuple(edge)] = False
                grown |= moved
        grown &= light
        if (grown == outside).all():
            break
        outside = grown
    rows, columns = np.where(~outside)
    if len(rows) < 150:
        return None
    rgba = np.dstack([rgb, np.where(outside, 0, 255).astype(np.uint8)])
    return Image.fromarray(rgba[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])


def place(thing, ground, rng):
    """The thing on a square of the ground, both by chance; and where it is, 1."""
    side = min(ground.size) * rng.uniform(0.6, 1)
    left, top = rng.uniform(0, ground.width - side), rng.uniform(0, ground.height - side)
    photo = ground.resize((SIDE, SIDE), Image.BICUBIC, (left, top, left + side, top + side))
    scale = LARGEST * rng.uniform(0.7, 1) / max(thing.size)
    thing = thing.resize((max(1, round(thing.width * scale)), max(1, round(thing.height * scale))), Image.BICUBIC)
    at = rng.randint(0, SIDE - thing.width), rng.randint(0, SIDE - thing.height)
    photo.paste(thing, at, thing)
    mask = Image.new("L", photo.size)
    mask.paste(thing.getchannel("A").point(lambda alpha: int(alpha > 0)), at)
    return photo, mask


def shared_out(items, rng):
    """The items by split, none in two."""
    items, dealt, begin = sorted(items), {}, 0
    rng.shuffle(items)
    for name, (share, _) in SPLITS.items():
        end = begin + round(share * len(items))
        dealt[name] = items[begin:end]
        begin = end
    return dealt


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("products", "meadows", "streets"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    rng = random.Random(1)
    grounds = {
        "meadow": shared_out(args.meadows.glob("*/*.jpg"), rng),
        "street": shared_out([p for p in args.streets.rglob("*") if p.suffix in (".jpg", ".png")
                              and "annot" not in str(p) and "mask" not in str(p) and "label" not in str(p)], rng),
    }
    with open(args.products / "captions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    args.output.mkdir(parents=True)
    opened = {}
    with open(args.output / "table.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "split", "label", "group"])
        for name, (source, usual) in CLASSES.items():
            files = [args.products / row["file"] for row in rows if row["subCategory"] == source]
            files = [path if path.exists() else args.products / "images" / path.name for path in files]
            cuts = {path: cut for path in files if (cut := cut_out(path))}
            other = next(ground for ground in grounds if ground != usual)
            for split, objects in shared_out(cuts, rng).items():
                count = SPLITS[split][1]
                for i in range(count):
                    share = 0.5 if split == "test" else CUE
                    ground = usual if i < share * count else other
                    path = rng.choice(grounds[ground][split])
                    if path not in opened:
                        opened[path] = Image.open(path).convert("RGB")
                    photo, mask = place(cuts[objects[i % len(objects)]], opened[path], rng)
                    out = f"{split}/{name}-{ground}-{i:03}.jpg"
                    for folder in (split, f"masks/{split}"):
                        (args.output / folder).mkdir(parents=True, exist_ok=True)
                    photo.save(args.output / out, quality=92)
                    mask.save((args.output / "masks" / out).with_suffix(".png"))
                    table.writerow([out, split, name, f"{name} on {ground}"])


if __name__ == "__main__":
    main()
