"""A table of 100 classes for the CoOp epoch: CIFAR-100's names, 320 training photos and 20 to test on, noise over the
embedded photos so that no two are alike."""
import csv
import pathlib
import sys

import numpy as np
from PIL import Image

from photos import ASSETS

NAMES = """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest
fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse
mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon
ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table
tank telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm""".split()


def main():
    folder = pathlib.Path(sys.argv[1])
    table = folder / "photos.csv"
    if table.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    files, noise, rows = sorted(ASSETS.rglob("*.jpg")), np.random.default_rng(2), []
    for i in range(340):
        image = Image.open(files[i]).convert("RGB").resize((224, 224), Image.Resampling.BICUBIC)
        pixels = np.asarray(image, dtype=np.float32) + noise.normal(0, 6, (224, 224, 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{i:03}.jpg", quality=90)
        rows.append((f"{i:03}.jpg", NAMES[i % 100], "train" if i < 320 else "test"))
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label", "split"), *rows])


if __name__ == "__main__":
    main()
