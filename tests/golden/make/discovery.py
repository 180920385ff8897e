#!/usr/bin/env python3
"""tests/golden/discovery.safetensors: saliency, refinement and clustering from their papers' formulas, in float64, and
from scipy and scikit-learn.

    .venv-peers/bin/python tests/golden/make/discovery.py

Patches are made up: a few objects on a grid, each with a direction of its own among the keys, and noise.
"""
from pathlib import Path

import numpy as np
import scipy.linalg
import scipy.ndimage
from safetensors.numpy import save_file
from sklearn.cluster import KMeans
from sklearn.manifold import spectral_embedding
from sklearn.metrics import silhouette_score
from sklearn.neighbors import kneighbors_graph

HEADS, WIDTH = 3, 24


def patches(seed, rows, columns, objects, noise):
    """keys [N, D] float32 and the class token's attention [H, N]; objects: (top, left, bottom, right)."""
    rng = np.random.default_rng(seed)
    kind = np.zeros((rows, columns), int)
    for number, (top, left, bottom, right) in enumerate(objects, 1):
        kind[top:bottom, left:right] = number
    directions = rng.normal(size=(len(objects) + 1, WIDTH))
    keys = directions[kind.ravel()] + noise * rng.normal(size=(rows * columns, WIDTH))
    scores = 1.5 * (kind.ravel() > 0) * rng.uniform(0.2, 1, (HEADS, 1)) + 0.6 * rng.normal(size=(HEADS, rows * columns))
    attention = np.exp(scores)
    attention = 0.8 * attention / attention.sum(1, keepdims=True)  # the rest goes to the class token itself
    return keys.astype(np.float32), attention.astype(np.float32)


def component(mask, seed):
    labels, _ = scipy.ndimage.label(mask)
    return labels == labels.ravel()[seed] if mask.ravel()[seed] else np.zeros_like(mask)


def tokencut(keys, rows, columns, tau=0.2, eps=1e-5):
    unit = keys / np.maximum(np.linalg.norm(keys, axis=1, keepdims=True), 1e-12)
    unit = unit.astype(np.float64)
    a = np.where(unit @ unit.T > tau, 1.0, eps)
    d = np.diag(a.sum(1))
    values, vectors = scipy.linalg.eigh(d - a, d, subset_by_index=[1, 1])
    x = vectors[:, 0]
    side = x > x.mean()
    seed = np.argmax(np.abs(x))
    if not side[seed]:
        x, side = -x, -x > (-x).mean()
    return x, values[0], component(side.reshape(rows, columns), seed)


def lost(keys, rows, columns, k=100):
    keys = keys.astype(np.float64)
    a = keys @ keys.T
    others = a > 0
    np.fill_diagonal(others, False)
    degree = others.sum(1)
    order = np.argsort(degree, kind="stable")
    seed = order[0]
    potentials = order[:k]
    similar = potentials[a[seed, potentials] > 0]
    m = a[similar].sum(0)
    return degree, seed, m, component((m > 0).reshape(rows, columns), seed)


def found(keys, attention, tau=0.3):
    keys, attention = keys.astype(np.float64), attention.astype(np.float64)
    q = (attention > attention.mean()).mean(1)
    beta = np.log((q + 1e-10).sum() / (q + 1e-10))
    scaled = (keys.reshape(len(keys), HEADS, -1) * beta[None, :, None]).reshape(len(keys), -1)
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    seed = np.argmin((attention * beta[:, None]).sum(0))
    likeness = scaled @ scaled[seed]
    return beta, seed, likeness, likeness <= tau


def mass(attention, share=0.6):
    attention = attention.astype(np.float64)
    order = np.argsort(attention, kind="stable")
    kept = np.cumsum(attention[order] / attention.sum()) > 1 - share
    mask = np.zeros(len(attention), bool)
    mask[order] = kept
    return mask


def bilateral(image, target, sigma_spatial, sigma_luma, sigma_chroma, lam, confidence):
    """Barron & Poole 2016, eq. 4 to 8, with matrices written out: slice S, blur B, a dense solve."""
    height, width, _ = image.shape
    r, g, b = (image[..., c].astype(np.float64) for c in range(3))
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    blue = -0.168736 * r - 0.331264 * g + 0.5 * b + 128
    red = 0.5 * r - 0.418688 * g - 0.081312 * b + 128
    y, x = np.mgrid[:height, :width]
    place = np.stack([x // sigma_spatial, y // sigma_spatial, luma // sigma_luma, blue // sigma_chroma,
                      red // sigma_chroma], -1).reshape(-1, 5).astype(int)
    cells, cell_of = np.unique(place, axis=0, return_inverse=True)
    s = np.zeros((len(cells), len(place)))
    s[cell_of.ravel(), np.arange(len(place))] = 1
    apart = np.abs(cells[:, None] - cells[None]).sum(-1)
    blur = 10 * np.eye(len(cells)) + (apart == 1)
    counts, n = s.sum(1), np.ones(len(cells))
    for _ in range(10):
        n = np.sqrt(n * counts / (blur @ n))
    m = n * (blur @ n)
    a = lam * (np.diag(m) - np.diag(n) @ blur @ np.diag(n)) + np.diag(s @ np.full(len(place), confidence))
    solved = np.linalg.solve(a, s @ (confidence * target.ravel()))
    return (s.T @ solved).reshape(height, width), len(cells)


def graph_embedding(rows, neighbours, count):
    g = kneighbors_graph(rows, neighbours, include_self=True)
    affinity = 0.5 * (g + g.T)
    return spectral_embedding(affinity, n_components=count, eigen_solver="arpack", random_state=0, eigen_tol=1e-12,
                              drop_first=False), affinity


def blobs(seed, sizes, width, spread):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(sizes), width)) * 3
    rows = np.concatenate([c + spread * rng.normal(size=(n, width)) for c, n in zip(centres, sizes)])
    labels = np.repeat(np.arange(len(sizes)), sizes)
    order = rng.permutation(len(rows))
    return rows[order].astype(np.float32), labels[order]


def main():
    out = {}
    grids = {
        "one": (1, 7, 9, [(2, 3, 5, 7)], 0.35),
        "two": (2, 10, 8, [(1, 1, 4, 4), (6, 3, 9, 7)], 0.4),
        "edge": (3, 6, 12, [(0, 0, 3, 5)], 0.5),
        "wide": (4, 20, 24, [(4, 6, 14, 15), (16, 18, 19, 23)], 0.6),
    }
    for name, (seed, rows, columns, objects, noise) in grids.items():
        keys, attention = patches(seed, rows, columns, objects, noise)
        key = f"grid.{name}/"
        out[key + "keys"], out[key + "attention"] = keys, attention
        out[key + "size"] = np.array([rows, columns])
        x, value, mask = tokencut(keys, rows, columns)
        out[key + "tokencut.x"], out[key + "tokencut.value"] = x, np.array([value])
        out[key + "tokencut.mask"] = mask
        degree, seed, m, mask = lost(keys, rows, columns)
        out[key + "lost.degree"], out[key + "lost.seed"] = degree.astype(np.int64), np.array([seed])
        out[key + "lost.sum"], out[key + "lost.mask"] = m, mask
        beta, seed, likeness, mask = found(keys, attention)
        out[key + "found.weights"], out[key + "found.seed"] = beta, np.array([seed])
        out[key + "found.likeness"], out[key + "found.mask"] = likeness, mask.reshape(rows, columns)
        out[key + "attention.mask"] = mass(attention.mean(0)).reshape(rows, columns)
        out[key + "attention.head1"] = mass(attention[1]).reshape(rows, columns)

    rng = np.random.default_rng(5)
    height, width = 14, 19
    image = np.full((height, width, 3), (40, 90, 60), float)
    image[3:10, 5:14] = (200, 120, 40)
    image = np.clip(image + rng.normal(scale=6, size=image.shape), 0, 255).astype(np.uint8)
    target = np.zeros((height, width))
    target[2:8, 4:12] = 1
    target += 0.1 * rng.uniform(size=target.shape)
    solved, cells = bilateral(image, target, 4, 16, 8, 64.0, 0.999)
    out["bilateral/image"], out["bilateral/map"] = image, target
    out["bilateral/solved"], out["bilateral/cells"] = solved, np.array([cells])

    for name, (seed, sizes, spread, neighbours) in {
        "apart": (6, [30, 25, 40], 0.3, 8),  # three parts that nothing joins
        "joined": (7, [60, 45, 35, 20], 1.6, 12),
    }.items():
        rows, labels = blobs(seed, sizes, 6, spread)
        count = len(sizes)
        embedding, affinity = graph_embedding(rows, neighbours, count)
        key = f"blobs.{name}/"
        out[key + "rows"], out[key + "labels"] = rows, labels.astype(np.int64)
        out[key + "neighbours"] = np.array([neighbours])
        out[key + "embedding"] = embedding
        out[key + "degree"] = np.asarray(affinity.sum(1)).ravel() - affinity.diagonal()
        means = KMeans(count, n_init=20, random_state=0).fit(rows.astype(np.float64))
        out[key + "kmeans.inertia"] = np.array([means.inertia_])
        out[key + "kmeans.labels"] = means.labels_.astype(np.int64)
        out[key + "silhouette"] = np.array([silhouette_score(rows.astype(np.float64), labels)])

    rng = np.random.default_rng(8)
    distances = rng.uniform(size=37)
    out["core/distances"] = distances
    out["core/kept"] = distances < np.percentile(distances, 80)

    out = {name: np.ascontiguousarray(value) for name, value in out.items()}
    file = Path(__file__).parents[1] / "discovery.safetensors"
    save_file(out, file)
    print(file, file.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
