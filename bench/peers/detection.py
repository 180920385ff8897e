"""Boxes scored by COCO's rules, graft beside pycocotools, faster-coco-eval and hotcoco in the same round: made-up sets of the
sizes of COCO's and Objects365's validation, 365 classes. Reading counts, interpreters and imports do not."""
import json
import statistics
import sys

import numpy as np

from machine import ROOT, THREADS, alone, run_once

PROGRAM = ROOT / "build" / "release" / "bench" / "bench_detection"
PEER = ROOT / "bench" / "peers" / "detection_peer.py"
MADE = ROOT / "build" / "bench" / "detection"
CLASSES = 365
# Images, objects, detections, and who is asked: the other two take many minutes and tens of GB for the second.
SIZES = {
    "5,000 images, 60,000 detections": (5_000, 40_000, 60_000, ["pycocotools", "faster-coco-eval", "hotcoco"]),
    "80,000 images, 1,200,000 detections": (80_000, 1_000_000, 1_200_000, ["hotcoco"]),
}


def boxes(rng, count):
    width, height = (np.exp(rng.normal(4, 0.9, count)).clip(4, most) for most in (400, 470))
    return np.round(np.stack([rng.uniform(0, 1, count) * (640 - width), rng.uniform(0, 1, count) * (480 - height), width, height], 1), 2)


def make(images, objects, detections):
    """A long tail of classes; six of ten detections lie near an object, nine of ten of them of its class."""
    folder = MADE / f"{images}"
    if (folder / "done").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    share = 1 / np.arange(1, CLASSES + 1) ** 0.9
    share /= share.sum()
    image, kind, box = rng.integers(0, images, objects), rng.choice(CLASSES, objects, p=share), boxes(rng, objects)
    crowd = rng.random(objects) < 0.01
    truth = {"images": [{"id": i + 1, "width": 640, "height": 480, "file_name": f"{i:012d}.jpg"} for i in range(images)],
             "categories": [{"id": c + 1, "name": f"class {c}"} for c in range(CLASSES)],
             "annotations": [{"id": k + 1, "image_id": int(image[k]) + 1, "category_id": int(kind[k]) + 1, "bbox": box[k].tolist(),
                              "area": round(float(box[k][2] * box[k][3]), 4), "iscrowd": int(crowd[k])} for k in range(objects)]}
    near, of = rng.random(detections) < 0.6, rng.integers(0, objects, detections)
    told = np.where(near & (rng.random(detections) < 0.9), kind[of], rng.choice(CLASSES, detections, p=share))
    where = np.where(near, image[of], rng.integers(0, images, detections))
    about = np.where(near[:, None], np.round(box[of] + rng.normal(0, 4, (detections, 4)), 2), boxes(rng, detections))
    about[:, 2:] = about[:, 2:].clip(1)
    score = np.round(np.clip(rng.beta(2, 5, detections) + 0.3 * near, 0, 1), 4)
    results = [{"image_id": int(where[k]) + 1, "category_id": int(told[k]) + 1, "bbox": [round(float(v), 2) for v in about[k]],
                "score": float(score[k])} for k in range(detections)]
    for name, what in (("truth.json", truth), ("results.json", results)):
        (folder / name).write_text(json.dumps(what))
    (folder / "done").touch()
    return folder


def ask(rounds, lock):
    result = {}
    for name, (images, objects, detections, peers) in SIZES.items():
        folder = make(images, objects, detections)
        files = [folder / "truth.json", folder / "results.json"]
        commands = {"graft": [PROGRAM, "--truth", files[0], "--results", files[1], "--threads", THREADS]}
        commands |= {peer: [sys.executable, PEER, peer, *files] for peer in peers}
        rows = {n: [] for n in commands}
        for _ in range(rounds):
            with alone(lock):
                for n, command in commands.items():
                    rows[n].append(run_once([str(word) for word in command]))
        print(f"\ndetection: {name}")
        result[name] = {}
        for n, rs in rows.items():
            line = {key: statistics.median(r[key] for r in rs) for key in ("read_s", "evaluate_s", "seconds", "peak_mb")}
            line |= dict(speed_ratio=statistics.median(p["seconds"] / r["seconds"] for r, p in zip(rs, rows["hotcoco"])),
                         same_numbers=rs[0]["numbers"] == rows["graft"][0]["numbers"],
                         furthest=max(abs(a - b) for a, b in zip(rs[0]["numbers"], rows["graft"][0]["numbers"])),
                         others=max(r["others"] for r in rs))
            print(f"  {n:17} {line['seconds']:8.2f} s (read {line['read_s']:.2f}) {line['speed_ratio']:6.2f}x hotcoco {line['peak_mb']:7.0f} MB, "
                  f"numbers within {line['furthest']:.1e} of graft's, others {100 * line['others']:.0f} %")
            result[name][n] = line
    return result
