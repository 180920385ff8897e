"""Are the boxes of a whole detector torchvision's? fcos_resnet50_fpn as its published file of COCO is laid out (ResNet-50,
frozen batch norms, a pyramid by the names of before torchvision 0.14, 91 classes; 129 MB, a pickled state_dict), its weights
drawn here: torchvision and `graft detect predict` read the same file and tell boxes of the same photos, which have to be
the same; two may stand in another order, and the last of the list be another, where their scores are closer than what is
called the same. The norms' statistics are gathered from the photos, so that maps stay as large as a trained
network's; the last convolution of classes is drawn wider, so that scores are far apart.

Photos: some of assets/, or GRAFT_BENCH_PHOTOS, a folder of others."""
import json
import os
import pathlib
import subprocess
import tempfile
import time

from machine import ROOT, THREADS

GRAFT = ROOT / "build" / "release" / "src" / "graft" / "cli" / "graft"
CLASSES, SEED, MOST_PHOTOS = 91, 7, 6
SCORE, MOST = 0.2, 100  # torchvision's
SAME_SCORE, SAME_BOX = 1e-4, 1e-3  # the latter of the photo's longer side


def photos():
    folder = os.environ.get("GRAFT_BENCH_PHOTOS")
    if folder:
        return sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))[:MOST_PHOTOS]
    return [sorted(kind.glob("*.jpg"))[0] for kind in sorted((ROOT / "assets" / "fashion_products" / "images").iterdir())][:MOST_PHOTOS]


def nms(boxes, scores, threshold):
    """torchvision's, whose wheel may be built for another torch: intersection over union in float32."""
    import torch

    areas, kept = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), []
    left = scores.argsort(descending=True, stable=True)
    while left.numel():
        first, left = left[0], left[1:]
        kept.append(first.item())
        sides = (torch.minimum(boxes[first, 2:], boxes[left, 2:]) - torch.maximum(boxes[first, :2], boxes[left, :2])).clamp(min=0)
        both = sides[:, 0] * sides[:, 1]
        left = left[~(both / (areas[first] + areas[left] - both) > threshold)]  # two of no area suppress nothing
    return torch.tensor(kept, dtype=torch.int64)


def network(norm):
    from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
    from torchvision.models.detection.fcos import FCOS
    from torchvision.models.resnet import resnet50
    from torchvision.ops.feature_pyramid_network import LastLevelP6P7

    backbone = _resnet_fpn_extractor(resnet50(norm_layer=norm), 5, returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(256, 256))
    return FCOS(backbone, CLASSES, score_thresh=SCORE, detections_per_img=MOST)


def drawn(images):
    """The state of a network with frozen norms, whose statistics are those of these photos."""
    import torch

    torch.manual_seed(SEED)
    model = network(lambda width: torch.nn.BatchNorm2d(width, momentum=None))
    for module in model.backbone.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.uniform_(0.5, 1)
            module.bias.normal_(0, 0.1)
    for norm in (m for m in model.head.modules() if isinstance(m, torch.nn.GroupNorm)):
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.normal_(0, 0.2)
    for convolution in (m for m in model.head.modules() if isinstance(m, torch.nn.Conv2d)):
        convolution.weight.normal_(0, 0.02)
    model.head.classification_head.cls_logits.bias.fill_(-3)
    model.head.regression_head.bbox_reg.bias.uniform_(1, 4)
    model.train()
    for image in images:
        model.backbone(model.transform([image])[0].tensors)
    state = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    return {k.replace(".0.weight", ".weight").replace(".0.bias", ".bias") if "_blocks." in k else k: v for k, v in state.items()}


def theirs(file, images):
    import torch
    from torchvision.ops.misc import FrozenBatchNorm2d

    began = time.monotonic()
    model = network(lambda width: FrozenBatchNorm2d(width, eps=1e-5)).eval()
    model.load_state_dict(torch.load(file, weights_only=True))
    return [model([image])[0] for image in images], time.monotonic() - began


def ours(file, paths, output):
    began = time.monotonic()
    subprocess.run([GRAFT, "detect", "predict", "--model", file, *paths, "--score", str(SCORE), "--most", str(MOST), "--threads", THREADS,
                    "-o", output, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    images = {image["id"]: image["file_name"] for image in json.loads((output / "images.json").read_text())["images"]}
    told = {}
    for box in json.loads((output / "detections.json").read_text()):
        told.setdefault(images[box["image_id"]], []).append(box)
    return [told.get(next(name for name in images.values() if str(path).endswith(name)), []) for path in paths], seconds


def ask(rounds, lock):
    import numpy as np
    import plain_torchvision  # noqa: F401
    import torch
    import torchvision
    from PIL import Image
    from torchvision.ops import boxes

    boxes.nms = nms
    torch.set_grad_enabled(False)
    torch.set_num_threads(int(THREADS))
    paths = photos()
    images = [torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1).float() / 255 for path in paths]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "fcos_resnet50_fpn.pth"
        torch.save(drawn(images), file)
        expected, their_seconds = theirs(file, images)
        found, our_seconds = ours(file, paths, pathlib.Path(folder) / "found")
    print(f"\ndetector-boxes: fcos_resnet50_fpn, drawn weights, torchvision {torchvision.__version__}")
    rows = []
    for path, image, their, our in zip(paths, images, expected, found):
        longer = max(image.shape[1:])
        corners = torch.tensor([[x, y, x + w, y + h] for x, y, w, h in (box["bbox"] for box in our)]).view(-1, 4)
        scores, labels = (torch.tensor([box[key] for box in our]) for key in ("score", "category_id"))
        lowest = min(scores.min(), their["scores"].min())
        off_box, off_score, left, moved, last = 0.0, 0.0, set(range(len(our))), 0, 0
        for i, (box, score, label) in enumerate(zip(their["boxes"], their["scores"], their["labels"])):
            like = [j for j in left if labels[j] == label and (scores[j] - score).abs() <= SAME_SCORE]
            j = min(like, key=lambda j: (corners[j] - box).abs().max(), default=None)
            if j is None or (corners[j] - box).abs().max() / longer > SAME_BOX:
                if score - lowest > SAME_SCORE:
                    raise SystemExit(f"[detector-boxes] {path.name}: torchvision's box {i} (class {label}, {score:.4f}, {box.tolist()}) is not told.")
                last += 1
                continue
            left.remove(j)
            moved += i != j
            off_box, off_score = max(off_box, float((corners[j] - box).abs().max()) / longer), max(off_score, float((scores[j] - score).abs()))
        if any(scores[j] - lowest > SAME_SCORE for j in left):
            raise SystemExit(f"[detector-boxes] {path.name}: boxes that torchvision does not tell: {[our[j] for j in left]}")
        row = dict(photo=path.name, boxes=len(our), classes=len(set(labels.tolist())), moved=moved, last=last, box=off_box, score=off_score,
                   lowest=float(scores.min()), highest=float(scores.max()))
        rows.append(row)
        print(f"  {row['photo']:20} {row['boxes']:4} boxes of {row['classes']:3} classes, scores {row['lowest']:.3f} to {row['highest']:.3f}: "
              f"off by {off_box:.1e} of the side and {off_score:.1e} of the score; {moved} at another place, {last} others at the end", flush=True)
    print(f"  with reading the file: graft {our_seconds:.1f} s, torchvision {their_seconds:.1f} s (its suppression here in Python)")
    return {"seed": SEED, "torchvision": torchvision.__version__, "rows": rows}
