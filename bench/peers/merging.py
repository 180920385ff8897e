"""Sets of boxes read, deduped and made one, graft beside Datumaro in the same round, where Datumaro is installed (it is not among
the peers: its wheels ask for other numpy and torch; GRAFT_DATUMARO names the Python of an environment that has it). Made-up sets in COCO's
form, 200 of 365 classes each, ten boxes a photo with a polygon; a fifth of a set's photos are the set's before, told by their URLs."""
import json
import os
import statistics
import subprocess

import numpy as np

from machine import ROOT, alone, run_once

PROGRAM = ROOT / "build" / "release" / "bench" / "bench_merging"
PEER = ROOT / "bench" / "peers" / "merging_peer.py"
MADE = ROOT / "build" / "bench" / "merging"
CLASSES, OWN = 365, 200
# What is asked of which files: (boxes of a set, boxes of a photo).
QUESTIONS = {
    "merge of three sets of 100,000 boxes": ("merge", 100_000, 10),
    "merge of three sets of 1,000,000 boxes": ("merge", 1_000_000, 10),
    "reading of 1,000,000 photos, a box each": ("read", 1_000_000, 1),
    "dedupe of 1,000,000 photos, a box each": ("dedupe", 1_000_000, 1),
}
LIMIT_S = 1800  # for the peer


def make(boxes, of_a_photo, sets):
    folder = MADE / f"{boxes}-{of_a_photo}"
    files = [folder / name / "annotations" / "instances_default.json" for name in "abc"[:sets]]  # as Datumaro finds them
    if (folder / "done").exists():
        return files
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parents[1] / "images").mkdir(exist_ok=True)
    images = boxes // of_a_photo
    for number, path in enumerate(files):
        rng = np.random.default_rng(number)
        own = np.sort(rng.choice(CLASSES, OWN, replace=False)) + 1
        share = 1 / np.arange(1, OWN + 1) ** 0.9
        image, kind = rng.integers(0, images, boxes), own[rng.choice(OWN, boxes, p=share / share.sum())]
        width, height = (np.exp(rng.normal(4, 0.9, boxes)).clip(4, most) for most in (400, 470))
        x, y = rng.uniform(0, 1, boxes) * (640 - width), rng.uniform(0, 1, boxes) * (480 - height)
        first = number * images * 4 // 5
        with open(path, "w") as file:
            file.write('{"images":[')
            # In one set alone a fifth of the photos are there twice.
            file.write(",".join(f'{{"id":{i + 1},"width":640,"height":480,"file_name":"{first + i:012d}.jpg",'
                                f'"coco_url":"http://images.org/{first + (i % (images * 4 // 5) if of_a_photo == 1 else i):012d}.jpg"}}' for i in range(images)))
            file.write('],"categories":[' + ",".join(f'{{"id":{c},"name":"class {c}"}}' for c in own) + '],"annotations":[')
            for k, (i, c, a, b, w, h) in enumerate(zip(image, kind, x, y, width, height)):
                file.write(f'{"," if k else ""}{{"id":{k + 1},"image_id":{i + 1},"category_id":{c},"bbox":[{a:.2f},{b:.2f},{w:.2f},{h:.2f}],'
                           f'"area":{w * h:.2f},"iscrowd":0,"segmentation":[[{a:.2f},{b:.2f},{a + w:.2f},{b:.2f},{a + w:.2f},{b + h:.2f}]]}}')
            file.write("]}")
    (folder / "done").touch()
    return files


def peer():
    """The Python that has Datumaro, and its version; None where none has."""
    python = os.environ.get("GRAFT_DATUMARO", "")
    if not python:
        return None
    asked = subprocess.run([python, "-c", "import datumaro; print(datumaro.__version__)"], capture_output=True, text=True)
    return (python, asked.stdout.strip()) if asked.returncode == 0 else None


def ask(rounds, lock):
    found, result = peer(), {}
    if found is None:
        print("merging: Datumaro is not installed and is left out; GRAFT_DATUMARO=.../bin/python names an environment that has it")
    for name, (what, boxes, of_a_photo) in QUESTIONS.items():
        files = make(boxes, of_a_photo, 3 if what == "merge" else 1)
        listed = ",".join(map(str, files))
        commands = {"graft": [PROGRAM, "--what", what, "--sets", listed, "--merged", MADE / "graft.json"]}
        if found and what != "dedupe":  # by URL it has none
            commands[f"datumaro {found[1]}"] = ["timeout", LIMIT_S, found[0], PEER, what, MADE / "datumaro", *(file.parents[1] for file in files)]
        rows = {n: [] for n in commands}
        for _ in range(rounds):
            with alone(lock):
                for n, command in commands.items():
                    try:
                        rows[n].append(run_once([str(word) for word in command]))
                    except SystemExit as error:
                        print(f"  {n}: did not finish: {str(error).strip().splitlines()[-1]}")
        print(f"\nmerging: {name}")
        result[name] = {}
        for n, rs in rows.items():
            if not rs:
                result[name][n] = None
                continue
            line = {key: statistics.median(r[key] for r in rs) for key in ("seconds", "peak_mb", "images", "boxes")}
            line["others"] = max(r["others"] for r in rs)
            print(f"  {n:17} {line['seconds']:8.2f} s {line['peak_mb']:7.0f} MB, {line['images']:,} photos, {line['boxes']:,} boxes, "
                  f"others {100 * line['others']:.0f} %")
            result[name][n] = line
    print(json.dumps(result))
    return result
