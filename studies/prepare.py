#!/usr/bin/env python3
"""The data sets of the studies here as class folders, from what can be had:

  flowers5       photos in CLASS/*.jpg                  two of three to train on, by a hash of the name
  cifar10        photos in {train,test}/CLASS/*         as they are
  fashion-mnist  the four IDX files, gzipped            the first 200 of each class to train on, the first 100 to test

    prepare.py --flowers5 DIR --cifar10 DIR --fashion-mnist DIR -o data       needs Pillow and numpy
"""
import argparse
import gzip
import hashlib
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

CLOTHES = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]


def flowers5(source, target):
    for photo in sorted(source.glob("*/*.jpg")):
        third = int(hashlib.sha256(photo.name.encode()).hexdigest(), 16) % 3
        folder = target / ("test" if third == 0 else "train") / photo.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, folder / photo.name)


def read_idx(path):
    data = gzip.decompress(path.read_bytes())
    sizes = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)


def fashion_mnist(source, target):
    for split, stem, most in (("train", "train", 200), ("test", "t10k", 100)):
        photos, labels = (read_idx(next(source.glob(f"{stem}*{kind}*.gz"))) for kind in ("images", "labels"))
        for label, name in enumerate(CLOTHES):
            folder = target / split / name
            folder.mkdir(parents=True)
            for row in np.flatnonzero(labels == label)[:most]:
                Image.fromarray(photos[row]).save(folder / f"{row:05}.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("flowers5", "cifar10", "fashion-mnist"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    args.output.mkdir(parents=True)
    flowers5(args.flowers5, args.output / "flowers5")
    shutil.copytree(args.cifar10, args.output / "cifar10")
    fashion_mnist(args.fashion_mnist, args.output / "fashion-mnist")


if __name__ == "__main__":
    main()
