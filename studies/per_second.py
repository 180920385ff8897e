#!/usr/bin/env python3
"""What each method of a study gains over one of them, in points, and that per processor second of a run (a study whose
runs have one thread each):

    per_second.py STUDY/table.csv METHOD
"""
import csv
import sys


def main():
    table, baseline = sys.argv[1:]
    with open(table) as file:
        rows = list(csv.DictReader(file))
    metric = list(rows[0])[4]
    base = {(row["shots"], row["data"]): float(row[metric]) for row in rows if row["method"] == baseline}
    if not base:
        sys.exit(f"{table}: no method '{baseline}'. It has {', '.join(sorted({row['method'] for row in rows}))}.")
    print(f"{'method':20} {'data':12} {'shots':>5} {metric + ' %':>12} {'gain':>7} {'seconds':>8} {'gain a second':>14}")
    for row in rows:
        mean, seconds = 100 * float(row[metric]), float(row["seconds"])
        gain = mean - 100 * base[row["shots"], row["data"]]
        print(f"{row['method']:20} {row['data']:12} {row['shots']:>5} {mean:12.1f} {gain:+7.1f} {seconds:8.1f} {gain / seconds:+14.3f}")


if __name__ == "__main__":
    main()
