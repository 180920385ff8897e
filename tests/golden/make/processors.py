"""Writes ../processors.json: hashes of what transformers' image processors make of noise, for tests/models.

    python processors.py [--count 90] [--seed 1] [--output ../processors.json]

Needs transformers 4.57 (its processors that resize with Pillow), Pillow and numpy. Images and hashes are those of
resize.py. A case without a hash is one whose photos come out in sizes of their own.
"""

import argparse
import json
import random

import numpy as np
import transformers
from resize import fnv, noise
from transformers import BitImageProcessor, CLIPImageProcessor, DeiTImageProcessor, ViTImageProcessor

CLASSES = {"CLIPImageProcessor": CLIPImageProcessor, "BitImageProcessor": BitImageProcessor,
           "ViTImageProcessor": ViTImageProcessor, "DeiTImageProcessor": DeiTImageProcessor}


def sizes(rng, name):
    a, b = rng.randint(20, 60), rng.randint(20, 60)
    spellings = [a, [a, b], {"height": a, "width": b}, {"width": a, "height": b}]
    if name in ("CLIPImageProcessor", "BitImageProcessor"):
        spellings += [{"shortest_edge": a}] * 2
        spellings.remove([a, b])
        if name == "BitImageProcessor":
            spellings.remove(a)
    return rng.choice(spellings)


def config(rng):
    name = rng.choice(list(CLASSES))
    says = {"image_processor_type": name}
    if rng.random() < 0.8:
        says["size"] = sizes(rng, name)
    if name != "ViTImageProcessor":
        says["crop_size"] = rng.choice([24, {"height": 30, "width": 20}, {"height": 50, "width": 70}])
        if rng.random() < 0.3:
            says["do_center_crop"] = rng.random() < 0.5
    for switch in ("do_resize", "do_rescale", "do_normalize"):
        if rng.random() < 0.3:
            says[switch] = rng.random() < 0.4
    if rng.random() < 0.3:
        says["rescale_factor"] = rng.choice([1 / 255, 1 / 127.5, 0.5, 1.0])
    if rng.random() < 0.4:
        says["resample"] = rng.choice([0, 1, 2, 3, 4, 5])
    if rng.random() < 0.4:
        says["image_mean"] = rng.choice([[0.485, 0.456, 0.406], [0.5, 0.5, 0.5], [0.1, 0.7, 0.3]])
    if rng.random() < 0.4:
        says["image_std"] = rng.choice([[0.229, 0.224, 0.225], [0.5, 0.5, 0.5], [1.0, 2.0, 0.7]])
    if rng.random() < 0.2:
        says["do_convert_rgb"] = rng.choice([True, None])
    return says


def run(says, image):
    arguments = {key: value for key, value in says.items() if key != "image_processor_type"}
    pixels = CLASSES[says["image_processor_type"]](**arguments)(image, return_tensors="np")["pixel_values"]
    return np.ascontiguousarray(pixels[0].astype(np.float32))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", default="../processors.json")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    cases = []
    while len(cases) < options.count:
        says = config(rng)
        size = (rng.randint(20, 90), rng.randint(20, 90))
        case = {"config": says, "image": "noise %d %d %d" % (*size, rng.randint(1, 1000))}
        out = run(says, noise(*map(int, case["image"].split()[1:])))
        if out.shape[1:] == run(says, noise(size[0] + 13, size[1] + 40, 1)).shape[1:]:
            case["shape"] = list(out.shape[1:])
            case["hash"] = fnv(out.tobytes())
        cases.append(case)
    with open(options.output, "w") as file:
        json.dump({"transformers": transformers.__version__, "cases": cases}, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
