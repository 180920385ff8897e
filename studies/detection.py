#!/usr/bin/env python3
"""What unknown labels cost a detector. Three sources that each label one class are made one set, and a small FCOS is trained
on it with the classes that nobody looked for in a photo masked, and with them taken for background: from the same start, on
the same batches, paired over seeds. Besides with all labels, as what could be had.

    detection.py --graft build/release/src/graft/cli/graft --photos coco256/ -o studies/detection      needs Pillow and numpy

  photos   COCO's photos in train2017/images and val2017/images (the first 128 of each), boxes/ beside them in YOLO's form

A seed deals the training photos to the sources and draws the network, which is trained from scratch: a ResNet-18 of a
quarter of its channels. Scores are of val2017's photos, where every class is labelled. --data photos takes COCO's own
boxes of persons, cars and chairs, of which so little can be learned from 128 photos that no rule shows. --data composites
lays the products of assets/fashion_products over the photos, several of several classes to each, with exact boxes; a
product is in train or in val, never in both.
"""
import argparse
import json
import pathlib
import random
import statistics
import struct
import subprocess

import numpy as np
from cue import cut_out
from PIL import Image

SIDE = 160
REAL = {"person": 0, "car": 2, "chair": 56}  # by YOLO's numbers
PRODUCTS = {"watch": "Watches", "shoe": "Shoes", "bag": "Bags"}
STEM, PLANES = 16, (16, 32, 64, 128)
ARMS = ("masked", "background", "all-labels")


def real_photos(folder, split):
    photos = []
    for path in sorted((folder / split / "images").glob("*.jpg")):
        width, height = Image.open(path).size
        labels, boxes = folder / split / "boxes" / (path.stem + ".txt"), []
        for line in labels.read_text().splitlines() if labels.exists() else ():
            number, x, y, w, h = map(float, line.split())
            if int(number) in REAL.values():
                box = [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height]
                boxes.append((list(REAL.values()).index(int(number)), box))
        photos.append({"file": str(path), "width": width, "height": height, "boxes": boxes})
    return photos


def composites(folder, split, products, work):
    """Two to four products, which do not overlap, on each photo."""
    draw = random.Random(split)
    (work / split).mkdir(parents=True, exist_ok=True)
    cut = {}
    for place, name in enumerate(PRODUCTS.values()):
        files = sorted((products / name).glob("*.jpg"))
        half = len(files) // 2
        own = files[:half] if split == "train2017" else files[half:]
        cut[place] = [picture for picture in map(cut_out, own) if picture is not None]
    photos = []
    for path in sorted((folder / split / "images").glob("*.jpg")):
        photo = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)
        boxes = []
        for _ in range(draw.randint(2, 4)):
            place = draw.randrange(len(PRODUCTS))
            product = draw.choice(cut[place])
            scale = draw.uniform(28, 64) / max(product.size)
            size = tuple(max(2, round(side * scale)) for side in product.size)
            x, y = draw.randint(0, SIDE - size[0]), draw.randint(0, SIDE - size[1])
            if any(x < b[0] + b[2] and b[0] < x + size[0] and y < b[1] + b[3] and b[1] < y + size[1] for _, b in boxes):
                continue
            small = product.resize(size, Image.BILINEAR)
            photo.paste(small, (x, y), small)
            boxes.append((place, [x, y, *size]))
        file = work / split / (path.stem + ".png")
        photo.save(file)
        photos.append({"file": str(file), "width": SIDE, "height": SIDE, "boxes": boxes})
    return photos


def write_set(path, photos, names, source_of=None):
    """COCO's form; with sources a photo's labels are those of its source's class alone, and LVIS's keys say so."""
    images, annotations = [], []
    for i, photo in enumerate(photos):
        image = {"id": i + 1, "file_name": photo["file"], "width": photo["width"], "height": photo["height"]}
        boxes = photo["boxes"]
        if source_of is not None:
            boxes = [box for box in boxes if box[0] == source_of[i]]
            image |= {"neg_category_ids": [] if boxes else [source_of[i] + 1], "not_exhaustive_category_ids": []}
        images.append(image)
        for place, box in boxes:
            annotations.append({"id": len(annotations) + 1, "image_id": i + 1, "category_id": place + 1, "bbox": box,
                                "area": box[2] * box[3], "iscrowd": 0})
    categories = [{"id": place + 1, "name": name} for place, name in enumerate(names)]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))


def write_network(path):
    """A ResNet-18 by its names and shapes; training draws its numbers."""
    shapes = {"conv1.weight": [STEM, 3, 7, 7]}

    def norm(name, width):
        shapes.update({f"{name}.{part}": [width] for part in ("weight", "bias", "running_mean", "running_var")})

    norm("bn1", STEM)
    inputs = STEM
    for stage, width in enumerate(PLANES, 1):
        for block in range(2):
            name = f"layer{stage}.{block}"
            shapes[f"{name}.conv1.weight"] = [width, inputs, 3, 3]
            shapes[f"{name}.conv2.weight"] = [width, width, 3, 3]
            norm(f"{name}.bn1", width)
            norm(f"{name}.bn2", width)
            if stage > 1 and block == 0:
                shapes[f"{name}.downsample.0.weight"] = [width, inputs, 1, 1]
                norm(f"{name}.downsample.1", width)
            inputs = width
    header, body = {}, b""
    for name, shape in shapes.items():
        numbers = np.full(shape, 1.0 if len(shape) == 1 else 0.01, np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + len(numbers)]}
        body += numbers
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def train(options, arm, seed):
    data = options.work / ("full.json" if arm == "all-labels" else f"merged-{seed}.json")
    unknown = "masked" if arm == "all-labels" else arm
    command = [options.graft, "detect", "train", "--model", options.work / "network.safetensors", "--data", data,
               "--validation", options.work / "val.json", "--images", "/", "--validation-images", "/", "--unknown", unknown,
               "--from-scratch", "--image-size", SIDE, "--width", 32, "--convolutions", 1, "--epochs", options.epochs,
               "--batch-size", 8, "--lr", 0.002, "--seed", seed, "--threads", options.threads, "--json"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def interval(differences):
    """Student's, 95 %."""
    t = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}[len(differences)]
    half = t * statistics.stdev(differences) / len(differences) ** 0.5
    mean = statistics.mean(differences)
    return mean, mean - half, mean + half


def summary(rows, seeds):
    for score in ("ap50", "ap"):
        for arm in ARMS:
            values = [rows[arm, seed][score] for seed in seeds if (arm, seed) in rows]
            yield f"{score} {arm}: {100 * statistics.mean(values):.2f} % ({len(values)} seeds)"
        if len(seeds) > 1:
            pairs = [rows["masked", seed][score] - rows["background", seed][score] for seed in seeds]
            mean, low, high = (100 * value for value in interval(pairs))
            yield f"{score} masked - background: {mean:+.2f} points (95 % {low:+.2f} to {high:+.2f}), {len(seeds)} seeds"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--graft", required=True)
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    parser.add_argument("--data", choices=("composites", "photos"), default="composites")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/detection-study"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    options.output.mkdir(parents=True, exist_ok=True)
    splits, names = ("train2017", "val2017"), REAL
    if options.data == "composites":
        products = pathlib.Path(__file__).parents[1] / "assets" / "fashion_products" / "images"
        names = PRODUCTS
        train_photos, val_photos = (composites(options.photos, split, products, options.work) for split in splits)
    else:
        train_photos, val_photos = (real_photos(options.photos, split) for split in splits)
    write_set(options.work / "val.json", val_photos, names)
    write_set(options.work / "full.json", train_photos, names)
    write_network(options.work / "network.safetensors")
    results = options.output / f"{options.data}.jsonl"
    known = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    rows = {(row["arm"], row["seed"]): row for row in known}
    seeds = range(1, options.seeds + 1)
    for seed in seeds:
        deal = [i % len(names) for i in range(len(train_photos))]
        random.Random(seed).shuffle(deal)
        write_set(options.work / f"merged-{seed}.json", train_photos, names, deal)
    pairs = [(arm, seed) for seed in seeds for arm in ARMS[:2]]
    for arm, seed in pairs + [(ARMS[2], seed) for seed in seeds]:  # what the claim hangs on comes first
        if (arm, seed) in rows:
            continue
        told = train(options, arm, seed)
        rows[arm, seed] = {"arm": arm, "seed": seed, "epochs": options.epochs, "ap": told["ap"], "ap50": told["ap50"],
                           "seconds": round(told["seconds"], 1)}
        with results.open("a") as file:
            file.write(json.dumps(rows[arm, seed]) + "\n")
        print(rows[arm, seed], flush=True)
    text = "\n".join(summary(rows, seeds))
    (options.output / f"{options.data}.txt").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
