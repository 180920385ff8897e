"""Writes ../losses.json: losses of small batches, by torch, torchvision and timm where they have them, and otherwise by
the papers' formulas written plainly, all in float64.

    python losses.py

Needs torch 2.13, torchvision 0.29 (its Python alone: `pip install --no-deps torchvision` will do) and timm 1.0.
"""

import json
import math
import os

import torch
import torch.nn.functional as F

lib = torch.library.Library("torchvision", "DEF")  # torchvision's own operators are not asked; it names two on import
for name in ("nms", "qnms"):
    try:
        lib.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        pass
from timm.loss import BinaryCrossEntropy, LabelSmoothingCrossEntropy, SoftTargetCrossEntropy  # noqa: E402
from torchvision.ops import sigmoid_focal_loss  # noqa: E402

torch.manual_seed(20261128)
torch.set_default_dtype(torch.float64)

B, C = 6, 4
counts = torch.tensor([40, 10, 3, 1])
logits = torch.round(torch.randn(B, C) * 3 * 64) / 64  # few digits
labels = torch.tensor([0, 3, 1, 2, 0, 0])
one_hot = F.one_hot(labels, C).double()
shares = 0.75 * one_hot + 0.25 * one_hot.flip(0)  # as MixUp makes them
several = torch.tensor([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0]]).double()
balanced = counts.sum() / (C * counts)
cases = []


def case(loss, value, weight=B, asked=labels, smoothing=0.0, target="label"):
    cases.append({"loss": loss, "labels": asked.tolist(), "smoothing": smoothing, "target": target,
                  "sum": float(value), "weight": float(weight)})


def of_each_label(loss):  # loss(z, y) of one example -> [B, C]
    return torch.stack([torch.stack([loss(logits[b], y) for y in range(C)]) for b in range(B)])


def of_labels(text, loss, weight_of=None):
    """Cases of a loss that is stated for one example and its label: hard, smoothed, shared."""
    each = of_each_label(loss)
    case(text, (each * one_hot).sum())
    case(text, (each * (0.9 * one_hot + 0.1 / C)).sum(), smoothing=0.1)
    case(text, (each * shares).sum(), asked=shares)


# Cross-entropy: torch and timm.
for smoothing in (0.0, 0.1):
    case("cross-entropy", F.cross_entropy(logits, labels, reduction="sum", label_smoothing=smoothing),
         smoothing=smoothing)
    for text, w in (("balanced", balanced), ("1,2,0,0.5", torch.tensor([1, 2, 0, 0.5]))):
        total = F.cross_entropy(logits, labels, weight=w, reduction="sum", label_smoothing=smoothing)
        mean = F.cross_entropy(logits, labels, weight=w, label_smoothing=smoothing)
        case(f"cross-entropy:weights={text}", total, total / mean, smoothing=smoothing)
        case(f"cross-entropy:weights={text},normaliser=examples", total, smoothing=smoothing)
        case(f"cross-entropy:weights={text},normaliser=examples",
             F.cross_entropy(logits, shares, weight=w, reduction="sum", label_smoothing=smoothing),
             asked=shares, smoothing=smoothing)
case("cross-entropy", LabelSmoothingCrossEntropy(0.2)(logits, labels) * B, smoothing=0.2)
case("cross-entropy", SoftTargetCrossEntropy()(logits, shares) * B, asked=shares)

# Focal: over a sigmoid by torchvision; over a softmax by eq. 4 and 5.
for gamma in (0.0, 0.5, 2.0):
    for alpha in (-1.0, 0.25):
        options = f"form=sigmoid,gamma={gamma:g},alpha={alpha:g}"
        own = dict(alpha=alpha, gamma=gamma, reduction="sum")
        case(f"focal:{options}", sigmoid_focal_loss(logits, one_hot, **own))
        case(f"focal:{options}", sigmoid_focal_loss(logits, several, **own), several.sum(), several, target="labels")
        mean = sigmoid_focal_loss(logits, several, alpha=alpha, gamma=gamma, reduction="mean")
        case(f"focal:{options},normaliser=examples", mean * B * C, B * C, several, target="labels")
case("focal:form=sigmoid,gamma=0,alpha=-1", BinaryCrossEntropy(smoothing=0.0, reduction="sum")(logits, labels))
for gamma in (0.5, 2.0):
    of_labels(f"focal:gamma={gamma:g}",
              lambda z, y: -(1 - z.softmax(0)[y]) ** gamma * z.log_softmax(0)[y])
focal = of_each_label(lambda z, y: -(1 - z.softmax(0)[y]) ** 2 * z.log_softmax(0)[y])
case("focal:weights=balanced", (focal * balanced * one_hot).sum(), (balanced * one_hot).sum())
case("focal:normaliser=examples,weights=balanced", (focal * balanced * shares).sum(), B, shares)

# Class-balanced, eq. 5 to 9: weights (1 - beta) / (1 - beta^n), with their sum made C.
for beta in (0.0, 0.9, 0.9999):
    w = (1 - beta) / (1 - beta ** counts.double())
    w = w / w.sum() * C
    of_labels(f"class-balanced:beta={beta:g}", lambda z, y: -w[y] * z.log_softmax(0)[y])
    of_labels(f"class-balanced:beta={beta:g},gamma=2",
              lambda z, y: -w[y] * (1 - z.softmax(0)[y]) ** 2 * z.log_softmax(0)[y])
    row = w[labels].unsqueeze(1)
    for gamma in (0.0, 2.0):
        each = sigmoid_focal_loss(logits, one_hot, alpha=-1, gamma=gamma)
        case(f"class-balanced:beta={beta:g},form=sigmoid,gamma={gamma:g}", (row * each).sum())

# Logit adjustment, eq. 10: log(1 + sum over the others of (pi_other / pi_own)^tau e^(f_other - f_own)).
pi = counts / counts.sum()
for tau in (0.0, 1.0, 1.5):
    of_labels(f"logit-adjusted:tau={tau:g}", lambda z, y: torch.log1p(
        sum((pi[o] / pi[y]) ** tau * torch.exp(z[o] - z[y]) for o in range(C) if o != y)))

# LDAM, eq. 13, as the authors' code has it: margins n^(-1/4), the largest max_m, scale s behind the margin.
def ldam(s, most):
    m = counts.double() ** -0.25
    m = m * most / m.max()
    return lambda z, y: F.cross_entropy((s * (z - m * F.one_hot(torch.tensor(y), C))).unsqueeze(0), torch.tensor([y]))


of_labels("ldam", ldam(1, 0.5))
of_labels("ldam:margin=0.3,scale=30", ldam(30, 0.3))
w = (1 - 0.9999) / (1 - 0.9999 ** counts.double())
w = w / w.sum() * C
m = 0.5 * counts.double() ** -0.25 / (counts.double() ** -0.25).max()
total = F.cross_entropy(logits - m * one_hot, labels, weight=w, reduction="sum")
case("ldam:reweight-from=1", total, total / F.cross_entropy(logits - m * one_hot, labels, weight=w))

# Poly-1, eq. 6.
for epsilon, gamma in ((1, 0), (-1, 0), (2, 0), (0.5, 2)):
    of_labels(f"poly1:epsilon={epsilon},gamma={gamma}", lambda z, y: (
        -(1 - z.softmax(0)[y]) ** gamma * z.log_softmax(0)[y] + epsilon * (1 - z.softmax(0)[y]) ** (gamma + 1)))

# Of pairs: photos (rows) and the distinct texts (columns), of which two photos have the first.
own = labels.tolist()
def pair_nce():  # eq. 4 of van den Oord et al. both ways; a text is asked once for each of its photos
    loss = 0.0
    for i, u in enumerate(own):
        loss -= 0.5 * (logits[i].log_softmax(0)[u] + logits[:, u].log_softmax(0)[i])
    return loss


def pair_siglip():
    return -sum(F.logsigmoid((1 if own[i] == u else -1) * logits[i][u]) for i in range(len(own)) for u in range(C))


for name, total in (("info-nce", pair_nce()), ("siglip", pair_siglip())):
    cases.append({"loss": name, "labels": F.one_hot(labels, C).double().tolist(), "smoothing": 0.0, "target": "caption",
                  "sum": float(total), "weight": float(len(own))})

# Of embeddings: each formula as its paper has it, in loops.
N, V, D = 5, 2, 3
views = F.normalize(torch.round(torch.randn(N, V, D) * 64) / 64, dim=2)
of_views = torch.tensor([0, 1, 0, 2, 1])


def supervised_contrastive(temperature):  # Khosla et al. 2020, eq. 2
    z, y, loss = views.reshape(N * V, D), of_views.repeat_interleave(V), 0.0
    for i in range(N * V):
        others = [a for a in range(N * V) if a != i]
        below = sum(math.exp(z[i] @ z[a] / temperature) for a in others)
        positives = [p for p in others if y[p] == y[i]]
        loss -= sum(math.log(math.exp(z[i] @ z[p] / temperature) / below) for p in positives) / len(positives)
    return loss


a, b = views[:, 0], views[:, 1]


def info_nce(scale):  # van den Oord et al. 2018, eq. 4, in both directions as CLIP has it
    loss = 0.0
    for x, y in ((a, b), (b, a)):
        for i in range(N):
            loss -= 0.5 * math.log(math.exp(scale * x[i] @ y[i]) / sum(math.exp(scale * x[i] @ y[j]) for j in range(N)))
    return loss


def siglip(scale, bias):  # Zhai et al. 2023, eq. 1 (section 3.2): the sum that is then divided by the batch's size
    return -sum(math.log(1 / (1 + math.exp((1 if i == j else -1) * (-scale * a[i] @ b[j] - bias))))
                for i in range(N) for j in range(N))


pairs = {"views": views.tolist(), "labels": of_views.tolist(),
         "supervised_contrastive": [{"temperature": t, "sum": supervised_contrastive(t)} for t in (0.1, 0.5)],
         "info_nce": [{"scale": s, "sum": info_nce(s)} for s in (1.0, 14.0)],
         "siglip": [{"scale": s, "bias": t, "sum": siglip(s, t)} for s, t in ((10.0, -10.0), (1.0, 0.5))]}

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "..", "losses.json"), "w") as file:
    json.dump({"logits": logits.tolist(), "counts": counts.tolist(), "cases": cases, "pairs": pairs}, file)
    file.write("\n")
print(len(cases), "cases")
