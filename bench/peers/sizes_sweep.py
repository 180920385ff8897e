"""How a LoRA step grows with batch, tokens, width and classes: graft in bf16 beside peft at its fastest."""
import sys

import operations
from machine import ROOT, THREADS, alone, run_once

MODELS = ROOT / "build" / "bench" / "models"
PEERS = ROOT / "bench" / "peers"
WIDTHS = {192: "vit-ti14", 384: "vit-s14", 768: "vit-b14"}
BASE = dict(batch=16, image=224, width=384, classes=100)
POINTS = [dict(BASE, **{what: value}) for what, values in dict(
    batch=[1, 4, 16, 64], image=[112, 224, 336], width=[192, 384, 768], classes=[10, 100, 1000]).items() for value in values]
POINTS = [p for i, p in enumerate(POINTS) if p not in POINTS[:i]]  # the middle of all once
STEPS = 3


def ask(rounds, lock):
    print("\nsizes: a LoRA step, graft bf16 and peft bf16")
    print(f"  {'batch':>6} {'image':>6} {'tokens':>7} {'width':>6} {'classes':>8} {'graft/s':>9} {'GFLOP/s':>8} {'MB':>6} "
          f"{'peft/s':>9} {'MB':>6} {'speed x':>8} {'memory x':>8}")
    rows = []
    for p in POINTS:
        args = ["--model", str(MODELS / WIDTHS[p["width"]]), "--work", "lora", "--precision", "bf16", "--batch", str(p["batch"]),
                "--classes", str(p["classes"]), "--size", str(p["image"]), "--steps", str(STEPS), "--threads", THREADS]
        ours, theirs = [], []
        for _ in range(rounds):
            with alone(lock):
                ours.append(run_once([str(ROOT / "build" / "release" / "bench" / "bench_vit_step"), *args]))
                theirs.append(run_once([sys.executable, str(PEERS / "vit_step.py"), *args, "--attention", "eager"]))
        pairs = sorted(zip(ours, theirs), key=lambda pair: pair[0]["images_per_s"] / pair[1]["images_per_s"])
        a, b = pairs[len(pairs) // 2]
        tokens = 1 + (p["image"] // 14) ** 2
        work = operations.lora_step(p["width"], 12, p["width"] // 64, tokens, 588, 1)["needed"]
        row = dict(p, tokens=tokens, graft=a["images_per_s"], graft_gflops=a["images_per_s"] * work / 1e9, graft_mb=a["peak_mb"],
                   peft=b["images_per_s"], peft_mb=b["peak_mb"], speed_ratio=a["images_per_s"] / b["images_per_s"],
                   memory_ratio=a["peak_mb"] / b["peak_mb"])
        print(f"  {p['batch']:6} {p['image']:6} {tokens:7} {p['width']:6} {p['classes']:8} {row['graft']:9.2f} "
              f"{row['graft_gflops']:8.0f} {row['graft_mb']:6.0f} {row['peft']:9.2f} {row['peft_mb']:6.0f} "
              f"{row['speed_ratio']:8.2f} {row['memory_ratio']:8.2f}", flush=True)
        rows.append(row)
    return {"rows": rows}
