#!/usr/bin/env python3
"""A sheet of photos through the stages of a folder that `graft segment discover` wrote: photo, saliency, region, pseudo mask,
and what a segmenter tells.

    sheet.py seg told -o sheet.png [--photos 6]        told: as graft predict writes it; needs numpy and Pillow
"""
import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE, GAP, HEAD = 112, 6, 18
COLOURS = np.array([[255, 255, 255], [214, 69, 65], [45, 125, 210], [88, 160, 70], [230, 160, 40], [140, 90, 170]])


def over(photo, mask):
    """The photo in grey, with each class in its colour."""
    grey = np.repeat(np.asarray(photo.convert("L"), float)[..., None], 3, 2) * 0.4 + 150
    colours = COLOURS[mask % len(COLOURS)]
    return Image.fromarray(np.where(mask[..., None] > 0, 0.35 * grey + 0.65 * colours, grey).clip(0, 255).astype(np.uint8))


def fitted(image):
    image = image.convert("RGB")
    image.thumbnail((SIDE, SIDE))
    cell = Image.new("RGB", (SIDE, SIDE), "white")
    cell.paste(image, ((SIDE - image.width) // 2, (SIDE - image.height) // 2))
    return cell


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seg", type=Path)
    parser.add_argument("told", type=Path)
    parser.add_argument("--photos", type=int, default=6)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    masks = sorted((args.seg / "masks").glob("*.png"))
    masks = masks[:: max(1, len(masks) // args.photos)][: args.photos]
    columns = []
    for mask in masks:
        photo = Image.open(next((args.seg / "images").glob(f"{mask.stem}.*"))).convert("RGB")
        region = np.asarray(Image.open(args.seg / "regions" / mask.name)) > 0
        cut = Image.fromarray(np.where(region[..., None], np.asarray(photo), 225).astype(np.uint8))
        told = Image.open(args.told / "masks" / mask.name)
        columns.append([photo, Image.open(args.seg / "saliency" / mask.name), cut, over(photo, np.asarray(Image.open(mask))),
                        over(photo, np.asarray(told.resize(photo.size, Image.NEAREST)))])
    sheet = Image.new("RGB", (len(columns) * (SIDE + GAP) - GAP, 5 * (SIDE + HEAD)), "white")
    for row, name in enumerate(("photo", "saliency", "region", "pseudo mask", "segmenter")):
        ImageDraw.Draw(sheet).text((2, row * (SIDE + HEAD) + 3), name, fill=(90, 90, 90))
        for column, cells in enumerate(columns):
            sheet.paste(fitted(cells[row]), (column * (SIDE + GAP), row * (SIDE + HEAD) + HEAD))
    sheet.save(args.output, optimize=True)


if __name__ == "__main__":
    main()
