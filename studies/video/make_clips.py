#!/usr/bin/env python3
"""Clips whose classes differ in time alone: cut-out objects that move over photos.

Eight classes in four pairs, each the other one backwards: left, right; grow, shrink; turn-left, turn-right; hop-flash
(the object hops, later it flashes), flash-hop. Every clip lies there with its reversal in the other class, frame by
frame the same pictures, so that whoever averages frames is right for one of the two at most. Objects and photos of the
test split (and of val) are shown in no other. Writes SPLIT/CLASS/CLIP/img_00001.jpg ...

    make_clips.py --objects DIR_OF_RGBA_PNGS --photos DIR_OF_PHOTOS -o clips [--train 640 --val 80 --test 320]
    make_clips.py ... -o grow --pairs grow --train 600 --test 80      # grow against shrink alone

Objects: Debian's tuxpaint-stamps-default has 344 (/usr/share/tuxpaint/stamps). Needs Pillow and numpy.
"""
import argparse
import math
import random
from pathlib import Path

from PIL import Image, ImageEnhance

REVERSED = {
    "left": "right",
    "grow": "shrink",
    "turn-left": "turn-right",
    "hop-flash": "flash-hop",
}
REVERSED |= {b: a for a, b in REVERSED.items()}
FRAMES, SIDE = 8, 128


def parts(items, shares, draw):
    items = sorted(items)
    draw.shuffle(items)
    cuts = [round(len(items) * sum(shares[:k])) for k in range(len(shares) + 1)]
    return [items[a:b] for a, b in zip(cuts, cuts[1:])]


def background(photo, draw):
    image = Image.open(photo).convert("RGB")
    side = min(image.size) * draw.uniform(0.6, 1)
    left, top = (draw.uniform(0, size - side) for size in image.size)
    return image.resize((SIDE, SIDE), Image.BICUBIC, (left, top, left + side, top + side))


def paste(scene, thing, x, y, size, turn=0.0):
    scale = size / max(thing.size)
    small = thing.resize([max(1, round(s * scale)) for s in thing.size], Image.BICUBIC)
    small = small.rotate(turn, Image.BICUBIC, expand=True)
    scene.paste(small, (round(x - small.width / 2), round(y - small.height / 2)), small)


def frames_of(kind, thing, scene, draw):
    """The frames of one of the four first classes; its reversal is the other."""
    size = SIDE * draw.uniform(0.3, 0.5)
    x, y = (SIDE * draw.uniform(0.35, 0.65) for _ in range(2))
    reach = SIDE * draw.uniform(0.3, 0.5)
    growth = draw.uniform(1.7, 2.3)
    turn, step = draw.uniform(0, 360), draw.uniform(20, 35)
    hop, flash = sorted(draw.sample([1, 2, 3, 4, 5, 6], 2))
    bright = ImageEnhance.Brightness(thing.convert("RGB")).enhance(2.2)
    bright.putalpha(thing.getchannel("A"))
    frames = []
    for k in range(FRAMES):
        frame, t = scene.copy(), k / (FRAMES - 1) - 0.5  # from -1/2 to 1/2
        if kind == "left":
            paste(frame, thing, x - reach * t, y, size)
        elif kind == "grow":
            paste(frame, thing, x, y, size * growth**t)
        elif kind == "turn-left":
            paste(frame, thing, x, y, size, turn + step * k)
        else:
            paste(frame, bright if k == flash else thing, x, y - (SIDE * 0.18 if k == hop else 0), size)
        frames.append(frame)
    return frames


def save(frames, folder):
    folder.mkdir(parents=True)
    for k, frame in enumerate(frames, 1):
        frame.save(folder / f"img_{k:05}.jpg", quality=90)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    kinds = ["left", "grow", "turn-left", "hop-flash"]
    parser.add_argument("--pairs", nargs="+", choices=kinds, default=kinds, help="first class of each pair that is made")
    for split, count in (("train", 640), ("val", 80), ("test", 320)):
        parser.add_argument(f"--{split}", type=int, default=count, help="clips, a multiple of 8")
    args = parser.parse_args()
    draw = random.Random(args.seed)
    shares = (0.6, 0.1, 0.3)
    objects = parts(args.objects.rglob("*.png"), shares, draw)
    photos = parts([p for p in args.photos.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg")], shares, draw)
    for split, things, scenes in zip(("train", "val", "test"), objects, photos):
        for number in range(getattr(args, split) // 2):
            kind = args.pairs[number % len(args.pairs)]
            thing = Image.open(draw.choice(things)).convert("RGBA")
            frames = frames_of(kind, thing, background(draw.choice(scenes), draw), draw)
            save(frames, args.output / split / kind / f"{number:04}")
            save(frames[::-1], args.output / split / REVERSED[kind] / f"{number:04}")


if __name__ == "__main__":
    main()
