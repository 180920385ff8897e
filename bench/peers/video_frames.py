"""The peers of ../video_frames.cpp: PyAV or decord in a torch DataLoader with as many worker processes.

    python video_frames.py READER FOLDER [SIZE] [WORKERS] [SECONDS]      READER: pyav, decord
    python video_frames.py make FOLDER WIDTHxHEIGHT CLIPS SECONDS        clips to read, by PyAV

As people write it: the number of frames from the container, 8 spread over the clip, one pass that converts only those
(PyAV) or get_batch (decord); torch resizes the bytes (its antialiased kernel for uint8), crops and normalises.
"""

import json
import os
import sys
import time

import numpy as np
import torch

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]
FRAMES = 8


def make(folder, size, clips, seconds):
    """H.264 as x264 makes it by default, with a camera's noise."""
    import av
    from fractions import Fraction
    os.makedirs(folder, exist_ok=True)
    width, height = map(int, size.split("x"))
    for i in range(int(clips)):
        path = os.path.join(folder, f"{i:02}.mp4")
        if os.path.exists(path):
            continue
        graph = av.filter.Graph()
        graph.link_nodes(graph.add("testsrc2", f"size={size}:rate=30:duration={seconds}"), graph.add("hue", f"h={20 * i}"),
                         graph.add("noise", "alls=6:allf=t"), graph.add("format", "yuv420p"), graph.add("buffersink")).configure()
        with av.open(path + ".part", "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for number in range(30 * int(seconds)):
                frame = graph.vpull()
                frame.pts, frame.time_base = number, Fraction(1, 30)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        os.rename(path + ".part", path)


def uniform(n):
    """The middles between FRAMES + 1 rounded points of the clip."""
    points = [round(i * (n - 1) / FRAMES) for i in range(FRAMES + 1)]
    return [(a + b) // 2 for a, b in zip(points, points[1:])]


def by_pyav(path):
    import av
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        wanted = uniform(stream.frames)
        frames = {}
        for i, frame in enumerate(container.decode(stream)):
            if i in wanted:
                frames[i] = frame.to_ndarray(format="rgb24")
            if i == wanted[-1]:
                break
        return np.stack([frames[i] for i in wanted])


def by_decord(path):
    import decord
    reader = decord.VideoReader(path, num_threads=1)
    return reader.get_batch(uniform(len(reader))).asnumpy()


class Clips(torch.utils.data.Dataset):
    def __init__(self, files, size, read):
        self.files, self.size, self.read = files, size, read

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        torch.set_num_threads(1)
        frames = torch.from_numpy(self.read(self.files[index])).permute(0, 3, 1, 2)
        height, width = frames.shape[2:]
        long = int(self.size * max(width, height) / min(width, height))
        shape = (self.size, long) if height <= width else (long, self.size)
        frames = torch.nn.functional.interpolate(frames, shape, mode="bilinear", antialias=True)
        top, left = (shape[0] - self.size) // 2, (shape[1] - self.size) // 2
        frames = frames[:, :, top:top + self.size, left:left + self.size]
        return frames.to(torch.float32).div_(255).sub_(MEAN).div_(STD)


def main():
    if sys.argv[1] == "make":
        return make(*sys.argv[2:])
    reader, folder = sys.argv[1:3]
    size, workers, seconds = (int(sys.argv[i]) if i < len(sys.argv) else default
                              for i, default in ((3, 224), (4, 2), (5, 10)))
    files = sorted(os.path.join(folder, name) for name in os.listdir(folder)) * 4
    loader = torch.utils.data.DataLoader(Clips(files, size, {"pyav": by_pyav, "decord": by_decord}[reader]), batch_size=1,
                                         num_workers=workers, prefetch_factor=2, persistent_workers=True)
    for _, _ in zip(range(2 * workers), loader):  # starts the workers
        pass
    clips, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for batch in loader:
            clips += len(batch)
            if time.perf_counter() - begin >= seconds:
                break
    print(json.dumps({"what": "video_frames", "who": reader, "clips": len(files), "size": size, "threads": workers,
                      "clips_per_s": round(clips / (time.perf_counter() - begin), 2)}))


if __name__ == "__main__":
    main()
