#!/usr/bin/env python3
"""Photos with polygons in YOLO's form as what the study of masks reads, COCO's 80 kinds of thing as its 12 kinds of kinds:

  photos/{train,val}/x.jpg                 as they are
  truth/{train,val}/x.png, classes.txt     masks: background and 12 classes, smaller things before larger ones
  objects/{train,val}/x.png                white where any of it is: what a saliency that errs nowhere would say

    coco.py --train FOLDER --val FOLDER -o data/coco        folders with images/ and polygons/; needs Pillow and numpy
"""
import argparse
import shutil
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

# The first of each in COCO's order of 80.
KINDS = {"person": 0, "vehicle": 1, "outdoor": 9, "animal": 14, "accessory": 24, "sports": 29, "kitchen": 39, "food": 46,
         "furniture": 56, "electronic": 62, "appliance": 68, "indoor": 73}


def kind(number):
    return 1 + max(i for i, first in enumerate(KINDS.values()) if first <= number)


def polygons(file, size):
    """(number, corners in pixels), the largest first."""
    found = []
    for line in file.read_text().splitlines():
        number, *places = line.split()
        corners = np.array(places, float).reshape(-1, 2) * size
        x, y = corners.T
        found.append((abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))), int(number), corners))
    return [(number, corners) for _, number, corners in sorted(found, key=lambda each: -each[0])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    for split in ("train", "val"):
        source = getattr(args, split)
        for part in ("photos", "truth", "objects"):
            (args.output / part / split).mkdir(parents=True)
        for file in sorted((source / "polygons").glob("*.txt")):
            photo = source / "images" / f"{file.stem}.jpg"
            size = Image.open(photo).size
            mask = Image.new("L", size)
            for number, corners in polygons(file, size):
                ImageDraw.Draw(mask).polygon([tuple(corner) for corner in corners], fill=kind(number))
            shutil.copyfile(photo, args.output / "photos" / split / photo.name)
            mask.save(args.output / "truth" / split / f"{file.stem}.png")
            mask.point(lambda value: 255 if value else 0).save(args.output / "objects" / split / f"{file.stem}.png")
    (args.output / "truth" / "classes.txt").write_text("\n".join(["background", *KINDS]) + "\n")


if __name__ == "__main__":
    main()
