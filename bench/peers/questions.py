"""What is asked, and by whose programs. Each contender is a command that prints one JSON object on its last line."""
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable

import agreement
import detection
import detector_boxes
import empty_site
import exported
import language
import merging
import operations
import plugins
import segments
import sizes_sweep
from machine import ROOT, THREADS

PEERS = ROOT / "bench" / "peers"
PROGRAMS = ROOT / "build" / "release" / "bench"
MODELS = ROOT / "build" / "bench" / "models"
ASSETS = ROOT / "assets"


@dataclasses.dataclass
class Question:
    """Contenders that do the same work. Ours are called graft ...; `ceiling` is no contender but the machine's limit."""

    contenders: dict[str, list[str]]
    rate: str = "images_per_s"  # more is better
    unit: str = "images/s"
    needed: float = 0  # operations an image, where the ceiling is asked for
    plain: float = 0
    before: Callable[[], None] = lambda: None
    extra: dict[str, str] = dataclasses.field(default_factory=dict)  # further numbers of a row, with the table's heading


def graft(program, *args):
    return [str(PROGRAMS / f"bench_{program}"), *map(str, args)]


def peer(script, *args):
    return [sys.executable, str(PEERS / script), *map(str, args)]


def sizes(model):
    c = json.loads((MODELS / model / "config.json").read_text())
    return dict(width=c["hidden_size"], blocks=c["num_hidden_layers"], heads=c["num_attention_heads"],
                tokens=1 + (c["image_size"] // c["patch_size"]) ** 2, patch_inputs=3 * c["patch_size"] ** 2)


def step_args(model, work, steps, warmup=2):
    return ["--model", MODELS / model, "--work", work, "--steps", steps, "--warmup", warmup, "--threads", THREADS]


def lora(model, precisions, peers, steps):
    """Peers: precision and attention, as fast as each goes."""
    args = step_args(model, "lora", steps)
    size = sizes(model)
    work = operations.lora_step(**size, batch=1)
    contenders = {f"graft {p}": graft("vit_step", *args, "--precision", p) for p in precisions}
    contenders |= {f"peft {p} {a}": peer("vit_step.py", *args, "--precision", p, "--attention", a) for p, a in peers}
    contenders["ceiling"] = peer("ceiling.py", "--width", size["width"], "--rows", 16 * size["tokens"], "--threads", THREADS)
    return Question(contenders, needed=work["needed"], plain=work["plain"])


def plainly(model, work, steps):
    """Methods that peft has not, against the same model written plainly in PyTorch."""
    args = step_args(model, work, steps)
    contenders = {f"graft {p}": graft("vit_step", *args, "--precision", p) for p in ("bf16", "int8")}
    for precision, attention in (("autocast", "sdpa"), ("autocast", "eager"), ("compiled", "eager")):
        contenders[f"plain {precision} {attention}"] = peer("plain_step.py", *args, "--precision", precision,
                                                            "--attention", attention)
    return Question(contenders)


def aim(model, frames, batch, steps):
    args = [*step_args(model, "aim", steps), "--frames", frames, "--batch", batch]
    contenders = {f"graft {p}": graft("vit_step", *args, "--precision", p) for p in ("bf16", "int8")}
    for precision, attention in (("autocast", "sdpa"), ("autocast", "eager"), ("bf16", "sdpa"), ("bf16", "eager")):
        contenders[f"plain {precision} {attention}"] = peer("plain_step.py", *args, "--precision", precision,
                                                            "--attention", attention)
    return Question(contenders, unit="clips/s")


def features(model, steps):
    args = step_args(model, "features", steps)
    size = sizes(model)
    work = operations.features(**size, batch=1)
    contenders = {f"graft {p}": graft("vit_step", *args, "--precision", p) for p in ("fp32", "bf16", "int8")}
    engine = ["--model", MODELS / model, "--steps", steps, "--threads", THREADS]
    for name in ("openvino-bf16", "onnxruntime-int8"):
        contenders[name.replace("-", " ")] = peer("engines.py", *engine, "--engine", name)
    for precision, attention in (("autocast", "sdpa"), ("bf16", "sdpa"), ("bf16", "eager")):
        contenders[f"transformers {precision} {attention}"] = peer("vit_step.py", *args, "--precision", precision,
                                                                   "--attention", attention)
    contenders["ceiling"] = peer("ceiling.py", "--width", size["width"], "--rows", 16 * size["tokens"], "--threads", THREADS)
    export = lambda: subprocess.run(peer("exports.py", MODELS / model), check=True, capture_output=True)
    return Question(contenders, needed=work["needed"], plain=work["plain"], before=export)


def embedded(work):
    args = ["--work", work, "--steps", "20", "--threads", THREADS, "--precision"]
    ours = graft("vit_step", "--model", ASSETS / "clip_products", *args)
    theirs = peer("vit_step.py", "--model", MODELS / "embedded", *args)
    return Question({"graft fp32": [*ours, "fp32"], "graft bf16": [*ours, "bf16"], "transformers fp32": [*theirs, "fp32"],
                     "transformers autocast": [*theirs, "autocast"]})


def text(padded):
    """A LoRA step of BERT-base's size on 16 texts of 128 tokens, or of every length up to that."""
    args = ["--model", MODELS / "bert-base", "--steps", 3, "--warmup", 2, "--threads", THREADS]
    ours, theirs = ["--padded", str(padded).lower()], ["--padded"] if padded else []
    contenders = {f"graft {p}": graft("text_step", *args, *ours, "--precision", p) for p in ("fp32", "bf16", "int8")}
    contenders |= {f"peft {p} {a}": peer("text_step.py", *args, *theirs, "--precision", p, "--attention", a)
                   for p, a in (FP32, AUTOCAST, ("autocast", "eager"), BF16, ("bf16", "eager"))}
    return Question(contenders, rate="texts_per_s", unit="texts/s")


def coop_epoch():
    data = MODELS.parent / "coop"
    model = MODELS / "clip-b16"
    ours = ["--model", model, "--data", data / "photos.csv", "--threads", THREADS]
    contenders = {f"graft {p}": graft("coop_epoch", *ours, "--precision", p) for p in ("bf16", "int8")}
    for precision, attention in (("autocast", "sdpa"), ("autocast", "eager")):
        contenders[f"as published {precision} {attention}"] = peer(
            "coop_epoch.py", "--model", model, "--threads", THREADS, "--precision", precision, "--attention", attention)
    make = lambda: subprocess.run(peer("coop_photos.py", data), check=True)
    return Question(contenders, before=make, extra={"epoch_s": "epoch s", "encoding_s": "encoding s"})


def thirty_runs():
    settings = ROOT / "bench" / "thirty_runs.json"
    ours = ["--model", ASSETS / "clip_products", "--data", ASSETS / "fashion_products" / "photos.csv", "--settings", settings,
            "--threads", THREADS]
    contenders = {f"graft {p}": graft("thirty_runs", *ours, "--precision", p) for p in ("fp32", "bf16", "int8")}
    for precision in ("fp32", "autocast"):
        contenders[f"one after another {precision}"] = peer("thirty_runs.py", "--assets", ASSETS, "--settings", settings,
                                                            "--threads", THREADS, "--precision", precision)
    return Question(contenders, rate="runs_per_min", unit="runs/min", extra={"total_s": "total s"})


def study_runs():
    """Twelve methods, three numbers of shots, six seeds: a study beside the same runs one after another."""
    settings = ROOT / "bench" / "study_runs.json"
    program = ROOT / "build" / "release" / "src" / "graft" / "cli" / "graft"
    seeds = os.environ.get("GRAFT_BENCH_SEEDS", "0")
    common = ["--assets", ASSETS, "--settings", settings, "--seeds", seeds]
    contenders = {f"graft {p}, {jobs} jobs": peer("study_runs.py", "--program", program, *common, "--precision", p,
                                                  "--jobs", jobs)
                  for p, jobs in (("bf16", 1), ("bf16", THREADS), ("int8", THREADS))}
    contenders["one after another autocast"] = peer("thirty_runs.py", *common, "--threads", THREADS,
                                                    "--precision", "autocast")
    return Question(contenders, rate="runs_per_min", unit="runs/min", extra={"total_s": "total s"})


def resnet(size, batch, steps):
    """A whole ResNet-18 trains, its batch norms by the batch."""
    file = MODELS / "resnet18.safetensors"
    args = ["--model", file, "--size", size, "--batch", batch, "--steps", steps, "--threads", THREADS]
    contenders = {"graft": graft("resnet_step", *args), "graft, made twice": graft("resnet_step", *args, "--recompute", "true")}
    contenders |= {f"torchvision {layout}": peer("resnet_step.py", *args, "--layout", layout)
                   for layout in ("plain", "channels-last")}
    return Question(contenders, before=lambda: subprocess.run(peer("resnet_weights.py", file), check=True))


def deeplab(size, batch, steps):
    """DeepLabv3 on a ResNet-18 trains, at an output stride of 8 and with all batch norms by the batch."""
    file = MODELS / "deeplab18.safetensors"
    args = ["--model", file, "--size", size, "--batch", batch, "--steps", steps, "--threads", THREADS]
    contenders = {"graft": graft("deeplab_step", *args)}
    contenders |= {f"torchvision {layout}": peer("deeplab_step.py", *args, "--layout", layout)
                   for layout in ("plain", "channels-last")}
    return Question(contenders, before=lambda: subprocess.run(peer("deeplab_model.py", file, 21), check=True))


def decode_resize():
    photos = os.environ.get("GRAFT_BENCH_PHOTOS") or MODELS.parent / "photos"
    args = [photos, "224", THREADS, "10"]
    make = lambda: subprocess.run(peer("photos.py", photos), check=True) if "GRAFT_BENCH_PHOTOS" not in os.environ else None
    return Question({"graft": graft("decode_resize", *args), "Pillow": peer("decode_resize.py", *args)}, before=make)


def video_frames(size, clips, seconds):
    """8 frames of each clip, ready for a model."""
    folder = MODELS.parent / f"clips-{size}"
    args = [folder, "224", THREADS, "8"]
    make = lambda: subprocess.run(peer("video_frames.py", "make", folder, size, clips, seconds), check=True)
    return Question({"graft": graft("video_frames", *args), "PyAV": peer("video_frames.py", "pyav", *args),
                     "decord": peer("video_frames.py", "decord", *args)}, rate="clips_per_s", unit="clips/s", before=make)


FP32, AUTOCAST, BF16 = ("fp32", "sdpa"), ("autocast", "sdpa"), ("bf16", "sdpa")
QUESTIONS = {
    "lora-vit-s14": lambda: lora("vit-s14", ["fp32", "bf16", "int8"],
                                 [FP32, AUTOCAST, ("autocast", "eager"), BF16, ("bf16", "eager"), ("compiled", "eager")],
                                 steps=4),
    "lora-vit-b16": lambda: lora("vit-b16", ["bf16", "int8"],
                                 [AUTOCAST, ("autocast", "eager"), BF16, ("bf16", "eager")], steps=2),
    "features-vit-s14": lambda: features("vit-s14", steps=10),
    "adapter-vit-s14": lambda: plainly("vit-s14", "adapter", steps=5),
    "vpt-vit-s14": lambda: plainly("vit-s14", "vpt", steps=5),
    "aim-vit-s14": lambda: aim("vit-s14", 8, 2, steps=3),
    "resnet18-64": lambda: resnet(64, 64, steps=8),
    "resnet18-224": lambda: resnet(224, 32, steps=4),
    "deeplab18-256": lambda: deeplab(256, 4, steps=3),
    "lora-bert-base": lambda: text(padded=False),
    "lora-bert-base-padded": lambda: text(padded=True),
    "coop-epoch": coop_epoch,
    "lora-embedded": lambda: embedded("lora"),
    "features-embedded": lambda: embedded("features"),
    "decode-resize": decode_resize,
    "video-320": lambda: video_frames("320x240", 16, 10),
    "video-1080": lambda: video_frames("1920x1080", 4, 5),
    "thirty-runs": thirty_runs,
    "study-runs": study_runs,
    "plugins": lambda: plugins.ask,
    "segments": lambda: segments.ask,
    "detection": lambda: detection.ask,
    "detector-boxes": lambda: detector_boxes.ask,
    "language": lambda: language.ask,
    "merging": lambda: merging.ask,
    "empty-site": lambda: empty_site.ask,
    "exported": lambda: exported.ask,
    "sizes": lambda: sizes_sweep.ask,
    "agreement": lambda: agreement.ask,
}
