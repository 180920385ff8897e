"""Runs a question's contenders in turn, several rounds, and prints medians of the paired ratios.

A round runs every contender once, one after another, so that a ratio compares neighbours in time: these machines are shared,
and their speed drifts. Results go to bench/results/<question>.json with the machine they were measured on."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "bench" / "peers"
GRAFT = ROOT / "build" / "release" / "bench"
MODELS = ROOT / "build" / "bench" / "models"


def graft(program, *args):
    return [str(GRAFT / f"bench_{program}"), *args]


def peer(script, *args):
    return [sys.executable, str(PEERS / script), *args]


def vit(model, work, graft_precisions, peer_precisions, steps="3"):
    common = ["--work", work, "--steps", steps, "--warmup", "2"]
    ours = ["--model", str(MODELS / model)]
    if model == "embedded":
        ours = ["--model", str(ROOT / "assets" / "clip_products"), "--size", "64"]
    contenders = {f"graft {p}": graft("vit_step", *ours, *common, "--precision", p) for p in graft_precisions}
    contenders |= {f"peer {p}": peer("vit_step.py", "--model", str(MODELS / model), *common, "--precision", p) for p in peer_precisions}
    return contenders


QUESTIONS = {
    "lora-vit-s14": lambda: vit("vit-s14", "lora", ["fp32", "bf16", "int8"], ["fp32", "autocast", "bf16", "compiled"]),
    "lora-embedded": lambda: vit("embedded", "lora", ["fp32"], ["fp32"], steps="20"),
    "features-embedded": lambda: vit("embedded", "features", ["fp32"], ["fp32"], steps="20"),
    "lora-vit-b16": lambda: vit("vit-b16", "lora", ["bf16", "int8"], ["autocast", "bf16"], steps="2"),
    "adapter-vit-s14": lambda: vit("vit-s14", "adapter", ["bf16"], ["autocast"]),
    "vpt-vit-s14": lambda: vit("vit-s14", "vpt", ["bf16"], ["autocast"]),
    "features-vit-s14": lambda: vit("vit-s14", "features", ["fp32", "bf16", "int8"], ["fp32", "autocast", "bf16"]),
}


def machine() -> dict:
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return dict(processor=model, cores=os.cpu_count(), system=platform.platform(), date=datetime.date.today().isoformat())


def run_once(command) -> dict:
    env = dict(os.environ, OMP_NUM_THREADS=str(os.cpu_count()), HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode != 0:
        raise SystemExit(f"[bench] {' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def ask(question: str, rounds: int, only: str) -> dict:
    contenders = {n: c for n, c in QUESTIONS[question]().items() if re.search(only, n)}
    rows = {name: [] for name in contenders}
    for i in range(rounds):
        for name, command in contenders.items():
            rows[name].append(run_once(command))
            print(f"{question}  round {i + 1}/{rounds}  {name:16} {rows[name][-1]['images_per_s']:8.2f} images/s", file=sys.stderr)
    return rows


def report(question: str, rows: dict) -> dict:
    rate = {n: statistics.median(r["images_per_s"] for r in rs) for n, rs in rows.items()}
    memory = {n: statistics.median(r["peak_mb"] for r in rs) for n, rs in rows.items()}
    first = {n: statistics.median(r["first_step_s"] for r in rs) for n, rs in rows.items()}
    peers = [n for n in rows if not n.startswith("graft")]
    fastest = max(peers, key=rate.get)
    print(f"\n{question}: against the fastest peer, {fastest}")
    print(f"  {'':16} {'images/s':>9} {'peak MB':>9} {'first s':>9} {'speed x':>9} {'memory x':>9}")
    table = {}
    for name, runs in rows.items():
        speed = statistics.median(r["images_per_s"] / p["images_per_s"] for r, p in zip(runs, rows[fastest]))
        lean = memory[name] / min(memory[p] for p in peers)
        print(f"  {name:16} {rate[name]:9.2f} {memory[name]:9.0f} {first[name]:9.2f} {speed:9.2f} {lean:9.2f}")
        table[name] = dict(images_per_s=rate[name], peak_mb=memory[name], first_step_s=first[name], speed_ratio=speed, memory_ratio=lean)
    return dict(machine=machine(), fastest_peer=fastest, table=table, rounds=rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("questions", nargs="*", choices=[[], *QUESTIONS], default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="contenders whose names match this pattern: on a processor without bf16 its arms take minutes")
    args = parser.parse_args()
    subprocess.run([sys.executable, PEERS / "weights.py", MODELS], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for question in args.questions or QUESTIONS:
        result = report(question, ask(question, args.rounds, args.only))
        out = ROOT / "bench" / "results" / f"{question}.json"
        out.write_text(json.dumps(result, indent=1) + "\n")
