#!/usr/bin/env python3
"""tests/golden/selfmask.safetensors: SelfMask's spectral candidates and its vote over the made up patches of
discovery.safetensors, by scipy's generalised eigenvectors and scikit-learn's k-means.

    .venv-peers/bin/python tests/golden/make/selfmask.py
"""
from pathlib import Path

import numpy as np
import scipy.linalg
import torch
from safetensors.numpy import load_file, save_file
from sklearn.cluster import KMeans

GOLDEN = Path(__file__).parents[1]


def cut(features, count):
    unit = features.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    a = unit @ unit.T
    a = (a - a.min()) / (a.max() - a.min())
    w = np.diag(a.sum(1))
    return scipy.linalg.eigh(w - a, w, subset_by_index=[0, count - 1])[1]


def winner(masks):
    kept = []
    for i, mask in enumerate(masks):
        y, x = np.where(mask)
        if not (y.min() == 0 and y.max() + 1 == mask.shape[0] or x.min() == 0 and x.max() + 1 == mask.shape[1]):
            kept.append(i)
    votes = [sum((masks[i] & masks[j]).sum() / (masks[i] | masks[j]).sum() for j in kept) for i in kept]
    return kept[int(np.argmax(votes))]


def main():
    grids = load_file(GOLDEN / "discovery.safetensors")
    out = {}
    for name in ("one", "two", "edge", "wide"):
        keys, (rows, columns) = grids[f"grid.{name}/keys"], grids[f"grid.{name}/size"]
        out[f"{name}/vectors"] = cut(keys, 4)
        if name == "edge":
            continue
        fine = torch.nn.functional.interpolate(torch.from_numpy(keys.T.reshape(1, -1, rows, columns)), scale_factor=2,
                                               mode="bilinear", align_corners=True)[0].flatten(1).T.numpy()
        masks = []
        for k in (2, 3, 4):
            labels = KMeans(k, n_init=20, random_state=0).fit_predict(cut(fine, k)).reshape(2 * rows, 2 * columns)
            masks += [labels == cluster for cluster in range(k)]
        out[f"{name}/candidates"], out[f"{name}/winner"] = np.array(masks), np.array([winner(masks)])
        print(name, [int(m.sum()) for m in masks], winner(masks))
    out["few/vectors"] = cut(grids["grid.one/keys"][:12], 4)
    file = GOLDEN / "selfmask.safetensors"
    save_file({name: np.ascontiguousarray(value) for name, value in out.items()}, file)
    print(file, file.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
