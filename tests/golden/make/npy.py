"""Arrays as NumPy saves them, and what stands in them.

    python tests/golden/make/npy.py      writes tests/golden/npy/* and tests/golden/npy.json

npy.json: file -> [dtype, shape, values]; a file that graft refuses is there as file -> words of its error.
Needs numpy (made with 2.4).
"""

import json
import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parent.parent
FOLDER = GOLDEN / "npy"
VALUES = np.array([[0.5, -2.0, 65504.0], [6.103515625e-05, 5.960464477539063e-08, -0.0]])


def main():
    FOLDER.mkdir(exist_ok=True)
    expected = {}

    def save(name, array, version=None):
        with open(FOLDER / name, "wb") as file:
            np.lib.format.write_array(file, array, version=version)
        values = array.ravel().tolist()
        expected[name] = [array.dtype.str, list(array.shape), values]

    for kind in ("<f2", "<f4", "<f8"):
        save(f"{kind[1:]}.npy", VALUES.astype(kind))
    save("i4.npy", np.array([3, -4, 2**31 - 1], "<i4"))
    save("i8.npy", np.array([3, -4, 2**62], "<i8"))
    save("u1.npy", np.array([0, 255], "|u1"))
    save("text.npy", np.array(["cat", "Übergröße", "日本", "😀", ""]))
    save("scalar.npy", np.array(100.0, "<f4"))
    save("empty.npy", np.zeros((0, 4), "<f4"))
    save("version2.npy", VALUES.astype("<f4"), (2, 0))
    save("version3.npy", VALUES.astype("<f4"), (3, 0))
    save("transposed.npy", np.ascontiguousarray(VALUES.astype("<f4").T))

    def refuse(name, array, words):
        np.save(FOLDER / name, array)
        expected[name] = words

    refuse("fortran.npy", np.asfortranarray(VALUES.astype("<f4")), "Fortran order")
    refuse("object.npy", np.array(["a", 1, None], dtype=object), "Python objects ('|O')")
    refuse("big.npy", VALUES.astype(">f4"), "big-endian ('>f4')")
    refuse("fields.npy", np.zeros(2, dtype=[("x", "<f4"), ("y", "<i4")]), "structured array")
    refuse("bool.npy", np.array([True, False]), "of type '|b1': expected one of <f2")
    refuse("complex.npy", np.zeros(2, "<c8"), "of type '<c8'")
    refuse("bytes.npy", np.array([b"cat"]), "of type '|S3'")

    np.savez(FOLDER / "whole.npz", features=VALUES.astype("<f4"), labels=np.array(["dog", "cat"]),
             ids=np.array(["a.jpg", "b.jpg"]), splits=np.array(["train", "test"]))
    np.savez_compressed(FOLDER / "compressed.npz", features=VALUES.astype("<f4"))
    (GOLDEN / "npy.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


main()
