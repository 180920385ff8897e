"""Makes tests/golden/methods/*.safetensors: what scikit-learn and the papers' formulas, written plainly in torch, give.

    python tests/golden/make/methods.py             # torch 2.13, scikit-learn 1.9
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

OUT = Path(__file__).resolve().parents[1] / "methods"


def randn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def logistic_regression():
    """scikit-learn's multinomial logistic regression, solved far beyond its default tolerance."""
    from sklearn.linear_model import LogisticRegression

    labels = torch.arange(60) % 4
    features = 2 * randn(1, 60, 6) + 1.5 * randn(2, 4, 6)[labels]
    tensors = {"features": features, "labels": labels}
    for c in (0.01, 0.316, 10.0):
        model = LogisticRegression(C=c, max_iter=100_000, tol=1e-12, solver="lbfgs")
        model.fit(features.double().numpy(), labels.numpy())
        tensors[f"{c}.weight"] = torch.from_numpy(model.coef_.copy())
        tensors[f"{c}.bias"] = torch.from_numpy(model.intercept_.copy())
    return tensors


def strengths():
    """The sequence of strengths that CoOp's linear-probe search tries, and its choice, for two score curves."""
    tensors = {}
    for name, score in {
        "peak": lambda c: -abs(np.log10(c) - 0.7),
        "flat": lambda c: 0.5,
    }.items():
        tried = []

        def fit(c):
            tried.append(c)
            return score(c)

        grid = [1e6, 1e4, 1e2, 1, 1e-2, 1e-4, 1e-6]
        peak = grid[int(np.argmax([fit(c) for c in grid]))]
        left, right = 1e-1 * peak, 1e1 * peak
        chosen = None
        for _ in range(8):
            of_left, of_right = fit(left), fit(right)
            middle = 0.5 * (np.log10(left) + np.log10(right))
            if of_left < of_right:
                chosen, left, right = right, 10**middle, right
            else:
                chosen, left, right = left, left, 10**middle
        tensors[f"{name}.tried"] = torch.tensor(tried, dtype=torch.float64)
        tensors[f"{name}.chosen"] = torch.tensor(chosen, dtype=torch.float64)
    return tensors


def bottleneck():
    """Adapters around a frozen map: Houlsby et al. (after it, GELU), Pfeiffer et al. (after, ReLU), He et al. (beside)."""
    x, frozen = randn(1, 2, 3, 8), 0.5 * randn(2, 8, 8)
    down_w, down_b, up_w, up_b = randn(3, 4, 8), randn(4, 4), randn(5, 8, 4), randn(6, 8)
    h = F.layer_norm(x, (8,)) @ frozen.T
    sequential = lambda act: h + F.linear(act(F.linear(h, down_w, down_b)), up_w, up_b)
    parallel = lambda read, s: h + s * F.linear(F.relu(F.linear(read, down_w, down_b)), up_w, up_b)
    return {
        "x": x, "frozen": frozen,
        "down_weight": down_w, "down_bias": down_b, "up_weight": up_w, "up_bias": up_b,
        "houlsby": sequential(F.gelu),
        "pfeiffer": sequential(F.relu),
        "parallel": parallel(F.layer_norm(x, (8,)), 1),
        "scaled-parallel": parallel(F.layer_norm(x, (8,)), 4),
        "stream": parallel(x, 1),
    }


def clip_adapter():
    features, down, up = randn(1, 5, 8), randn(2, 2, 8), randn(3, 8, 2)
    classes = F.normalize(randn(4, 3, 8), dim=1)
    mixed = 0.2 * F.relu(F.linear(F.relu(F.linear(features, down)), up)) + 0.8 * features
    return {"features": features, "down": down, "up": up, "classes": classes,
            "logits": 100 * F.normalize(mixed, dim=1) @ classes.T}


def tip_adapter():
    """Keys out of three views, logits at given strengths, and the authors' grid search (200 betas by 20 alphas)."""
    classes, photos, views, width = 4, 12, 3, 8
    labels = torch.arange(photos) % classes
    centres = randn(1, classes, width)
    raw = centres[labels] + 0.8 * randn(2, views, photos, width)  # views first, as the authors stack them
    keys = F.normalize(raw.mean(0), dim=1)
    text = F.normalize(centres + 1.2 * randn(3, classes, width), dim=1)
    val_labels = torch.arange(40) % classes
    val = 3 * (centres[val_labels] + 1.3 * randn(4, 40, width))
    f = F.normalize(val, dim=1)
    clip = 10 * f @ text.T  # a scale at which the cache matters
    values = F.one_hot(labels, classes).float()
    affinity = f @ keys.T
    cached = lambda beta: torch.exp(-beta * (1 - affinity)) @ values
    best, alpha_, beta_ = -1.0, 0.0, 0.0
    for beta in [i * (7 - 0.1) / 200 + 0.1 for i in range(200)]:
        for alpha in [i * (3 - 0.1) / 20 + 0.1 for i in range(20)]:
            accuracy = ((clip + alpha * cached(beta)).argmax(1) == val_labels).float().mean().item()
            if accuracy > best:
                best, alpha_, beta_ = accuracy, alpha, beta
    return {
        "views": raw.reshape(views * photos, width), "labels": labels, "text": text, "keys": keys,
        "val": val, "val_labels": val_labels, "logits": clip + 1.17 * cached(2.5),
        "alpha": torch.tensor(alpha_), "beta": torch.tensor(beta_), "accuracy": torch.tensor(best),
    }


def main():
    OUT.mkdir(exist_ok=True)
    for make in (logistic_regression, strengths, bottleneck, clip_adapter, tip_adapter):
        tensors = {name: value.contiguous() for name, value in make().items()}
        save_file(tensors, OUT / f"{make.__name__}.safetensors")
        print(make.__name__, {name: tuple(value.shape) for name, value in tensors.items() if value.numel() < 4000})


if __name__ == "__main__":
    main()
