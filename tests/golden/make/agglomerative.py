"""tests/golden/agglomerative.safetensors: scikit-learn's clusters of the rows of discovery.py, by three linkages.

    python tests/golden/make/agglomerative.py          needs numpy, scikit-learn and safetensors
"""
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.cluster import AgglomerativeClustering

GOLDEN = Path(__file__).parents[1]
rows = load_file(GOLDEN / "discovery.safetensors")
out = {}
for blobs in ("apart", "joined"):
    for linkage in ("ward", "average", "complete"):
        for count in (2, 4, 9):
            found = AgglomerativeClustering(count, linkage=linkage).fit_predict(rows[f"blobs.{blobs}/rows"].astype(np.float64))
            out[f"{blobs}/{linkage}/{count}"] = found.astype(np.int64)
save_file(out, GOLDEN / "agglomerative.safetensors")
