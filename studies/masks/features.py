#!/usr/bin/env python3
"""What the features are worth in the chain from photos to masks: objects are the true ones (coco.py), so that only what
regions look like differs. For each model and block, the pseudo masks' mean IoU over background and 12 classes on the val
photos, clusters matched one to one, of three clusterings; 95 % intervals over photos are the first's.

    features.py --graft graft --data data/coco --model NAME:VIT:BLOCK,BLOCK,... [--model ...] -o features     writes features/table.md
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path


def run(graft, *words):
    done = subprocess.run([graft, *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"graft {' '.join(map(str, words))}\n{done.stderr[-2000:]}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graft", default="graft")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", action="append", required=True, help="a name, a ViT and its blocks: NAME:PATH:3,7,11")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    lines = ["| features | block | mIoU of the pseudo masks | other clusterings |", "| --- | --- | --- | --- |"]
    results = []
    for text in args.model:
        name, model, blocks = text.rsplit(":", 2)
        for block in map(int, blocks.split(",")):
            folder = args.output / f"{name}-{block}".replace(" ", "-")
            scores = []
            for seed in range(1, args.seeds + 1):
                run(args.graft, "segment", "discover", "--images", args.data / "photos", "--features", model, "--saliency",
                    f"folder:{args.data / 'objects'}", "--crop-size", args.side, "--at", f"block.{block}", "--row", "patches",
                    "--clusters", 12, "--core", 100, "--seed", seed, "-o", folder, "-q")
                told = run(args.graft, "segment", "evaluate", folder / "masks" / "val", "--masks", args.data / "truth" / "val",
                           "--classes", args.data / "truth" / "classes.txt", "--json", "-q")
                scores.append(json.loads(told.splitlines()[-1])["one_to_one"])
            results.append(dict(name=name, block=block, scores=[dict(miou=s["miou"], interval=s["miou_interval"]) for s in scores]))
            low, high = scores[0]["miou_interval"]
            others = ", ".join(f"{100 * s['miou']:.1f}" for s in scores[1:])
            lines.append(f"| {name} | {block} | {100 * scores[0]['miou']:.1f} ({100 * low:.1f} to {100 * high:.1f}) | {others} |")
            print(lines[-1], file=sys.stderr, flush=True)
    (args.output / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (args.output / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
