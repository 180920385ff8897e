"""Writes ../resize.json: hashes of what Pillow and NumPy make of small images, for tests/data.

    python resize.py [--count 500] [--seed 1] [--output ../resize.json]

Needs Pillow and numpy. An image is a photo of ../images or, as "noise W H SEED", bytes from a congruential generator
that the test repeats. A hash is FNV-1a, 64 bits, over the RGB bytes (or the float32 bytes).
"""

import argparse
import json
import os
import random

import numpy as np
import PIL
from PIL import Image, ImageEnhance

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = os.path.join(HERE, "..", "images")
FILTERS = {f.name.lower(): f for f in (Image.Resampling.NEAREST, Image.Resampling.BOX, Image.Resampling.BILINEAR,
                                       Image.Resampling.HAMMING, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)}
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def noise(width, height, seed):
    state, out = seed, bytearray()
    for _ in range(width * height * 3):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append(state >> 24)
    return Image.frombytes("RGB", (width, height), bytes(out))


def load(name):
    if name.startswith("noise"):
        return noise(*map(int, name.split()[1:]))
    return Image.open(os.path.join(IMAGES, name)).convert("RGB")


def side(rng, largest):
    return rng.choice([rng.randint(1, 8), rng.randint(1, 64), rng.randint(1, largest)])


def resizes(rng, names, count):
    for i in range(count):
        name = rng.choice(names)
        image = load(name)
        width, height = side(rng, 260), side(rng, 260)
        if rng.random() < 0.1:
            width = image.width
        if rng.random() < 0.1:
            height = image.height
        filter_name = rng.choice(list(FILTERS))
        case = {"image": name, "width": width, "height": height, "filter": filter_name}
        box = None
        if rng.random() < 0.3:
            left, top = rng.uniform(0, image.width * 0.6), rng.uniform(0, image.height * 0.6)
            right = left + (image.width - left) * rng.uniform(0.2, 1)
            bottom = top + (image.height - top) * rng.uniform(0.2, 1)
            box = tuple(float(np.float32(v)) for v in (left, top, right, bottom))
            box = (box[0], box[1], min(box[2], image.width), min(box[3], image.height))
            case["box"] = box
        out = image.resize((width, height), FILTERS[filter_name], box=box)
        case["hash"] = fnv(out.tobytes())
        yield case


def hue(image, turn):
    """torchvision's adjust_hue for PIL images."""
    h, s, v = image.convert("HSV").split()
    h = np.array(h, dtype=np.uint8)
    h = (h.astype(np.int64) + (int(turn * 255) & 255)).astype(np.uint8)
    return Image.merge("HSV", (Image.fromarray(h), s, v)).convert("RGB")


def colours(rng, names, count):
    enhance = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast,
               "saturation": ImageEnhance.Color}
    for i in range(count):
        name = rng.choice(names)
        kind = rng.choice(list(enhance) + ["hue"])
        amount = rng.uniform(-0.5, 0.5) if kind == "hue" else rng.choice([0.0, 1.0, rng.uniform(0, 1), rng.uniform(1, 3)])
        image = load(name)
        out = hue(image, amount) if kind == "hue" else enhance[kind](image).enhance(amount)
        yield {"image": name, "kind": kind, "amount": amount, "hash": fnv(out.tobytes())}


def preprocessings(rng, names, count):
    """torchvision's Resize, CenterCrop, ToTensor, Normalize, or transformers' resize, center_crop, rescale, normalize."""
    for i in range(count):
        name = rng.choice(names)
        image = load(name)
        size = rng.choice([8, 15, 32, 33])
        resize = rng.choice([size, size + 1, size + 5])
        library = rng.choice(["torchvision", "transformers"])
        mode = rng.choice(["shortest", "squash", "longest"])
        if mode == "longest":
            size = resize
        width, height = image.size
        if mode == "squash":
            resized = image.resize((resize, resize), Image.Resampling.BICUBIC)
        elif mode == "shortest":
            short, long = min(width, height), max(width, height)
            new = int(resize * long / short)
            resized = image.resize((resize, new) if width <= height else (new, resize), Image.Resampling.BICUBIC)
        else:  # open_clip's and timm's ResizeKeepRatio
            ratio = max(height / resize, width / resize)
            resized = image.resize((max(1, round(width / ratio)), max(1, round(height / ratio))),
                                   Image.Resampling.BICUBIC)
        pixels = np.asarray(resized)
        h, w = pixels.shape[:2]
        padded = np.zeros((max(h, size), max(w, size), 3), np.uint8)
        if library == "torchvision":
            top, left = max(0, (size - h) // 2), max(0, (size - w) // 2)
            padded[top:top + h, left:left + w] = pixels
            top, left = round((padded.shape[0] - size) / 2.0), round((padded.shape[1] - size) / 2.0)
        else:
            top, left = max(0, -((h - size) // 2)), max(0, -((w - size) // 2))
            padded[top:top + h, left:left + w] = pixels
            top, left = (padded.shape[0] - size) // 2, (padded.shape[1] - size) // 2
        cropped = padded[top:top + size, left:left + size]
        if library == "torchvision":
            scaled = cropped.astype(np.float32) / np.float32(255)
        else:
            scaled = (cropped.astype(np.float64) * (1 / 255)).astype(np.float32)
        out = (scaled - np.array(CLIP_MEAN, np.float32)) / np.array(CLIP_STD, np.float32)
        out = np.ascontiguousarray(out.transpose(2, 0, 1))
        assert out.dtype == np.float32
        yield {"image": name, "library": library, "mode": mode, "resize": resize, "crop": size,
               "hash": fnv(out.tobytes())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", default=os.path.join(HERE, "..", "resize.json"))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    names = ["astronaut_120x141.png", "coffee_200x133.png"]
    names += [f"noise {w} {h} {w * 1000 + h}" for w, h in
              [(1, 1), (2, 1), (1, 3), (3, 5), (5, 4), (7, 90), (17, 33), (100, 2), (61, 64), (128, 97), (250, 31)]]
    result = {
        "made_with": f"Pillow {PIL.__version__}, numpy {np.__version__}",
        "resize": list(resizes(rng, names, options.count)),
        "colour": list(colours(rng, names, options.count // 4)),
        "preprocess": list(preprocessings(rng, names, options.count // 4)),
    }
    with open(options.output, "w") as file:
        lines = [f' "{key}": ' + ("[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"
                                  if isinstance(value, list) else json.dumps(value)) for key, value in result.items()]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
