"""What is put on top of a baseline, and what it costs: augmentations and mixings on the loader beside torchvision's, and
a ResNet's step with a non-local block beside the arithmetic of that block."""
import os
import statistics
import subprocess
import sys

from machine import ROOT, THREADS, alone, run_once

PROGRAM = ROOT / "build" / "release" / "bench" / "bench_plugins"
PEERS = ROOT / "bench" / "peers"
PHOTOS = ROOT / "build" / "bench" / "photos"
RESNET = ROOT / "build" / "bench" / "models" / "resnet18.safetensors"
PLUGINS = ["none", "mixup", "cutmix", "rand-augment", "colour-jitter", "random-erasing"]
SECONDS = os.environ.get("GRAFT_BENCH_SECONDS", "8")


def loader(plugin, kept):
    """Of one round: graft's numbers, and those of torchvision on Pillow's images and on tensors."""
    kept = str(kept).lower()
    rows = {"graft": [PROGRAM, "--what", "loader", "--plugin", plugin, "--photos", PHOTOS, "--kept", kept, "--threads", THREADS,
                      "--seconds", SECONDS]}
    for form in ("pil", "tensor"):
        rows[form] = [sys.executable, PEERS / "plugins_loader.py", plugin, PHOTOS, kept, form, "224", THREADS, SECONDS]
    return {name: run_once([str(part) for part in command]) for name, command in rows.items()}


def middle(rounds, who, key):
    return statistics.median(row[who][key] for row in rounds)


def ask_loader(rounds, lock, kept):
    print(f"\nplugins: photos/s of the loader, {THREADS} workers, photos {'decoded once' if kept else 'from files'}; in brackets "
          "processor ms a photo")
    print(f"  {'':16} {'graft':>17} {'on PIL':>17} {'on tensors':>17} {'speed x':>8} {'processor x':>12}")
    table = {}
    for plugin in PLUGINS:
        rows = []
        for _ in range(rounds):
            with alone(lock):
                rows.append(loader(plugin, kept))
        fastest = max(("pil", "tensor"), key=lambda form: middle(rows, form, "images_per_s"))
        speed = statistics.median(r["graft"]["images_per_s"] / r[fastest]["images_per_s"] for r in rows)
        work = statistics.median(r[fastest]["processor_ms"] / r["graft"]["processor_ms"] for r in rows)
        cells = [f"{middle(rows, who, 'images_per_s'):8.0f} ({middle(rows, who, 'processor_ms'):6.2f})"
                 for who in ("graft", "pil", "tensor")]
        print(f"  {plugin:16} {cells[0]:>17} {cells[1]:>17} {cells[2]:>17} {speed:8.2f} {work:12.2f}")
        table[plugin] = dict(fastest_peer=fastest, speed_ratio=speed, processor_ratio=work, rounds=rows)
    return table


def ask_block(rounds, lock):
    command = [PROGRAM, "--what", "block", "--model", RESNET, "--batch", 16, "--threads", THREADS]
    rows = []
    for _ in range(rounds):
        with alone(lock):
            rows.append(run_once([str(part) for part in command]))
    step, block, products, arithmetic = (statistics.median(row[key] for row in rows)
                                         for key in ("step_ms", "block_ms", "products_ms", "arithmetic_ms"))
    print(f"\nplugins: non-local blocks behind layer2.1 and layer3.1 of a ResNet-18 that trains, 16 photos of 224 pixels: "
          f"{block:.0f} ms on a step of {step:.0f}; their products alone {products:.0f} ms ({block / products:.2f}x), with "
          f"softmax, norm and sum {arithmetic:.0f} ms ({block / arithmetic:.2f}x)")
    return dict(step_ms=step, block_ms=block, products_ms=products, arithmetic_ms=arithmetic, rounds=rows)


def ask(rounds, lock):
    subprocess.run([sys.executable, PEERS / "photos.py", PHOTOS], check=True)
    subprocess.run([sys.executable, PEERS / "resnet_weights.py", RESNET], check=True)
    return dict(files=ask_loader(rounds, lock, kept=False), kept=ask_loader(rounds, lock, kept=True),
                block=ask_block(rounds, lock))
