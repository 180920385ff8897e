"""Masks without labels, graft beside papers' code in the same round: keys and TokenCut of a photo, 5,000 crops clustered, a
dense CRF, 2,000 masks scored."""
import statistics
import sys

import numpy as np

from machine import ROOT, THREADS, alone, run_once

PROGRAM = ROOT / "build" / "release" / "bench" / "bench_segments"
PEER = ROOT / "bench" / "peers" / "segments_peer.py"
MODELS = ROOT / "build" / "bench" / "models"
MADE = ROOT / "build" / "bench" / "segments"
CLUSTERS = CLASSES = 21


def make():
    """5,000 crops' features in well-separated clusters, and 2,000 masks of 320 x 240 with others beside them."""
    from PIL import Image
    from safetensors.numpy import save_file

    if (MADE / "done").exists():
        return
    rng = np.random.default_rng(4)
    MADE.mkdir(parents=True, exist_ok=True)
    centres = rng.normal(0, 1, (CLUSTERS, 384))
    own = rng.integers(0, CLUSTERS, 5000)
    save_file({"features": (centres[own] + rng.normal(0, 0.25, (5000, 384))).astype(np.float32)}, MADE / "rows.safetensors")
    for name in ("told", "truth"):
        (MADE / name).mkdir(exist_ok=True)
    for i in range(2000):
        small = rng.integers(0, CLASSES, (6, 8)).astype(np.uint8) * (rng.random((6, 8)) < 0.5)
        truth = Image.fromarray(small).resize((320, 240), Image.NEAREST)
        truth.save(MADE / "truth" / f"{i:04d}.png")
        told = (np.roll(np.asarray(truth), 9, 1) * 5) % CLASSES  # the classes under other numbers
        Image.fromarray(told.astype(np.uint8)).save(MADE / "told" / f"{i:04d}.png")
    (MADE / "done").touch()


def questions():
    """Name: arguments of graft by contender, and of the peer by contender."""
    rows = ["--rows", MADE / "rows.safetensors", "--count", CLUSTERS]
    masks = ["--told", MADE / "told", "--truth", MADE / "truth", "--count", CLASSES]
    for side in (224, 448):
        cut = ["--model", MODELS / "vit-s14", "--side", side]
        yield (f"keys and tokencut at {side}", {f"graft {p}": ["--what", "tokencut", *cut, "--precision", p] for p in ("fp32", "bf16")},
               {f"plain {p}": ["tokencut", *cut, "--precision", p] for p in ("fp32", "autocast")})
    yield "5,000 crops clustered", {"graft": ["--what", "clusters", *rows]}, {"scikit-learn": ["clusters", *rows]}
    yield "dense CRF, 320 x 320", {"graft": ["--what", "crf", "--side", 320]}, {"pydensecrf": ["crf", "--side", 320]}
    yield "2,000 masks scored", {"graft": ["--what", "evaluate", *masks]}, {"pair by pair": ["evaluate", *masks]}


def same_clusters(ours, theirs):
    """Whether two lists of numbers are the same clusters under other names."""
    pairs = set(zip(ours, theirs))
    return len(pairs) == len(set(ours)) == len(set(theirs))


def ask(rounds, lock):
    make()
    result = {}
    for name, graft, peers in questions():
        rows = {n: [] for n in (*graft, *peers)}
        for _ in range(rounds):
            with alone(lock):
                for n, args in graft.items():
                    rows[n].append(run_once([str(a) for a in (PROGRAM, *args, "--threads", THREADS)]))
                for n, args in peers.items():
                    rows[n].append(run_once([str(a) for a in (sys.executable, PEER, *args, "--threads", THREADS)]))
        rate = {n: statistics.median(r["per_s"] for r in rs) for n, rs in rows.items()}
        fastest = max(peers, key=rate.get)
        print(f"\nsegments: {name}, against {fastest}")
        result[name] = dict(fastest_peer=fastest, table={})
        for n, rs in rows.items():
            line = dict(rate=rate[n], speed_ratio=statistics.median(r["per_s"] / p["per_s"] for r, p in zip(rs, rows[fastest])),
                        peak_mb=statistics.median(r["peak_mb"] for r in rs), others=max(r["others"] for r in rs))
            for key in ("cut_ms", "share", "miou"):
                if key in rs[0]:
                    line[key] = rs[0][key]
            print(f"  {n:14} {line['rate']:9.3f} /s {line['speed_ratio']:7.2f}x {line['peak_mb']:7.0f} MB, others {100 * line['others']:.0f} %  "
                  + "  ".join(f"{key} {line[key]:.4g}" for key in ("cut_ms", "share", "miou") if key in line))
            result[name]["table"][n] = line
        if "clusters" in rows["graft" if "graft" in rows else next(iter(graft))][0]:
            same = same_clusters(rows["graft"][0]["clusters"], rows["scikit-learn"][0]["clusters"])
            print(f"  the same clusters: {same}")
            result[name]["same_clusters"] = same
    return result
