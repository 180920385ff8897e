"""COCO's own example: 100 images of val2014 with made-up results, and the numbers pycocotools gives to the last bit; and runs
of polygons as maskApi draws them.

    pip install pycocotools==2.0.11 numpy
    python tests/golden/make/detection_official.py FOLDER

FOLDER holds instances_val2014_100.json, instances_val2014_fakebbox100_results.json and instances_val2014_fakesegm100_results.json
of cocodataset/cocoapi's results/ (annotations: COCO Consortium, CC BY 4.0; cocoapi: Simplified BSD). Writes them packed to
tests/golden/detection/, with official.json: {"bbox": 12 numbers, "segm": 12 numbers, "boxes_of_masks": 12, "runs": [[polygons, height, width, text]]}."""
import contextlib
import gzip
import io
import json
import pathlib
import random
import sys

import numpy as np
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

OUT = pathlib.Path(__file__).parents[1] / "detection"
FOLDER = pathlib.Path(sys.argv[1])
TRUTH = "instances_val2014_100.json"


def pack(name):
    with gzip.GzipFile(OUT / (name + ".gz"), "wb", mtime=0) as file:
        file.write((FOLDER / name).read_bytes())


def numbers(kind, file):
    name = f"instances_val2014_fake{file}100_results.json"
    pack(name)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(FOLDER / TRUTH)
        run = COCOeval(truth, truth.loadRes(str(FOLDER / name)), kind)
        run.evaluate()
        run.accumulate()
        run.summarize()
    return [float(v) for v in run.stats]


def polygon_runs():
    r = random.Random(5)
    rows = []
    for k in range(400):
        height, width = r.randint(1, 90), r.randint(1, 90)
        whole = r.random() < 0.4
        rings = []
        for _ in range(1 if r.random() < 0.7 else 2):
            spread = r.choice([0.5, 1, 1.5])
            ring = []
            for _ in range(r.randint(3, 12)):
                ring += [r.uniform(-spread * 20, spread * width), r.uniform(-spread * 20, spread * height)]
            if r.random() < 0.3:
                ring += ring[-2:]
            rings.append([float(round(v)) if whole else round(v, 2) for v in ring])
        coded = masks.merge(masks.frPyObjects(rings, height, width))
        rows.append([rings, height, width, coded["counts"].decode()])
    return rows


OUT.mkdir(exist_ok=True)
pack(TRUTH)
result = {kind: numbers(kind, kind) for kind in ("bbox", "segm")}
result["boxes_of_masks"] = numbers("bbox", "segm")
result["runs"] = polygon_runs()
with gzip.GzipFile(OUT / "official.json.gz", "wb", mtime=0) as file:
    file.write(json.dumps(result, separators=(",", ":")).encode())
