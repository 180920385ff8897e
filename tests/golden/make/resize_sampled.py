"""Writes ../resize_sampled.json: hashes of what torch.nn.functional.interpolate (bilinear, no antialias) makes of bytes
that are brought back to bytes, as torchvision prepares videos.

    python resize_sampled.py [--count 200] [--seed 1]

Images and hashes are resize.py's. With torchvision at hand its own resize is compared too.
"""

import argparse
import json
import os
import random

import numpy as np
import torch

from resize import HERE, fnv, load, side


def resized(image, height, width):
    pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)
    floats = torch.nn.functional.interpolate(pixels[None].float(), (height, width), mode="bilinear", align_corners=False, antialias=False)
    result = floats.round()[0].to(torch.uint8)
    try:
        from torchvision.transforms.functional import InterpolationMode, resize
    except (ImportError, RuntimeError):
        return result
    assert torch.equal(resize(pixels, [height, width], InterpolationMode.BILINEAR, antialias=False), result)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    names = ["astronaut_120x141.png", "coffee_200x133.png"]
    names += [f"noise {w} {h} {w * 1000 + h}" for w, h in [(1, 1), (2, 1), (3, 5), (17, 33), (100, 2), (61, 64), (128, 97), (250, 31)]]
    cases = []
    for i in range(options.count):
        name = rng.choice(names)
        height, width = (128, 171) if i % 8 == 0 else (side(rng, 260), side(rng, 260))
        cases.append({"image": name, "width": width, "height": height,
                      "hash": fnv(resized(load(name), height, width).permute(1, 2, 0).contiguous().numpy().tobytes())})
    with open(os.path.join(HERE, "..", "resize_sampled.json"), "w") as file:
        file.write(json.dumps({"made_with": f"torch {torch.__version__}"})[:-1] + ', "resize": [\n ')
        file.write(",\n ".join(map(json.dumps, cases)) + "\n]}\n")


if __name__ == "__main__":
    main()
