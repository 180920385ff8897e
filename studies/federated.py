#!/usr/bin/env python3
"""What AP says of a set whose labels are partial. Photos with full labels become three sources, each of which looks for its own
half of the classes (each class is looked for by one of them at least); labels of other classes are deleted and the three are one set
again, which says what was looked for where. A made-up detector is scored three ways: on the full labels, on the merged set with
--federated, and on the merged set as if all were labelled.

    federated.py --boxes DIR [DIR ...] -o FILE.csv [--draws 200] [--at-least 1] [--graft graft]

  boxes   YOLO's labels: a text file a photo, lines of class, centre x, y, width, height as shares of it (COCO's 80 classes)

The detector tells of 70 of 100 objects, some pixels off, one in ten as another class; and of as many things again that are none,
at lower scores. New sources, labels and answers in each draw. Writes a row a draw and prints what they come to."""
import argparse
import collections
import csv
import json
import random
import statistics
import subprocess
import tempfile
from pathlib import Path

SIDE = 640
SOURCES = 3
RESAMPLES = 400


def photos(folders):
    for folder in folders:
        for path in sorted(Path(folder).glob("*.txt")):
            boxes = []
            for line in path.read_text().splitlines():
                kind, x, y, w, h = line.split()[:5]
                x, y, w, h = (float(v) * SIDE for v in (x, y, w, h))
                boxes.append((int(kind), [x - w / 2, y - h / 2, w, h]))
            yield path.stem, boxes


def answers(r, photos, classes):
    """A detector's list of results, by photo number."""
    told = []

    def tell(image, kind, box, score):
        told.append({"image_id": image, "category_id": kind + 1, "bbox": [round(v, 2) for v in box], "score": round(score, 4)})

    for image, (_, boxes) in enumerate(photos, 1):
        for kind, (x, y, w, h) in boxes:
            if r.random() > 0.7:
                continue
            moved = [x + r.gauss(0, 0.05) * w, y + r.gauss(0, 0.05) * h, w * r.uniform(0.85, 1.15), h * r.uniform(0.85, 1.15)]
            tell(image, kind if r.random() > 0.1 else r.choice(classes), moved, min(0.999, r.betavariate(5, 2)))
        for _ in boxes:
            w, h = r.uniform(20, 300), r.uniform(20, 300)
            tell(image, r.choice(classes), [r.uniform(0, SIDE - w), r.uniform(0, SIDE - h), w, h], r.betavariate(2, 4))
    return told


def truth(photos, classes, looked_for=None):
    """COCO's file of all labels; or, of each photo, those of the classes that were looked for, and which of them are not there."""
    images, annotations = [], []
    for image, (name, boxes) in enumerate(photos, 1):
        images.append({"id": image, "file_name": name + ".jpg", "width": SIDE, "height": SIDE})
        kept = [(k, b) for k, b in boxes if looked_for is None or k in looked_for[image - 1]]
        if looked_for is not None:
            there = {k for k, _ in kept}
            images[-1]["neg_category_ids"] = sorted(k + 1 for k in looked_for[image - 1] if k not in there)
            images[-1]["not_exhaustive_category_ids"] = []
        for kind, box in kept:
            annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": kind + 1, "bbox": box,
                                "area": box[2] * box[3], "iscrowd": 0})
    return {"images": images, "annotations": annotations, "categories": [{"id": k + 1, "name": f"class {k}"} for k in classes]}


def score(graft, folder, labels, *more):
    (folder / "truth.json").write_text(json.dumps(labels))
    words = [graft, "data", "evaluate", "--ground-truth", folder / "truth.json", "--detections", folder / "results.json", "--json", *more]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def draw(r, photos, classes, graft, folder):
    lists = [set() for _ in range(SOURCES)]
    for kind in classes:
        by = [s for s in range(SOURCES) if r.random() < 0.5] or [r.randrange(SOURCES)]
        for s in by:
            lists[s].add(kind)
    source = [r.randrange(SOURCES) for _ in photos]
    (folder / "results.json").write_text(json.dumps(answers(r, photos, classes)))
    full = score(graft, folder, truth(photos, classes), "--resamples", "0")
    part = score(graft, folder, truth(photos, classes, [lists[s] for s in source]), "--federated", "--resamples", str(RESAMPLES))
    low, high = part["intervals"]["AP"]
    bounds = part["unknown"]["AP50_bounds"]
    return dict(full=full["numbers"]["AP"], federated=part["numbers"]["AP"], low=low, high=high, bias=part["bias"]["AP"], plain=part["plain_AP"],
                full50=full["numbers"]["AP50"], federated50=part["numbers"]["AP50"], bound_low50=bounds[0], bound_high50=bounds[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boxes", nargs="+", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--at-least", type=int, default=1, help="boxes of a class that is kept")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--graft", default="graft")
    options = parser.parse_args()
    every = list(photos(options.boxes))
    counts = collections.Counter(kind for _, boxes in every for kind, _ in boxes)
    every = [(name, [b for b in boxes if counts[b[0]] >= options.at_least]) for name, boxes in every]
    classes = sorted(kind for kind, count in counts.items() if count >= options.at_least)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.draws):
            rows.append(draw(random.Random(number), every, classes, options.graft, Path(folder)))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with open(options.output, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: round(v, 5) for k, v in row.items()} for row in rows)
    points = lambda key: [100 * (row[key] - row["full"]) for row in rows]
    print(f"{len(every)} photos, {sum(len(b) for _, b in every)} boxes, {len(classes)} classes, {len(rows)} draws")
    print(f"AP on all labels {100 * statistics.mean(row['full'] for row in rows):.1f}")
    for key in ("federated", "plain"):
        off = points(key)
        print(f"{key:9} is off by {statistics.mean(off):+.1f} points on average, {statistics.stdev(off):.1f} from draw to draw, "
              f"{min(off):+.1f} to {max(off):+.1f}")
    wide = statistics.mean(100 * (row["high"] - row["low"]) for row in rows)
    for name, less in (("as it stands", 0), ("less the bias", 1)):
        held = statistics.mean(row["low"] - less * row["bias"] <= row["full"] <= row["high"] - less * row["bias"] for row in rows)
        print(f"the interval of 95 %, {wide:.1f} points wide, {name}, holds AP on all labels in {100 * held:.1f} % of the draws")
    held = statistics.mean(row["bound_low50"] <= row["full50"] <= row["bound_high50"] for row in rows)
    print(f"the bounds of AP50, {statistics.mean(100 * (row['bound_high50'] - row['bound_low50']) for row in rows):.1f} points wide, in {100 * held:.1f} %; "
          f"the bias is told as {statistics.mean(100 * row['bias'] for row in rows):+.1f} points")


main()
