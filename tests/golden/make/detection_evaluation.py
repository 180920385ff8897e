"""Generated cases of edges, scored by pycocotools and lvis: tests/golden/detection/evaluation.json.gz.

    pip install pycocotools==2.0.11 lvis==0.5.3 numpy
    python tests/golden/make/detection_evaluation.py [CASES [FILE [SEED]]]

Ties of scores and of overlaps, crowds, images and classes without objects or answers, areas at 32^2 and 96^2, ids in any
order, id 0, ids that repeat, the same detection twice, more than 100 and 300 detections, masks with holes, polygons."""
import contextlib
import copy
import gzip
import io
import json
import logging
import pathlib
import random
import sys
import tempfile

import numpy as np

np.float = float  # what older copies of the evaluators call it
from lvis import LVIS, LVISEval, LVISResults  # noqa: E402
from pycocotools import mask as masks  # noqa: E402
from pycocotools.coco import COCO  # noqa: E402
from pycocotools.cocoeval import COCOeval  # noqa: E402

logging.disable(logging.CRITICAL)
ROOT = pathlib.Path(__file__).parents[3]
AREAS = (32**2, 96**2)


def box(r, side, whole):
    kind = r.random()
    if kind < 0.15:  # an area of exactly 32^2 or 96^2, or next to it
        width = r.choice([16, 32, 64, 48, 96, 128, 192])
        area = r.choice(AREAS) + r.choice([0, 0, 0, -1e-9, 1e-9])
        return [float(r.randrange(30)), float(r.randrange(30)), float(width), area / width]
    low, high = (1, side // 4) if kind < 0.6 else (1, side - 1)
    if whole:
        step = r.choice([1, 4, 10])
        width, height = (max(step, r.randint(low, high) // step * step) for _ in "wh")
        return [float(r.randrange(0, side - 1, step)), float(r.randrange(0, side - 1, step)), float(width), float(height)]
    return [round(r.uniform(*ends), 2) for ends in ((0, side - 1), (0, side - 1), (low, high), (low, high))]


def moved(r, b, whole):
    if r.random() < 0.3:
        return list(b)
    by = (lambda: float(r.randint(-2, 2))) if whole else (lambda: round(r.gauss(0, 3), 2))
    return [b[0] + by(), b[1] + by(), max(1.0, b[2] + by()), max(1.0, b[3] + by())]


def bitmap(r, b, side):
    grid = np.zeros((side, side), np.uint8, order="F")
    x, y, w, h = (int(v) for v in b)
    grid[y : y + h, x : x + w] = 1
    if r.random() < 0.5:
        grid[y + h // 4 : y + h // 2, x + w // 4 : x + w // 2] = 0  # a hole
    if r.random() < 0.2:
        grid &= np.asfortranarray(np.array([[r.random() < 0.7 for _ in range(side)] for _ in range(side)], np.uint8))
    return grid


def runs(grid):
    flat = grid.flatten(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return {"size": list(grid.shape), "counts": ([0] if flat[0] else []) + counts}


def text_runs(grid):
    coded = masks.encode(grid)
    return {"size": list(coded["size"]), "counts": coded["counts"].decode()}


def polygons(r, b):
    x, y, w, h = b
    rings = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    if r.random() < 0.6:
        corners = sorted(r.uniform(0, 6.283) for _ in range(r.randint(3, 9)))
        rings = [[v for a in corners for v in (x + w / 2 + w / 2 * np.cos(a) * r.uniform(0.3, 1), y + h / 2 + h / 2 * np.sin(a))]]
    if r.random() < 0.2:
        rings.append([x - 3.5, y, x + 4.25, y + 2, x + 1, y + h + 9])
    if r.random() < 0.1:
        rings[0] += rings[0][-2:]  # a corner twice
    return [[round(float(v), 2) for v in ring] for ring in rings]


def points(r, b, side):
    out = []
    for _ in range(17):
        seen = r.choice([0, 1, 2, 2, 2])
        out += [float(int(b[0] + r.random() * b[2])), float(int(b[1] + r.random() * b[3])), seen] if seen else [0, 0, 0]
    return out


def case(r, kind):
    side = r.choice([40, 120]) if kind == "segm" else 200
    whole = r.random() < 0.6
    images = r.sample(range(1, 1000), r.randint(1, 7))
    classes = r.sample(range(1, 90), 1 if kind == "keypoints" else r.randint(1, 5))
    levels = r.choice([2, 5, 1000])
    annotations, results = [], []
    crowd_share = r.choice([0, 0, 0.15])
    crowded = r.random() < 0.12 and kind != "segm"  # more than 100 or 300 detections
    for image in images:
        for c in classes:
            if r.random() < 0.3:
                continue
            objects = [box(r, side, whole) for _ in range(r.choice([0, 1, 1, 2, 3, 6]))]
            for b in objects:
                one = {"image_id": image, "category_id": c, "bbox": b, "iscrowd": int(r.random() < crowd_share)}
                one["area"] = b[2] * b[3] if r.random() < 0.8 else round(b[2] * b[3] * r.uniform(0.1, 1), 2)
                if kind == "segm":
                    one["segmentation"] = runs(bitmap(r, b, side)) if one["iscrowd"] or r.random() < 0.3 else polygons(r, b)
                    if r.random() < 0.2:
                        one["segmentation"] = text_runs(bitmap(r, b, side))
                if kind == "keypoints":
                    one["keypoints"] = points(r, b, side)
                    if r.random() < 0.15:
                        one["keypoints"] = [0] * 51
                    one["num_keypoints"] = sum(v > 0 for v in one["keypoints"][2::3])
                annotations.append(one)
            answers = [moved(r, b, whole) for b in objects for _ in range(r.choice([0, 1, 1, 1, 2, 3]))]
            answers += [box(r, side, whole) for _ in range(r.choice([0, 0, 1, 3]))]
            if crowded and r.random() < 0.5:
                answers += [box(r, side, whole) for _ in range(r.choice([105, 160]))]
            for b in answers:
                one = {"image_id": image, "category_id": c, "score": r.randint(0, levels) / levels if levels < 10 else round(r.random(), 4)}
                if kind == "segm":
                    one["segmentation"] = text_runs(bitmap(r, b, side))
                elif kind == "keypoints":
                    near = [a for a in annotations if a["image_id"] == image]
                    p = list(r.choice(near)["keypoints"]) if near and r.random() < 0.7 else points(r, b, side)
                    one["keypoints"] = [v + r.choice([0, 0, 1, -2, 5]) if k % 3 < 2 else 1 for k, v in enumerate(p)]
                else:
                    one["bbox"] = b
                results.append(one)
                if r.random() < 0.05:
                    results.append(dict(one))
    if not results:
        return case(r, kind)
    r.shuffle(results)
    if r.random() < 0.5:
        r.shuffle(annotations)
    first = r.choice([0, 1, 1, 500])
    for k, one in enumerate(annotations):
        one["id"] = first + k
    if len(annotations) > 3 and r.random() < 0.1:
        annotations[2]["id"] = annotations[0]["id"]
    truth = {"images": [{"id": i, "width": side, "height": side} for i in images],
             "annotations": annotations,
             "categories": [{"id": c, "name": f"c{c}", "frequency": r.choice("rcf")} for c in classes]}
    for image in truth["images"]:
        there = {a["category_id"] for a in annotations if a["image_id"] == image["id"]}
        image["neg_category_ids"] = [c for c in classes if c not in there and r.random() < 0.5]
        image["not_exhaustive_category_ids"] = [c for c in there if r.random() < 0.3]
    return {"kind": kind, "truth": truth, "results": results}


def per_class(precision):
    out = []
    for k in range(precision.shape[2]):
        s = precision[:, :, k]
        out.append(float(np.mean(s[s > -1])) if (s > -1).any() else -1.0)
    return out


def by_pycocotools(one):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = copy.deepcopy(one["truth"])
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(copy.deepcopy(one["results"])), one["kind"])
        run.evaluate()
        run.accumulate()
        run.summarize()
    return [float(v) for v in run.stats] + per_class(run.eval["precision"][:, :, :, 0, -1])


def by_lvis(one, folder):
    path = folder / "truth.json"
    truth = copy.deepcopy(one["truth"])
    for a in truth["annotations"]:
        a.pop("iscrowd")
    path.write_text(json.dumps(truth))
    truth = LVIS(str(path))
    run = LVISEval(truth, LVISResults(truth, copy.deepcopy(one["results"])), one["kind"])
    run.evaluate()
    run.accumulate()
    run.summarize()
    return [float(v) for v in run.results.values()] + per_class(run.eval["precision"][:, :, :, 0]), list(run.results)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    path = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "tests/golden/detection/evaluation.json.gz"
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 2026
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for k in range(count):
            r = random.Random(seed * 100_000 + k)
            one = case(r, ["bbox", "bbox", "segm", "bbox", "keypoints"][k % 5])
            one["coco"] = by_pycocotools(one)
            ids = [a["id"] for a in one["truth"]["annotations"]]
            if one["kind"] != "keypoints" and len(set(ids)) == len(ids):
                one["lvis"], names = by_lvis(one, pathlib.Path(folder))
            cases.append(one)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"lvis_numbers": names, "cases": cases}, separators=(",", ":"))
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        file.write(text.encode())
    print(f"{count} cases, {path.stat().st_size} bytes")


main()
