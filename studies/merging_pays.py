#!/usr/bin/env python3
"""Does merging pay: a small detector is trained on five sets of boxes made one by `graft data map` and `graft data merge`, on
each of them alone, or not at all, and then tuned on few photos of a set that is none of them.

    merging_pays.py --graft build/release/src/graft/cli/graft -o studies/detection/merging --coco coco256/ --kangaroos kangaroo/
        --cells BCCD_Dataset/ --raccoons raccoon_dataset/ --stamps tuxpaint_stamps/ --photos imagenet250/     needs Pillow and numpy

  coco       COCO's photos in train2017/images and val2017/images (128 of each), boxes/ beside them in YOLO's form
  kangaroos  github.com/experiencor/kangaroo of commit 882bbbd: photos with boxes in VOC's form (no licence is named)
  cells      github.com/Shenggan/BCCD_Dataset of commit d272fb1: blood cells in three classes, VOC's form (MIT)
  raccoons   github.com/datitran/raccoon_dataset of commit 9393884: VOC's form (MIT)
  stamps     cut-out photos of Tux Paint with captions.csv (GPL-2)
  photos     of ImageNet, with labels.csv

The sources, 128 photos each, so that none is more by its size: COCO's train2017 (80 classes), kangaroos, cells, and two of which the
boxes are exact: four kinds of animals of the stamps pasted on ImageNet's photos of things, and four kinds of the products of
assets/fashion_products pasted on its photos of animals. The union is what graft's own proposals make of them, unread; classes that a
source did not look for are unknown in its photos (masked). Each pre-training has the same steps from the same drawn network, a
ResNet-18 of a quarter of its channels. The targets: persons of COCO's val2017, and raccoons, a class that no source has. A seed
draws the network, what is pasted where, and the photos that are tuned on; all other photos of the target are the test. Tuning is the
same in every arm but for what it starts from."""
import argparse
import csv
import json
import math
import pathlib
import random
import shutil
import statistics
import subprocess
import time

from cue import cut_out
from detection import interval, write_network
from PIL import Image

SOURCES = ("coco", "kangaroos", "cells", "animals", "products")
ARMS = ("none", *SOURCES, "union")
TARGETS = {"persons": "person", "raccoons": "raccoon"}
SIDE = 96  # that the network reads
OF_EACH = 128  # photos of a source
STAMPS = {"mammals": "mammal", "birds": "bird", "fish": "fish", "insects": "insect"}
PRODUCTS = {"Watches": "watch", "Shoes": "shoe", "Bags": "bag", "Ties": "tie"}
THINGS_FROM = 398  # ImageNet's first class that is no animal


def coco_form(photos, names):
    """photos: (file, width, height, [(place of its class, box)])."""
    annotations = [(i + 1, place, box) for i, photo in enumerate(photos) for place, box in photo[3]]
    return {"images": [{"id": i + 1, "file_name": str(file), "width": w, "height": h} for i, (file, w, h, _) in enumerate(photos)],
            "annotations": [{"id": k + 1, "image_id": image, "category_id": place + 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
                            for k, (image, place, box) in enumerate(annotations)],
            "categories": [{"id": k + 1, "name": name} for k, name in enumerate(names)]}


def of_yolo(folder, keep):
    """Photos with YOLO's boxes, of the classes that `keep` gives a place."""
    for path in sorted((folder / "images").glob("*.jpg")):
        width, height = Image.open(path).size
        labels, boxes = folder / "boxes" / (path.stem + ".txt"), []
        for line in labels.read_text().splitlines() if labels.exists() else ():
            number, x, y, w, h = map(float, line.split())
            if int(number) in keep:
                boxes.append((keep[int(number)], [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height]))
        yield path, width, height, boxes


def pasted(cut_outs, photos, folder, seed):
    """One to three cut-outs of any class, which do not overlap, on each photo: exact boxes."""
    draw = random.Random(f"{folder.name} {seed}")
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(OF_EACH):
        photo = Image.open(draw.choice(photos)).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)
        boxes = []
        for _ in range(draw.randint(1, 3)):
            place = draw.randrange(len(cut_outs))
            thing = draw.choice(cut_outs[place])
            scale = draw.uniform(0.28, 0.75) * SIDE / max(thing.size)
            size = tuple(max(2, round(side * scale)) for side in thing.size)
            x, y = draw.randint(0, SIDE - size[0]), draw.randint(0, SIDE - size[1])
            if any(x < b[0] + b[2] and b[0] < x + size[0] and y < b[1] + b[3] and b[1] < y + size[1] for _, b in boxes):
                continue
            small = thing.resize(size, Image.BILINEAR)
            photo.paste(small, (x, y), small)
            boxes.append((place, [x, y, *size]))
        file = folder / f"{number:03d}.png"
        photo.save(file)
        yield file, SIDE, SIDE, boxes


def is_whole(photo):
    try:
        Image.open(photo).load()
    except OSError:
        return False
    return True


def first_of(annotations, photos, folder):
    """The first files of a folder in VOC's form whose photos are whole (one of the kangaroos' ends too early)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in [f for f in sorted(annotations.glob("*.xml")) if is_whole(photos / (f.stem + ".jpg"))][:OF_EACH]:
        shutil.copy(file, folder)


class Study:
    def __init__(self, options):
        self.o, self.work = options, options.work
        self.work.mkdir(parents=True, exist_ok=True)
        names = [line.split(": ")[1] for line in (options.coco / "detection_config.yaml").read_text().splitlines() if line[:2] == "  "]
        self.write("coco.json", coco_form(list(of_yolo(options.coco / "train2017", {k: k for k in range(80)})), names))
        first_of(options.kangaroos / "annots", options.kangaroos / "images", self.work / "kangaroos")
        first_of(options.cells / "BCCD" / "Annotations", options.cells / "BCCD" / "JPEGImages", self.work / "cells-as-they-are")
        shutil.rmtree(self.work / "cells", ignore_errors=True)
        self.graft("data", "check", self.work / "cells-as-they-are", "--fix", self.work / "cells")
        self.persons = list(of_yolo(options.coco / "val2017", {0: 0}))
        self.graft("data", "convert", options.raccoons / "annotations", "--to", "coco", "-o", self.work / "raccoons.json")
        told = json.loads((self.work / "raccoons.json").read_text())
        boxes = {image["id"]: [] for image in told["images"]}
        for box in told["annotations"]:
            boxes[box["image_id"]].append((0, box["bbox"]))
        self.raccoons = [(options.raccoons / "images" / i["file_name"], i["width"], i["height"], boxes[i["id"]]) for i in told["images"]]
        with open(options.photos / "labels.csv", newline="") as file:
            numbers = {row["file"]: int(row["imagenet_index"]) for row in csv.DictReader(file)}
        self.things = [options.photos / name for name, number in sorted(numbers.items()) if number >= THINGS_FROM]
        self.living = [options.photos / name for name, number in sorted(numbers.items()) if number < THINGS_FROM]
        with open(options.stamps / "captions.csv", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["category"] == "animals"]
        self.stamps = [[Image.open(options.stamps / row["file"]).convert("RGBA") for row in rows if row["subcategory"] == kind]
                       for kind in STAMPS]
        shop = pathlib.Path(__file__).parents[1] / "assets" / "fashion_products" / "images"
        self.products = [[p for p in map(cut_out, sorted((shop / kind).glob("*.jpg"))) if p is not None] for kind in PRODUCTS]
        write_network(self.work / "network.safetensors")

    def write(self, name, content):
        (self.work / name).write_text(json.dumps(content))

    def graft(self, *words):
        done = subprocess.run([str(word) for word in (self.o.graft, *words)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(" ".join(map(str, words)) + "\n" + done.stderr)
        return done.stdout

    def sources(self, seed):
        """Labels and photos of each source, the union among them."""
        for name, cut_outs, photos, classes in (("animals", self.stamps, self.things, STAMPS), ("products", self.products, self.living, PRODUCTS)):
            self.write(f"{name}.json", coco_form(list(pasted(cut_outs, photos, self.work / name, seed)), classes.values()))
        folders = {"coco": (self.work / "coco.json", "/"), "kangaroos": (self.work / "kangaroos", self.o.kangaroos / "images"),
                   "cells": (self.work / "cells", self.o.cells / "BCCD" / "JPEGImages"), "animals": (self.work / "animals.json", "/"),
                   "products": (self.work / "products.json", "/")}
        sets = [f"{name}:{labels}" for name, (labels, _) in folders.items()]
        targets = [f"{name}:{self.work / name}-all.json" for name in TARGETS]
        for name in TARGETS:
            self.write(f"{name}-all.json", coco_form(getattr(self, name), [TARGETS[name]]))
        self.graft("data", "map", *sets, "--to", "union", "-o", self.work / "mapping.csv")
        self.graft("data", "merge", "--mapping", self.work / "mapping.csv", "--drop-ambiguous", *sets, "--images",
                   ",".join(f"{name}:{photos}" for name, (_, photos) in folders.items()), "--keep-out", ",".join(targets),
                   "-o", self.work / "union.json")
        return folders | {"union": (self.work / "union.json", self.work)}

    def train(self, model, data, photos, steps, seed, *more):
        images = OF_EACH * len(SOURCES) if data.name == "union.json" else (self.o.few if "few" in data.name else OF_EACH)
        epochs = steps * self.o.batch // images
        return json.loads(self.graft("detect", "train", "--model", model, "--data", data, "--images", photos, "--image-size", SIDE, "--width", 32,
                                     "--convolutions", 1, "--epochs", epochs, "--batch-size", self.o.batch, "--lr", 0.002, "--seed", seed,
                                     "--batch-statistics", "--threads", self.o.threads, "--json", "--force", *more))

    def pretrain(self, arm, seed, folders):
        return self.train(self.work / "network.safetensors", *folders[arm], self.o.steps, seed, "--from-scratch", "-o", self.work / f"{arm}-{seed}")

    def tune(self, arm, target, seed):
        photos = list(getattr(self, target))
        random.Random(f"{target} {seed}").shuffle(photos)
        photos.sort(key=lambda photo: not photo[3])  # the few are of photos with an object
        few, test = self.work / f"few-{target}-{seed}.json", self.work / f"test-{target}-{seed}.json"
        few.write_text(json.dumps(coco_form(photos[: self.o.few], [TARGETS[target]])))
        test.write_text(json.dumps(coco_form(photos[self.o.few :], [TARGETS[target]])))
        start = ["--from-scratch"] if arm == "none" else []
        run = self.work / f"tuned-{target}-{arm}-{seed}"
        shutil.rmtree(run / "told", ignore_errors=True)
        told = self.train(self.work / ("network.safetensors" if arm == "none" else f"{arm}-{seed}"), few, "/", self.o.tuning, seed, *start,
                          "--validation", test, "--validation-images", "/", "-o", run)
        if arm in ("none", "union"):
            self.graft("detect", "predict", "--model", run, "--data", test, "--images", "/", "--score", 0.05, "-o", run / "told")
        return told

    def compare(self, target, seed):
        """What graft says of the union against nothing in one seed: an interval over the test's photos."""
        told = [self.work / f"tuned-{target}-{arm}-{seed}" / "told" / "detections.json" for arm in ("none", "union")]
        one = json.loads(self.graft("data", "compare", self.work / f"test-{target}-{seed}.json", *told, "--json"))["differences"]["AP50"]
        return {"target": target, "seed": seed, "difference": one["difference"], "interval": one["interval"]}


def summary(rows, seeds):
    scores = {(row["target"], row["arm"], row["seed"]): row for row in rows}
    for target in TARGETS:
        for arm in ARMS:
            own = [scores[target, arm, seed] for seed in seeds]
            each = ", ".join(f"{100 * row['ap50']:.1f}" for row in own)
            yield (f"{target:9} {arm:10} AP50 {100 * statistics.mean(row['ap50'] for row in own):5.2f} % ({each})  "
                   f"AP {100 * statistics.mean(row['ap'] for row in own):.2f} %")
        alone = {f"the mean of {len(SOURCES)} alone": SOURCES}
        for score in ("ap50", "ap"):
            value = lambda arms, seed: 100 * statistics.mean(scores[target, arm, seed][score] for arm in arms)
            against = {arm: (arm,) for arm in ARMS[:-1]} | alone
            pairs = {f"union - {name}": [value(["union"], s) - value(arms, s) for s in seeds] for name, arms in against.items()}
            pairs["any pre-training - none"] = [value(ARMS[1:], s) - value(["none"], s) for s in seeds]
            for name, differences in pairs.items():
                mean, low, high = interval(differences)
                spread = statistics.stdev(differences)
                needed = math.ceil((2.8 * spread / 2) ** 2)  # 1.96 + 0.84 standard errors, normal
                enough = f"{needed}" if needed > len(seeds) else f"{len(seeds)} or fewer"
                yield (f"{target:9} {score:4} {name:30} {mean:+.2f} points (95 % {low:+.2f} to {high:+.2f}), {spread:.2f} from seed to seed: "
                       f"2 points are told four times in five from {enough} seeds")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graft", required=True)
    for name in ("coco", "kangaroos", "cells", "raccoons", "stamps", "photos"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--steps", type=int, default=160, help="of pre-training; a multiple of 80")
    parser.add_argument("--tuning", type=int, default=80, help="steps of tuning; a multiple of 4")
    parser.add_argument("--few", type=int, default=32, help="photos that are tuned on")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/merging-study"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    results = options.output / "scores.jsonl"
    rows = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    done = {(row["target"], row["arm"], row["seed"]) for row in rows}
    study = Study(options)
    seeds = range(1, options.seeds + 1)
    for seed in seeds:
        if all((target, arm, seed) in done for target in TARGETS for arm in ARMS):
            continue
        folders = study.sources(seed)
        for arm in ARMS:
            open_targets = [target for target in TARGETS if (target, arm, seed) not in done]
            if not open_targets:
                continue
            begin = time.time()
            before = study.pretrain(arm, seed, folders)["seconds"] if arm != "none" else 0
            for target in open_targets:
                told = study.tune(arm, target, seed)
                rows.append({"target": target, "arm": arm, "seed": seed, "ap": told["ap"], "ap50": told["ap50"], "pretraining_s": round(before, 1),
                             "tuning_s": round(told["seconds"], 1)})
                with results.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
                print(rows[-1], f"{time.time() - begin:.0f} s", flush=True)
        with (options.output / "over_photos.jsonl").open("a") as file:
            for target in TARGETS:
                file.write(json.dumps(study.compare(target, seed)) + "\n")
    text = "\n".join(summary(rows, seeds))
    (options.output / "summary.txt").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
