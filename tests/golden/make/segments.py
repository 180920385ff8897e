"""A few photos of coloured areas with masks, clusters for them, and how the clusters score by numpy and scipy.

    python tests/golden/make/segments.py               writes tests/golden/segments/

images/SPLIT/N.png, masks/SPLIT/N.png (numbers, 255 not counted), classes.txt, clusters/N.png for the test photos (a mask at
half the size, numbers permuted, one class in two clusters, some noise; one is missing and counts as cluster 0), expected.json:
the scores by one matrix of clusters by classes. Needs numpy, scipy and Pillow.
"""

import json
import pathlib
import shutil

import numpy as np
from PIL import Image
from scipy.ndimage import binary_erosion
from scipy.optimize import linear_sum_assignment

GOLDEN = pathlib.Path(__file__).resolve().parent.parent
OUT = GOLDEN / "segments"
NAMES = ["background", "sky", "tree", "road"]
COLOURS = np.array([[90, 90, 90], [120, 170, 230], [40, 120, 40], [160, 130, 100]])
HEIGHT, WIDTH = 36, 48


def scene(rng):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    horizon, trunk = int(rng.integers(10, 26)), int(rng.integers(6, 30))
    mask[:horizon] = 1
    mask[horizon:, : int(rng.integers(20, 48))] = 3
    mask[horizon - 8 : horizon + 6, trunk : trunk + 12] = 2
    noise = rng.normal(0, 6, (HEIGHT, WIDTH, 3))
    photo = np.clip(COLOURS[mask] + noise, 0, 255).astype(np.uint8)
    mask[:, -2:] = 255
    return photo, mask


def clusters_of(mask, rng):
    told = np.array([3, 0, 4, 1] + [0] * 252, np.uint8)[mask]
    told = np.where((told == 0) & (np.arange(WIDTH)[None] > 30), 2, told)  # the sky in two
    noisy = rng.random(told.shape) < 0.1
    told = np.where(noisy, rng.integers(0, 5, told.shape), told).astype(np.uint8)
    return np.asarray(Image.fromarray(told).resize((WIDTH // 2, HEIGHT // 2), Image.NEAREST))


def score(table, class_of):
    truth, told, both = np.zeros(4), np.zeros(4), np.zeros(4)
    for k, row in enumerate(table):
        truth += row
        if class_of[k] >= 0:
            told[class_of[k]] += row.sum()
            both[class_of[k]] += row[class_of[k]]
    iou = both / (truth + told - both)
    return {"class_of": class_of, "miou": iou.mean(), "accuracy": both.sum() / truth.sum(), "iou": iou.tolist()}


def edge(area):
    """What eroding an area by a square takes off, beyond the photo being nothing (Cheng et al. 2021)."""
    width = max(1, round(0.02 * float(np.hypot(HEIGHT, WIDTH))))
    return area & ~binary_erosion(area, np.ones((3, 3)), iterations=width, border_value=0)


def edge_iou(pairs, class_of):
    truth, told, both = np.zeros(4), np.zeros(4), np.zeros(4)
    for said, mask in pairs:
        said = np.where(mask == 255, -1, np.array(list(class_of) + [-1] * 251)[said])
        for c in range(4):
            own, other = edge(mask == c) & (mask != 255), edge(said == c) & (mask != 255)
            truth[c] += own.sum()
            told[c] += other.sum()
            both[c] += (own & other).sum()
    return (both / (truth + told - both)).tolist()


shutil.rmtree(OUT, ignore_errors=True)
pairs = []
rng = np.random.default_rng(5)
table = np.zeros((5, 4), np.int64)
for split, count in (("train", 8), ("val", 2), ("test", 5)):
    for i in range(count):
        photo, mask = scene(rng)
        for part, image in (("images", photo), ("masks", mask)):
            (OUT / part / split).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(OUT / part / split / f"{i}.png")
        if split != "test":
            continue
        told = np.zeros((HEIGHT, WIDTH), np.uint8)
        if i < 4:
            (OUT / "clusters").mkdir(exist_ok=True)
            small = Image.fromarray(clusters_of(mask, rng))
            small.save(OUT / "clusters" / f"{i}.png")
            told = np.asarray(small.resize((WIDTH, HEIGHT), Image.NEAREST))
        pairs.append((told, mask))
        known = mask != 255
        np.add.at(table, (told[known], mask[known]), 1)
(OUT / "classes.txt").write_text("\n".join(NAMES) + "\n")
union = table.sum(1, keepdims=True) + table.sum(0, keepdims=True) - table
iou = table / union
rows, columns = linear_sum_assignment(iou, maximize=True)
one = [-1] * 5
for row, column in zip(rows, columns):
    one[row] = int(column)
expected = {"table": table.tolist(), "one-to-one": score(table, one), "majority": score(table, iou.argmax(1).tolist())}
for name in ("one-to-one", "majority"):
    expected[name]["edge_iou"] = edge_iou(pairs, expected[name]["class_of"])
(OUT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
print(json.dumps(expected))
