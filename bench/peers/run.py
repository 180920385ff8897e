"""Runs a question's contenders in turn, several rounds, and prints medians of the paired ratios.

A round runs every contender once, one after another, so that a ratio compares neighbours in time: these machines are shared,
and their speed drifts. Results go to bench/results/<question>.json with the machine they were measured on.

Beside other work: BENCH_CLOCK=cpu BENCH_THREADS=1 takes the processor's time of one thread instead of the wall's of all;
such a run is a look and writes no file."""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys

from machine import ROOT, alone, facts, run_once
from questions import MODELS, PEERS, QUESTIONS, Question


def ask(name: str, question: Question, rounds: int, only: str, lock: str, quiet: float) -> dict:
    question.before()
    contenders = {n: c for n, c in question.contenders.items() if re.search(only, n) or n == "ceiling"}
    rows = {n: [] for n in contenders}
    for i in range(rounds):
        with alone(lock):
            for n, command in contenders.items():
                rows[n].append(row := run_once(command, quiet))
                text = f"{row['gflops']:8.1f} GFLOP/s" if n == "ceiling" else f"{row[question.rate]:8.2f} {question.unit}"
                print(f"{name}  round {i + 1}/{rounds}  {n:28} {text}  others {100 * row['others']:.0f} %", file=sys.stderr)
    return rows


def median_of(runs, key):
    values = [r[key] for r in runs if key in r]
    return statistics.median(values) if values else float("nan")


def report(name: str, question: Question, rows: dict) -> dict:
    ceilings = [r["gflops"] for r in rows.pop("ceiling", [])]
    rate = {n: median_of(rs, question.rate) for n, rs in rows.items()}
    peers = [n for n in rows if not n.startswith("graft")]
    fastest = max(peers, key=rate.get)
    leanest = min(median_of(rows[p], "peak_mb") for p in peers)
    quickest = {key: min(median_of(rows[p], key) for p in peers) for key in ("ready_s", "first_step_s")}
    print(f"\n{name}: against the fastest peer, {fastest}" + (f"; ceiling {statistics.median(ceilings):.0f} GFLOP/s" if ceilings else ""))
    print(f"  {'':28} {question.unit:>9} {'speed x':>8} {'of ceil.':>8} {'peak MB':>8} {'memory x':>8} {'start s':>8} {'start x':>8} {'first s':>8} {'first x':>8}")
    table = {}
    for n, runs in rows.items():
        line = dict(rate=rate[n], speed_ratio=statistics.median(r[question.rate] / p[question.rate] for r, p in zip(runs, rows[fastest])),
                    peak_mb=median_of(runs, "peak_mb"), **{key: median_of(runs, key) for key in quickest})
        line |= dict(memory_ratio=line["peak_mb"] / leanest, start_ratio=quickest["ready_s"] / line["ready_s"],
                     first_step_ratio=quickest["first_step_s"] / line["first_step_s"])
        if ceilings and question.needed:
            shares = [r[question.rate] / (c * 1e9) for r, c in zip(runs, ceilings)]
            line |= dict(ceiling_share=statistics.median(shares) * question.needed, ceiling_share_plain=statistics.median(shares) * question.plain)
        share = f"{100 * line['ceiling_share']:6.0f} %" if "ceiling_share" in line else ""
        print(f"  {n:28} {line['rate']:9.2f} {line['speed_ratio']:8.2f} {share:>8} {line['peak_mb']:8.0f} {line['memory_ratio']:8.2f} "
              f"{line['ready_s']:8.2f} {line['start_ratio']:8.1f} {line['first_step_s']:8.2f} {line['first_step_ratio']:8.1f}"
              + "".join(f"  {heading} {median_of(runs, key):.2f}" for key, heading in question.extra.items() if key in runs[0]))
        for key in question.extra:
            if key in runs[0]:
                line[key] = median_of(runs, key)
        table[n] = line
    noisy = max(r["others"] for rs in rows.values() for r in rs)
    if noisy > 0.1:
        print(f"  others had up to {100 * noisy:.0f} % of the processors during a run: take these numbers for a look")
    return dict(machine=facts(), fastest_peer=fastest, ceiling_gflops=ceilings, table=table, rounds=rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("questions", nargs="*", choices=[[], *QUESTIONS], default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="contenders whose names match this pattern: on a processor without bf16 its arms take minutes")
    parser.add_argument("--lock", default="", help="file whose lock is held during each round")
    parser.add_argument("--quiet", type=float, default=0.1, help="a run is done again, a few times, where others had more than this share of the processors")
    args = parser.parse_args()
    subprocess.run([sys.executable, PEERS / "weights.py", MODELS], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name in args.questions or QUESTIONS:
        question = QUESTIONS[name]()
        if isinstance(question, Question):
            result = report(name, question, ask(name, question, args.rounds, args.only, args.lock, args.quiet))
        else:  # it has its own way of asking
            result = dict(machine=facts(), **question(args.rounds, args.lock))
        if os.environ.get("BENCH_CLOCK") == "cpu":
            continue
        out = ROOT / "bench" / "results" / f"{name}.json"
        out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
