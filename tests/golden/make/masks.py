"""The class numbers that Pillow finds in the palette and grey PNGs of tests/golden/images/decode.

    python tests/golden/make/masks.py                  writes tests/golden/masks.json

masks.json: file -> [width, height, FNV-1a (64 bits) of the numbers, a byte each], or [] where a number other than 255 lies beyond
the palette. Pillow brightens grey of 2 and 4 bits (by
85 and 17) and of 1 bit (by 255), which is taken back. Needs numpy and Pillow (made with 13.0).
"""

import json
import pathlib

import numpy as np
from PIL import Image

from decode import GOLDEN, fnv1a

SCALE = {"1": 255, "2": 85, "4": 17, "8": 1}


def numbers(path):
    image = Image.open(path)
    if image.mode == "P":
        found = np.asarray(image)
        beyond = (found >= len(image.getpalette()) // 3) & (found != 255)
        return None if beyond.any() else found
    brightness = np.asarray(image.convert("L"))
    scale = SCALE[path.name.removeprefix("png_grey")[0]]
    assert (brightness % scale == 0).all()
    return brightness // scale


rows = {}
for path in sorted((GOLDEN / "images/decode").glob("png_*.png")):
    kind = path.stem.split("_")[1]
    if kind.startswith("palette") or (kind.startswith("grey") and kind[4:] in SCALE):
        found = numbers(path)
        rows[path.name] = [] if found is None else [*found.shape[::-1], fnv1a(found.astype(np.uint8).tobytes())]
lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in rows.items())
(GOLDEN / "masks.json").write_text("{\n" + lines + "\n}\n")
