"""Writes ../distillation.json: what a student costs beside its teacher, in float64, by torch's own functions where it has
them, and otherwise by the papers' formulas, pair by pair and triple by triple.

    python distillation.py

Needs torch 2.13.
"""

import itertools
import json
import os

import torch
import torch.nn.functional as F

torch.manual_seed(20261128)
torch.set_default_dtype(torch.float64)

B, C, E, WIDE = 5, 4, 6, 3


def few_digits(*shape, scale=1.0):
    return torch.round(torch.randn(*shape) * scale * 64) / 64


answers = {"student": few_digits(B, C, scale=3), "teacher": few_digits(B, C, scale=3)}
features = {"student": few_digits(B, E), "teacher": few_digits(B, E), "narrow": few_digits(B, WIDE)}
cases = []


def case(name, what, value, teacher="teacher"):
    cases.append({"distil": name, "compares": what, "teacher": teacher, "sum": float(value)})


# Hinton et al. 2015: T² times the divergence, weighted by alpha.
for temperature, alpha in ((4.0, 0.5), (1.0, 1.0), (2.5, 0.1)):
    divergence = F.kl_div(F.log_softmax(answers["student"] / temperature, 1),
                          F.softmax(answers["teacher"] / temperature, 1), reduction="sum")
    case(f"kl:temperature={temperature:g},alpha={alpha:g}", "answers", alpha * temperature**2 * divergence)

# FitNets' hint loss, and the same of rows of length 1.
for weight in (1.0, 0.25):
    case(f"feature-matching:weight={weight:g}", "features",
         weight * 0.5 * F.mse_loss(features["student"], features["teacher"], reduction="sum"))
    case(f"feature-matching:weight={weight:g},measure=cosine", "features",
         weight * (1 - F.cosine_similarity(features["student"], features["teacher"], dim=1)).sum())


# RKD, eq. 4 to 9, one potential after another.
def distance_loss(student, teacher):
    def potentials(x):
        d = [[torch.sqrt(((x[i] - x[j]) ** 2).sum()) if i != j else torch.zeros(()) for j in range(B)] for i in range(B)]
        mu = sum(d[i][j] for i in range(B) for j in range(B) if i != j) / (B * (B - 1))
        return [d[i][j] / mu for i in range(B) for j in range(B)]

    return mean_huber(potentials(student), potentials(teacher))


def angle_loss(student, teacher):
    def potentials(x):
        all_ = []
        for j, i, k in itertools.product(range(B), repeat=3):
            a, b = x[i] - x[j], x[k] - x[j]
            all_.append(a @ b / (a.norm() * b.norm()) if i != j and k != j else torch.zeros(()))
        return all_

    return mean_huber(potentials(student), potentials(teacher))


def mean_huber(a, b):
    def huber(x, y):
        return 0.5 * (x - y) ** 2 if abs(x - y) <= 1 else abs(x - y) - 0.5

    return sum(huber(x, y) for x, y in zip(a, b)) / len(a)


for teacher in ("teacher", "narrow"):
    d = distance_loss(features["student"], features[teacher])
    a = angle_loss(features["student"], features[teacher])
    case("relational", "features", B * (25 * d + 50 * a), teacher)
    case("relational:angle=0", "features", B * 25 * d, teacher)
    case("relational:distance=0,angle=2", "features", B * 2 * a, teacher)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "distillation.json"), "w") as f:
    json.dump({"answers": {k: v.tolist() for k, v in answers.items()},
               "features": {k: v.tolist() for k, v in features.items()}, "cases": cases}, f)
    f.write("\n")
