"""The peer of ../decode_resize.cpp: Pillow in a torch DataLoader with as many worker processes.

    python decode_resize.py FOLDER [SIZE] [WORKERS] [SECONDS]

The transform is CLIP's, as torchvision writes it (shorter side, centre crop, to tensor, normalise), without torchvision.
"""

import json
import os
import sys
import time

import numpy as np
import torch
from PIL import Image

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]


class Photos(torch.utils.data.Dataset):
    def __init__(self, files, size):
        self.files, self.size = files, size

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        image = Image.open(self.files[index]).convert("RGB")
        width, height = image.size
        long = int(self.size * max(width, height) / min(width, height))
        image = image.resize((self.size, long) if width <= height else (long, self.size), Image.Resampling.BICUBIC)
        left, top = round((image.width - self.size) / 2), round((image.height - self.size) / 2)
        image = image.crop((left, top, left + self.size, top + self.size))
        tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
        return tensor.sub_(MEAN).div_(STD), 0


def main():
    folder = sys.argv[1]
    size, workers, seconds = (int(sys.argv[i]) if i < len(sys.argv) else default
                              for i, default in ((2, 224), (3, 2), (4, 10)))
    files = sorted(os.path.join(root, name) for root, _, names in os.walk(folder) for name in names
                   if name.endswith(".jpg"))
    torch.set_num_threads(1)
    loader = torch.utils.data.DataLoader(Photos(files, size), batch_size=32, num_workers=workers, prefetch_factor=2,
                                         persistent_workers=True)
    for _ in loader:  # warms the file cache and starts the workers
        pass
    images, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for batch, _ in loader:
            images += len(batch)
    rate = images / (time.perf_counter() - begin)
    print(json.dumps({"what": "decode_resize", "who": "Pillow in a DataLoader", "photos": len(files), "size": size,
                      "threads": workers, "images_per_s": round(rate, 1)}))


if __name__ == "__main__":
    main()
