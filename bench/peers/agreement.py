"""Does speed change what is learnt? `graft adapt` with LoRA on the embedded CLIP, same seed and batches in float32, bf16
and int8, on the embedded photos and on a second data set that GRAFT_BENCH_DATA names; paired differences of the test
accuracy over seeds, with Student's 95 % interval."""
import json
import math
import os
import pathlib
import statistics
import subprocess

from machine import ROOT, THREADS

GRAFT = ROOT / "build" / "release" / "src" / "graft" / "cli" / "graft"
ASSETS = ROOT / "assets"
SEEDS = range(1, 1 + int(os.environ.get("GRAFT_BENCH_SEEDS", "12")))
SETTING = ["--method", "lora", "--shots", "16", "--epochs", "6", "--augment", "flip", "--lr", "0.008"]
# Student's t, two-sided 95 %, by degrees of freedom
T95 = {5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228, 11: 2.201, 12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131,
       17: 2.110, 19: 2.093, 23: 2.069, 29: 2.045}


def accuracy(data, precision, seed):
    done = subprocess.run([GRAFT, "adapt", "--model", ASSETS / "clip_products", "--data", data, *SETTING, "--precision",
                           precision, "--seed", str(seed), "--threads", THREADS, "--no-cache", "--json", "--quiet"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"[bench] graft adapt failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])["test"]["accuracy"]


def ask(rounds, lock):
    sets = {"fashion_products": ASSETS / "fashion_products" / "photos.csv"}
    if "GRAFT_BENCH_DATA" in os.environ:
        second = pathlib.Path(os.environ["GRAFT_BENCH_DATA"])
        sets[second.name] = second
    print(f"\nagreement: LoRA, {len(SEEDS)} seeds; difference of test accuracy to float32 in points, 95 % interval")
    rows = []
    for name, data in sets.items():
        found = {p: [accuracy(data, p, seed) for seed in SEEDS] for p in ("fp32", "bf16", "int8")}
        for precision in ("bf16", "int8"):
            differences = [100 * (a - b) for a, b in zip(found[precision], found["fp32"])]
            mean = statistics.mean(differences)
            half = T95[len(differences) - 1] * statistics.stdev(differences) / math.sqrt(len(differences))
            row = dict(data=name, precision=precision, mean=mean, low=mean - half, high=mean + half, differences=differences,
                       accuracy=statistics.mean(found[precision]), accuracy_fp32=statistics.mean(found["fp32"]))
            print(f"  {name:18} {precision}  {100 * row['accuracy']:.2f} % against {100 * row['accuracy_fp32']:.2f} %  "
                  f"{mean:+.2f}  {row['low']:+.2f} to {row['high']:+.2f}", flush=True)
            rows.append(row)
    return {"seeds": len(SEEDS), "setting": SETTING, "rows": rows}
