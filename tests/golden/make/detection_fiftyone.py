"""tests/golden/detection/fiftyone_*: the two photos and three boxes of detection_sets.py, written by FiftyOne 1.22.1's exporters.

Run in an environment of its own: pip install fiftyone==1.22.1 mongomock==4.3.0. The exporters need no database, but FiftyOne asks for
one when it is imported; mongomock stands for it.
"""
import os
import pathlib
import re
import shutil
import tempfile

os.environ |= {"FIFTYONE_DATABASE_URI": "mongodb://localhost", "FIFTYONE_DO_NOT_TRACK": "1", "FIFTYONE_DATABASE_VALIDATION": "false"}
import mongomock
import pymongo

pymongo.MongoClient = mongomock.MongoClient
import fiftyone as fo
import fiftyone.utils.coco
import fiftyone.utils.cvat
import fiftyone.utils.voc
import fiftyone.utils.yolo
import numpy as np
from PIL import Image

out = pathlib.Path(__file__).parents[1] / "detection"
classes = ["dog", "cat"]


def box(label, x, y, width, height, **more):
    return fo.Detection(label=label, bounding_box=[x / 60, y / 40, width / 60, height / 40], **more)


samples = {
    "a.jpg": [box("cat", 10, 5, 20.5, 10, occluded=True), box("dog", 0, 0, 60, 40, iscrowd=0)],
    "b.jpg": [box("cat", 30, 20, 12, 6, confidence=0.5)],
}
exporters = {
    "coco": lambda folder: fo.utils.coco.COCODetectionDatasetExporter(export_dir=folder, classes=classes),
    "cvat": lambda folder: fo.utils.cvat.CVATImageDatasetExporter(export_dir=folder),
    "voc": lambda folder: fo.utils.voc.VOCDetectionDatasetExporter(export_dir=folder),
    "yolo": lambda folder: fo.utils.yolo.YOLOv5DatasetExporter(export_dir=folder, split="train", classes=classes),
}
with tempfile.TemporaryDirectory() as photos:
    for name, make in exporters.items():
        folder = out / f"fiftyone_{name}"
        shutil.rmtree(folder, ignore_errors=True)
        with make(str(folder)) as exporter:
            for photo, boxes in samples.items():
                path = f"{photos}/{photo}"
                Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(path)
                exporter.export_sample(path, fo.Detections(detections=boxes), metadata=fo.ImageMetadata.build_for(path))
        for photo in folder.rglob("*.jpg"):
            photo.unlink()
        for text in [*folder.rglob("*.xml"), *folder.rglob("*.yaml"), *folder.rglob("*.json")]:
            kept = re.sub(re.escape(str(out)), "/photos", text.read_text())  # of this machine: its folders and its clock
            text.write_text(re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+", "2026-01-01T00:00:00", kept))
