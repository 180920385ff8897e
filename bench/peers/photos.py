"""Photos to decode where there are none at hand: the embedded product photos, eight times as large with a camera's noise,
so that a file has about the size of one of ImageNet's."""
import pathlib
import sys

import numpy as np
from PIL import Image

ASSETS = pathlib.Path(__file__).resolve().parents[2] / "assets" / "fashion_products" / "images"


def main():
    folder, count = pathlib.Path(sys.argv[1]), 200
    if folder.exists() and len(list(folder.glob("*.jpg"))) == count:
        return
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(1)
    for i, file in enumerate(sorted(ASSETS.rglob("*.jpg"))[:count]):
        small = Image.open(file).convert("RGB")
        large = np.asarray(small.resize((small.width * 8, small.height * 8), Image.Resampling.BICUBIC), dtype=np.float32)
        large = large + noise.normal(0, 6, large.shape)
        Image.fromarray(large.clip(0, 255).astype(np.uint8)).save(folder / f"{i:03}.jpg", quality=90)


if __name__ == "__main__":
    main()
