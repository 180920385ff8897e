"""Writes ../assignment.json: what scipy makes of small assignment problems.

    python tests/golden/make/assignment.py

A problem is {"value": rows of columns, "sum": the largest sum, "columns": of each row in scipy's order, -1 for none}; of
whole numbers there are ties, and the sum alone is one. Needs numpy and scipy (made with 1.17).
"""

import json
import pathlib

import numpy as np
from scipy.optimize import linear_sum_assignment

GOLDEN = pathlib.Path(__file__).resolve().parent.parent

rng = np.random.default_rng(11)
problems = []
for rows, columns in [(1, 1), (1, 5), (5, 1), (3, 3), (4, 6), (6, 4), (8, 8), (13, 7), (7, 13), (20, 20), (21, 30)]:
    for kind in ("real", "whole", "sparse"):
        value = rng.random((rows, columns)).round(6)
        if kind == "whole":
            value = rng.integers(-3, 4, (rows, columns)).astype(float)
        if kind == "sparse":
            value = value * (rng.random((rows, columns)) < 0.2)
        row, column = linear_sum_assignment(value, maximize=True)
        columns_of = [-1] * rows
        for r, c in zip(row, column):
            columns_of[r] = int(c)
        problems.append({"kind": kind, "value": value.tolist(), "sum": float(value[row, column].sum()), "columns": columns_of})
(GOLDEN / "assignment.json").write_text("[\n" + ",\n".join(json.dumps(p) for p in problems) + "\n]\n")
