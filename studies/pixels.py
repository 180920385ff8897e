#!/usr/bin/env python3
"""Small photos of IDX files (MNIST, Fashion-MNIST) as rows of features: their pixels, from 0 to 1.

The first N go to train and the others to test, unless test files are given. With --shift S each photo to train on comes
in all (2 S + 1)^2 places up to S pixels away: what a network of fully connected layers cannot know of photos.

    pixels.py IMAGES.gz LABELS.gz --train 8000 [--test IMAGES.gz LABELS.gz] [--shift 1] -o mnist.npz      needs numpy
"""
import argparse
import gzip
from pathlib import Path

import numpy as np


def read_idx(path):
    data = gzip.decompress(Path(path).read_bytes())
    sizes = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)


def shifted(photos, most):
    padded = np.pad(photos, ((0, 0), (most, most), (most, most)))
    height, width = photos.shape[1:]
    steps = range(2 * most + 1)
    return np.concatenate([padded[:, y : y + height, x : x + width] for y in steps for x in steps])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images")
    parser.add_argument("labels")
    parser.add_argument("--train", type=int, required=True)
    parser.add_argument("--test", nargs=2, metavar=("IMAGES", "LABELS"))
    parser.add_argument("--shift", type=int, default=0)
    parser.add_argument("-o", "--output", required=True)
    args = parser.parse_args()
    photos, labels = read_idx(args.images), read_idx(args.labels)
    test = [read_idx(file) for file in args.test] if args.test else [photos[args.train :], labels[args.train :]]
    train = [shifted(photos[: args.train], args.shift), np.tile(labels[: args.train], (2 * args.shift + 1) ** 2)]
    rows = np.concatenate([train[0], test[0]])
    np.savez(args.output, features=rows.reshape(len(rows), -1).astype(np.float32) / 255,
             labels=np.concatenate([train[1], test[1]]).astype(np.int64),
             splits=np.array(["train"] * len(train[0]) + ["test"] * len(test[0])))


if __name__ == "__main__":
    main()
