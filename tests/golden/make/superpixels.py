#!/usr/bin/env python3
"""tests/golden/superpixels.safetensors: SLIC, and the saliency of its parts by rbd and mc, as their papers have them, in
float64 with dense matrices.

    .venv-peers/bin/python tests/golden/make/superpixels.py
"""
from pathlib import Path

import numpy as np
import scipy.ndimage
from safetensors.numpy import save_file
from scipy.sparse.csgraph import dijkstra


def lab_of(image):
    c = image / 255.0
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    xyz = c @ np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                        [0.0193339, 0.1191920, 0.9503041]]).T / np.array([0.95047, 1, 1.08883])
    d = 6 / 29
    f = np.where(xyz > d ** 3, np.cbrt(xyz), xyz / (3 * d * d) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def slic(lab, count, compactness, rounds=10):
    height, width, _ = lab.shape
    step = (height * width / count) ** 0.5
    padded = np.pad(lab, ((1, 1), (1, 1), (0, 0)), mode="edge")
    gradient = ((padded[1:-1, 2:] - padded[1:-1, :-2]) ** 2 + (padded[2:, 1:-1] - padded[:-2, 1:-1]) ** 2).sum(-1)
    rows, columns = int(np.floor(height / step + 0.5)), int(np.floor(width / step + 0.5))
    centres = []
    for row in range(rows):
        for column in range(columns):
            y, x = (2 * row + 1) * height // (2 * rows), (2 * column + 1) * width // (2 * columns)
            near = [(gradient[ny, nx], (ny, nx) != (y, x), ny, nx) for ny in range(max(y - 1, 0), min(y + 2, height))
                    for nx in range(max(x - 1, 0), min(x + 2, width))]
            _, _, y, x = min(near)
            centres.append([*lab[y, x], y, x])
    centres = np.array(centres)
    yy, xx = np.mgrid[:height, :width]
    for _ in range(rounds):
        far = np.full((len(centres), height, width), np.inf)
        for k, (l, a, b, y, x) in enumerate(centres):
            d = ((lab - (l, a, b)) ** 2).sum(-1) + (compactness / step) ** 2 * ((yy - y) ** 2 + (xx - x) ** 2)
            near = (yy >= max(0, int(y - step))) & (yy <= int(y + step)) & (xx >= max(0, int(x - step))) & \
                (xx <= int(x + step))
            far[k][near] = d[near]
        of = np.where(np.isinf(far.min(0)), -1, far.argmin(0))
        for k in range(len(centres)):
            mine = of == k
            if mine.any():
                centres[k] = [*lab[mine].mean(0), yy[mine].mean(), xx[mine].mean()]
    # connected pieces, numbered row by row; small ones fall to a neighbour that has its number
    pieces = np.full((height, width), -1)
    next_piece = 0
    for k in np.unique(of):
        marked, found = scipy.ndimage.label(of == k)
        for piece in range(1, found + 1):
            pieces[marked == piece] = next_piece
            next_piece += 1
    numbers, next_number = np.full((height, width), -1), 0
    for y in range(height):
        for x in range(width):
            if numbers[y, x] >= 0:
                continue
            neighbour = -1
            for ny, nx in ((y, x - 1), (y - 1, x), (y, x + 1), (y + 1, x)):
                if 0 <= ny < height and 0 <= nx < width and numbers[ny, nx] >= 0:
                    neighbour = numbers[ny, nx]
            mine = pieces == pieces[y, x]
            if mine.sum() < int(step * step / 4) and neighbour >= 0:
                numbers[mine] = neighbour
            else:
                numbers[mine] = next_number
                next_number += 1
    return numbers


def graph_of(lab, labels):
    n = labels.max() + 1
    height, width = labels.shape
    yy, xx = np.mgrid[:height, :width]
    colours = np.array([lab[labels == k].mean(0) for k in range(n)])
    places = np.array([[(yy[labels == k].mean() + 0.5) / height, (xx[labels == k].mean() + 0.5) / width]
                       for k in range(n)])
    touches = np.zeros((n, n), bool)
    for a, b in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        for i, j in zip(a.ravel(), b.ravel()):
            if i != j:
                touches[i, j] = touches[j, i] = True
    border = np.zeros(n, bool)
    border[np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))] = True
    return colours, places, touches, border


def apart(rows):
    return np.linalg.norm(rows[:, None] - rows[None], axis=-1)


def rbd(colours, places, touches, border, sigma=10.0):
    n, far = len(colours), apart(colours)
    joined = touches | np.outer(border, border)
    weights = np.where(joined & ~np.eye(n, dtype=bool), np.maximum(far, 1e-12), 0)  # 0 is no edge to scipy
    alike = np.exp(-dijkstra(weights, directed=False) ** 2 / (2 * sigma ** 2))
    connectivity = alike[:, border].sum(1) / np.sqrt(alike.sum(1))
    w_bg = 1 - np.exp(-connectivity ** 2 / 2)
    contrast = (far * np.exp(-apart(places) ** 2 / (2 * 0.25 ** 2)) * w_bg[None]).sum(1)
    contrast /= contrast.max()
    # the cost as a stack of squares: rows of sqrt(weight) (s_i - target)
    rows, targets = [], []
    for i in range(n):
        rows += [np.eye(n)[i] * w_bg[i] ** 0.5, np.eye(n)[i] * contrast[i] ** 0.5]
        targets += [0, contrast[i] ** 0.5]
        for j in range(i):
            if touches[i, j]:
                w = np.exp(-far[i, j] ** 2 / (2 * sigma ** 2)) + 0.1
                rows.append((np.eye(n)[i] - np.eye(n)[j]) * w ** 0.5)
                targets.append(0)
    saliency = np.linalg.lstsq(np.array(rows), np.array(targets), rcond=None)[0]
    return connectivity, contrast, saliency


def mc(colours, touches, border, sigma2=0.1):
    """The chain written out: n transient nodes, then a copy of each on the border that absorbs."""
    n, copies = len(colours), np.flatnonzero(border)
    links = touches | ((touches.astype(int) @ touches) > 0) | np.outer(border, border)
    np.fill_diagonal(links, True)
    far = apart(colours)
    w = np.where(links, np.exp(-far / far[links].max() / sigma2), 0)
    affinity = np.zeros((n, n + len(copies)))
    affinity[:, :n] = w
    affinity[:, n:] = w[:, copies]
    p = affinity / affinity.sum(1, keepdims=True)
    t = np.linalg.inv(np.eye(n) - p[:, :n])
    time = t @ np.ones(n)
    s = (time - time.min()) / (time.max() - time.min())
    shares = np.histogram(s, bins=10, range=(0, 1))[0] / n
    spread = sum(share * min(g, 11 - g) for g, share in enumerate(shares, 1))
    recurrence = w.sum() / w.sum(1)
    return time, spread, t @ (recurrence / recurrence.sum())


def main():
    out = {}
    yy, xx = np.mgrid[:40, :52]
    for name, seed, place, radius, ground, object_, noise in (
            ("disc", 1, (19, 24), 10, (70, 110, 80), (200, 90, 40), 5),
            ("low", 2, (36, 38), 12, (150, 150, 170), (120, 90, 60), 9),
            ("faded", 3, (18, 26), 11, (120, 120, 120), (135, 128, 118), 3)):
        rng = np.random.default_rng(seed)
        inside = (yy - place[0]) ** 2 + (xx - place[1]) ** 2 < radius ** 2
        slope = 1.5 if name == "faded" else 0.2
        image = np.where(inside[..., None], object_, ground) + np.stack([xx, yy, -xx], -1) * slope
        image = np.clip(image + rng.normal(scale=noise, size=image.shape), 0, 255).astype(np.uint8)
        lab = lab_of(image.astype(np.float64))
        labels = slic(lab, 48, 10.0)
        graph = graph_of(lab, labels)
        key = name + "/"
        out[key + "image"] = image
        if name == "disc":
            out[key + "lab"] = lab
        out[key + "labels"] = labels.astype(np.int64)
        for part, value in zip(("colours", "places", "touches", "border"), graph):
            out[key + part] = value
        for part, value in zip(("connectivity", "contrast", "saliency"), rbd(*graph)):
            out[key + "rbd." + part] = value
        time, spread, weighted = mc(graph[0], graph[2], graph[3])
        out[key + "mc.time"], out[key + "mc.spread"], out[key + "mc.weighted"] = time, np.array([spread]), weighted
        print(name, labels.max() + 1, "parts, spread", spread)
    out = {name: np.ascontiguousarray(value) for name, value in out.items()}
    file = Path(__file__).parents[1] / "superpixels.safetensors"
    save_file(out, file)
    print(file, file.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
