"""The work of ../segments.cpp as papers' code does it: TokenCut with PyTorch and scipy, scikit-learn's spectral clustering,
pydensecrf, and scores from one long row of pixels, pair of classes by pair of classes (as MaskContrast and COMUS do)."""
import argparse
import pathlib

import numpy as np
import torch

import measure

parser = argparse.ArgumentParser()
parser.add_argument("what", choices=["tokencut", "clusters", "crf", "evaluate"])
parser.add_argument("--model")
parser.add_argument("--precision", choices=["fp32", "autocast"], default="fp32")
parser.add_argument("--rows")
parser.add_argument("--told")
parser.add_argument("--truth")
parser.add_argument("--side", type=int, default=448)
parser.add_argument("--count", type=int, default=6)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()
torch.set_num_threads(args.threads)


def seconds_of(runs, work):
    """Of each run after one that is not counted."""
    work(0)
    seconds = []
    for i in range(runs):
        begin = measure.now()
        work(i)
        seconds.append(measure.now() - begin)
    return seconds


def tokencut():
    import scipy.linalg
    import scipy.ndimage

    import plain

    tower = plain.load_vit(args.model).eval()
    torch.manual_seed(7)
    grid = args.side // tower.patch.kernel_size[0]
    photos = torch.randn(args.count, 3, grid * tower.patch.kernel_size[0], grid * tower.patch.kernel_size[0])
    side = round((len(tower.positions) - 1) ** 0.5)
    own = tower.positions[1:].T.reshape(1, -1, side, side)
    stretched = torch.nn.functional.interpolate(own, size=(grid, grid), mode="bicubic", align_corners=False)
    tower.positions = torch.nn.Parameter(torch.cat([tower.positions[:1], stretched.flatten(2)[0].T]))
    keys, cuts = [], []
    tower.blocks[-1].qkv.register_forward_hook(lambda module, inputs, output: keys.append(output[0, 1:].chunk(3, -1)[1]))

    def work(i):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "autocast"):
            tower(photos[i:i + 1])
        begin = measure.now()
        k = torch.nn.functional.normalize(keys.pop().float())
        affinity = np.where((k @ k.T).numpy() > 0.2, 1.0, 1e-5)
        degrees = np.diag(affinity.sum(1))
        _, vectors = scipy.linalg.eigh(degrees - affinity, degrees, subset_by_index=[1, 2])
        x = vectors[:, 0]
        if x[np.abs(x).argmax()] < 0:
            x = -x
        labels, _ = scipy.ndimage.label((x > x.mean()).reshape(grid, grid))
        assert (labels == labels.flat[np.abs(x).argmax()]).any()
        cuts.append(measure.now() - begin)

    seconds = seconds_of(args.count, work)
    measure.emit(per_s=1 / measure.median(seconds), cut_ms=1000 * measure.median(cuts))


def clusters():
    import warnings

    from safetensors.numpy import load_file
    from sklearn.cluster import SpectralClustering

    warnings.simplefilter("ignore")
    rows = load_file(args.rows)["features"]
    found = []

    def work(_):
        found[:] = SpectralClustering(args.count, affinity="nearest_neighbors", n_neighbors=30, random_state=0, n_jobs=args.threads).fit_predict(rows).tolist()

    begin = measure.now()
    work(0)
    measure.emit(per_s=1 / (measure.now() - begin), clusters=found)


def crf():
    import pydensecrf.densecrf

    side = args.side
    y, x = np.mgrid[:side, :side]
    inside = np.hypot(x - side / 2, y - side / 2) < side / 4
    photo = np.stack([np.where(inside, 170 - 30 * c, 60 + 20 * c) + (x * 7 + y * 13 + c * 5) % 23 for c in range(3)], -1).astype(np.uint8)
    salient = np.zeros((side, side), np.float32)
    salient[side // 3:side // 3 * 2, side // 3:side // 3 * 2] = 0.9
    object_of = 0.1 + salient * 0.8  # 0.9 is how sure a map of 1 is
    unary = -np.log(np.stack([1 - object_of, object_of])).reshape(2, -1).astype(np.float32)
    share = []

    def work(_):
        field = pydensecrf.densecrf.DenseCRF2D(side, side, 2)
        field.setUnaryEnergy(np.ascontiguousarray(unary))
        field.addPairwiseGaussian(sxy=3, compat=3)
        field.addPairwiseBilateral(sxy=80, srgb=13, rgbim=np.ascontiguousarray(photo), compat=10)
        share[:] = [float((np.array(field.inference(5))[1] > 0.5).mean())]

    seconds = seconds_of(args.count, work)
    measure.emit(per_s=1 / measure.median(seconds), share=share[0])


def evaluate():
    from PIL import Image
    from scipy.optimize import linear_sum_assignment

    begin = measure.now()
    told, truth = [], []
    for file in sorted(pathlib.Path(args.truth).glob("*.png")):
        truth.append(np.asarray(Image.open(file)).reshape(-1))
        told.append(np.asarray(Image.open(pathlib.Path(args.told) / file.name)).reshape(-1))
    told, truth = np.concatenate(told).astype(np.float32), np.concatenate(truth).astype(np.float32)
    known = truth != 255
    told, truth = told[known], truth[known]
    count = args.count
    iou = np.zeros((count, count))
    for k in range(count):
        for c in range(count):
            of_cluster, of_class = told == k, truth == c
            both = np.sum(of_cluster & of_class)
            iou[k, c] = both / max(1, np.sum(of_cluster | of_class))
    rows, columns = linear_sum_assignment(1 - iou)
    measure.emit(per_s=1 / (measure.now() - begin), miou=float(iou[rows, columns].mean()))


{"tokencut": tokencut, "clusters": clusters, "crf": crf, "evaluate": evaluate}[args.what]()
