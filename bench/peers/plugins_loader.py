"""The peer of ../plugins.cpp: torchvision's transforms (v2) in a torch DataLoader with as many worker processes.

    python plugins_loader.py PLUGIN FOLDER KEPT INPUT [SIZE] [WORKERS] [SECONDS]

PLUGIN: none, mixup, cutmix, rand-augment, colour-jitter, random-erasing. KEPT: true where photos are decoded once, before
the workers start. INPUT: pil or tensor (uint8), what the transforms read. Mixing stands in the workers' collate function,
as torchvision's documentation has it."""
import json
import multiprocessing
import os
import sys
import time

import torch
from PIL import Image

from plain_torchvision import torchvision
from torchvision.transforms import v2

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
CLASSES = 100
CHANGES = {"rand-augment": v2.RandAugment, "colour-jitter": lambda: v2.ColorJitter(0.4, 0.4, 0.4, 0.1)}
MIXINGS = {"mixup": v2.MixUp, "cutmix": v2.CutMix}


class Photos(torch.utils.data.Dataset):
    def __init__(self, folder, kept, form, transform):
        self.files = sorted(os.path.join(root, name) for root, _, names in os.walk(folder) for name in names
                            if name.endswith(".jpg"))
        self.form, self.transform = form, transform
        self.kept = [self.read(i) for i in range(len(self.files))] if kept else None

    def __len__(self):
        return len(self.files)

    def read(self, index):
        image = Image.open(self.files[index]).convert("RGB")
        return image if self.form == "pil" else v2.functional.pil_to_tensor(image)

    def __getitem__(self, index):
        return self.transform(self.kept[index] if self.kept else self.read(index)), index % CLASSES


def transform(plugin, size):
    steps = [v2.RandomResizedCrop(size, interpolation=v2.InterpolationMode.BILINEAR, antialias=True),
             v2.RandomHorizontalFlip()]
    if plugin in CHANGES:
        steps.append(CHANGES[plugin]())
    steps += [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    if plugin == "random-erasing":
        steps.append(v2.RandomErasing(p=1))
    return v2.Compose(steps)


def processor_seconds():
    """Of this process and of its workers."""
    ticks = 0
    for pid in [os.getpid(), *(child.pid for child in multiprocessing.active_children())]:
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main():
    plugin, folder, kept, form = sys.argv[1:5]
    size, workers, seconds = (int(sys.argv[i]) if i < len(sys.argv) else default
                              for i, default in ((5, 224), (6, 2), (7, 8)))
    torch.set_num_threads(1)
    collate = torch.utils.data.default_collate
    if plugin in MIXINGS:
        mix = MIXINGS[plugin](num_classes=CLASSES, alpha=1.0)
        collate = lambda items: mix(torch.utils.data.default_collate(items))
    loader = torch.utils.data.DataLoader(Photos(folder, kept == "true", form, transform(plugin, size)), batch_size=32,
                                         shuffle=True, num_workers=workers, prefetch_factor=2, persistent_workers=True,
                                         collate_fn=collate)
    for _ in loader:  # warms the file cache and starts the workers
        pass
    images, begin, begun = 0, time.perf_counter(), processor_seconds()
    while time.perf_counter() - begin < seconds:
        for batch, _ in loader:
            images += len(batch)
            if time.perf_counter() - begin >= seconds:
                break
    wall, processor = time.perf_counter() - begin, processor_seconds() - begun
    print(json.dumps({"peer": f"torchvision {torchvision.__version__} on {form}", "images_per_s": images / wall,
                      "processor_ms": 1000 * processor / images}))


if __name__ == "__main__":
    main()
