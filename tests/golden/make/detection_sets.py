"""tests/golden/detection: two photos and three boxes, written by other tools than ours.

Datumaro 1.13.12 writes COCO, VOC, YOLO, CVAT and OpenImages; label-studio-sdk 2.1.2 makes Label Studio's tasks of the COCO
file. Run in an environment of its own: pip install datumaro==1.13.12 label-studio-sdk==2.1.2
"""
import json
import pathlib
import shutil
import subprocess
import sys

import datumaro as dm
import numpy as np
from datumaro.components.annotation import Bbox, Polygon
from datumaro.components.media import Image

out = pathlib.Path(__file__).parents[1] / "detection"
shutil.rmtree(out, ignore_errors=True)
pixels = np.zeros((40, 60, 3), np.uint8)
a = [
    Bbox(10, 5, 20.5, 10, label=1, id=1, group=1, attributes={"occluded": True}),
    Bbox(0, 0, 60, 40, label=0, id=2, group=2),
]
b = [Bbox(30, 20, 12, 6, label=1, id=3, group=3)]


def made(annotations_of_a):
    items = [
        dm.DatasetItem("a", subset="train", media=Image.from_numpy(pixels), annotations=annotations_of_a),
        dm.DatasetItem("b", subset="val", media=Image.from_numpy(pixels), annotations=b),
        dm.DatasetItem("c", subset="val", media=Image.from_numpy(pixels), annotations=[]),
    ]
    return dm.Dataset.from_iterable(items, categories=["dog", "cat"])


for name in ["coco_instances", "voc_detection", "yolo_ultralytics", "yolo", "cvat", "open_images"]:
    made(a).export(str(out / name), name, save_media=False)
outlined = [Polygon([1, 1, 21, 1, 21, 11], label=0, id=2, group=2)]
made(outlined).export(str(out / "cvat_outlined"), "cvat", save_media=False)
tool = pathlib.Path(sys.executable).with_name("label-studio-converter")
subprocess.run(
    [tool, "import", "coco", "-i", out / "coco_instances/annotations/instances_train.json",
     "-o", out / "label_studio.json", "--image-root-url", "/data/local-files/?d=photos"],
    check=True,
)
tasks = json.loads((out / "label_studio.json").read_text())
for task in tasks:  # ids that are drawn anew each time
    for annotation in task["annotations"]:
        for n, result in enumerate(annotation["result"]):
            result["id"] = str(n)
(out / "label_studio.json").write_text(json.dumps(tasks, indent=1) + "\n")
for left in [*out.glob("label_studio.label_config.xml"), *out.rglob("*.meta")]:
    left.unlink()
