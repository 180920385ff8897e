"""The runs of ../thirty_runs.json or ../study_runs.json in PyTorch, one after another, as the methods' own code does them: CoOp, CLIP-Adapter
and Tip-Adapter-F run the frozen image tower at each step; linear probe and Tip-Adapter encode each photo once. Every run
loads the model and the photos anew (decoded once, kept as tensors); imports are paid once."""
import argparse
import csv
import gzip
import json
import math
import pathlib
import random

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

import measure
import plain

parser = argparse.ArgumentParser()
parser.add_argument("--assets", type=pathlib.Path, required=True)
parser.add_argument("--settings", type=pathlib.Path, required=True)
parser.add_argument("--precision", choices=["fp32", "autocast"], default="fp32")
parser.add_argument("--only", default="")
parser.add_argument("--seeds", type=int, default=0, help="the first so many of the settings'; 0: all")
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]


def autocast():
    return torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "autocast")


def tokenizer():
    import transformers

    lines = gzip.open(args.assets / "clip_bpe" / "bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8").read().split("\n")
    merges = [tuple(line.split()) for line in lines[1:49152 - 256 - 2 + 1]]
    letters = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names = [chr(b) for b in letters] + [chr(256 + i) for i in range(256 - len(letters))]
    words = names + [n + "</w>" for n in names] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    return transformers.CLIPTokenizer({w: i for i, w in enumerate(words)}, merges)


def tokens(texts, length):
    """ids [C, length] padded with 0, and the place of the end."""
    rows = [TOKENIZER(text)["input_ids"] for text in texts]
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, :len(row)] = torch.tensor(row)
    return ids, torch.tensor([len(row) - 1 for row in rows])


def pixels(file):
    image = Image.open(file).convert("RGB")
    width, height = image.size
    long = int(64 * max(width, height) / min(width, height))
    image = image.resize((64, long) if width <= height else (long, 64), Image.Resampling.BICUBIC)
    left, top = round((image.width - 64) / 2), round((image.height - 64) / 2)
    image = np.array(image.crop((left, top, left + 64, top + 64)))
    return torch.from_numpy(image).permute(2, 0, 1).float().div(255).sub_(MEAN).div_(STD)


class Run:
    """What a run starts from: a frozen model, its few photos and the test's."""

    def __init__(self, seed, shots):
        self.model = plain.load_open_clip(args.assets / "clip_products")
        folder = args.assets / "fashion_products"
        rows = list(csv.DictReader((folder / "photos.csv").open()))
        self.names = sorted({row["label"] for row in rows})
        by_class = {}
        for row in rows:
            if row["split"] == "train":
                by_class.setdefault(row["label"], []).append(row)
        random.seed(seed)
        torch.manual_seed(seed)
        train = [row for items in by_class.values() for row in random.sample(items, shots)]
        left = {k: [row for row in items if row not in train] for k, items in by_class.items()}
        val = [row for items in left.values() for row in random.sample(items, min(4, len(items)))]
        splits = {"train": train, "val": val, "test": [row for row in rows if row["split"] == "test"]}
        self.photos = {k: torch.stack([pixels(folder / row["file"]) for row in v]) for k, v in splits.items()}
        self.labels = {k: torch.tensor([self.names.index(row["label"]) for row in v]) for k, v in splits.items()}

    @torch.no_grad()
    def features(self, split):
        with autocast():
            return torch.cat([self.model.image(x) for x in self.photos[split].split(100)]).float()

    @torch.no_grad()
    def class_weights(self, template="a photo of a {}."):
        ids, ends = tokens([template.format(n.replace("_", " ")) for n in self.names], len(self.model.text.positions))
        with autocast():
            return F.normalize(self.model.text(self.model.text.words(ids), ends), dim=-1).float()

    def accuracy(self, logits, split="test"):
        return (logits.argmax(1) == self.labels[split]).float().mean().item()


def schedule(kind, lr, epochs, steps, warmup):
    """The rate of a step: as the recipes of the methods have it."""

    def at(step):
        epoch = step // steps
        if kind == "coop":
            return lr / 200 if epoch == 0 else lr * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / epochs))
        first = warmup * steps
        if step < first:
            return lr * (step + 1) / first
        done = (step - first) / max(1, epochs * steps - first)
        return lr * ((1 - done) if kind == "linear" else 0.5 * (1 + math.cos(math.pi * done)))

    return at


def train(run, parameters, logits, options, optimizer, kind, lr, batch=32, warmup=0, decay=0.0, eps=1e-8):
    epochs, lr, batch = int(options["epochs"]), float(options.get("lr", lr)), int(options.get("batch-size", batch))
    if optimizer == "sgd":
        optimizer = torch.optim.SGD(parameters, lr=lr, momentum=0.9, weight_decay=decay)
    else:
        optimizer = torch.optim.AdamW(parameters, lr=lr, weight_decay=decay, eps=eps)
    photos, labels = run.photos["train"], run.labels["train"]
    batch = min(batch, len(photos))
    rate = schedule(kind, lr, epochs, math.ceil(len(photos) / batch), warmup)
    step = 0
    for _ in range(epochs):
        for rows in torch.randperm(len(photos)).split(batch):
            x = photos[rows]
            if options["augment"] == "flip":
                x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)
            for group in optimizer.param_groups:
                group["lr"] = rate(step)
            with autocast():
                y = logits(x)
            loss = F.cross_entropy(y.float(), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1


def prompt_logits(run, features, weights):
    return run.model.logit_scale.exp() * F.normalize(features, dim=-1) @ weights.T


def zero_shot(run, options):
    return run.accuracy(prompt_logits(run, run.features("test"), run.class_weights()))


def linear_probe(run, options):
    from sklearn.linear_model import LogisticRegression

    x = {split: run.features(split).numpy() for split in run.photos}
    y = {split: labels.numpy() for split, labels in run.labels.items()}
    fit = lambda c: LogisticRegression(C=c, max_iter=1000).fit(x["train"], y["train"])
    score = lambda c: fit(c).score(x["val"], y["val"])
    grid = [1e6, 1e4, 1e2, 1, 1e-2, 1e-4, 1e-6]
    best = max(grid, key=score)
    low, high = best / 10, best * 10
    for _ in range(4):  # CoOp's search: eight more, two at a halving
        if score(low) >= score(high):
            high = math.sqrt(low * high)
        else:
            low = math.sqrt(low * high)
    return fit(low if score(low) >= score(high) else high).score(x["test"], y["test"])


def clip_adapter(run, options):
    weights, width = run.class_weights(), run.model.image.out.out_features
    net = nn.Sequential(nn.Linear(width, width // 4, bias=False), nn.ReLU(), nn.Linear(width // 4, width, bias=False), nn.ReLU())
    mixed = lambda f: 0.2 * net(f) + 0.8 * f

    def logits(x):
        with torch.no_grad():
            f = run.model.image(x)
        return prompt_logits(run, mixed(f), weights)

    train(run, net.parameters(), logits, options, "sgd", "coop", 2e-3, decay=5e-4)
    with torch.no_grad():
        return run.accuracy(prompt_logits(run, mixed(run.features("test")), weights))


def tip(run, options, trains):
    weights = run.class_weights()
    keys = F.normalize(run.features("train"), dim=-1)
    votes = F.one_hot(run.labels["train"], len(run.names)).float()
    cache = lambda f, beta: torch.exp(-beta * (1 - F.normalize(f, dim=-1) @ keys.T)) @ votes
    if trains:
        keys = nn.Parameter(keys)

        def logits(x):
            with torch.no_grad():
                f = run.model.image(x)
            return prompt_logits(run, f, weights) + cache(f, 1.0)

        train(run, [keys], logits, options, "adamw", "cosine", 1e-3, batch=256, decay=0.01, eps=1e-4)
    with torch.no_grad():
        f = {split: run.features(split) for split in ("val", "test")}
        plain_logits = prompt_logits(run, f["val"], weights)
        best = (-1.0, 0.0, 0.0)
        for beta in (0.1 + i * (7 - 0.1) / 200 for i in range(200)):
            more = cache(f["val"], beta)
            for alpha in (0.1 + j * (3 - 0.1) / 20 for j in range(20)):
                best = max(best, (run.accuracy(plain_logits + alpha * more, "val"), alpha, beta), key=lambda b: b[0])
        return run.accuracy(prompt_logits(run, f["test"], weights) + best[1] * cache(f["test"], best[2]))


def coop(run, options, length=16):
    text = run.model.text
    ids, ends = tokens([" ".join(["X"] * length) + " " + n.replace("_", " ") + "." for n in run.names], len(text.positions))
    embedded = text.words(ids)
    context = nn.Parameter(0.02 * torch.randn(length, embedded.size(2)))

    def weights():
        prompts = torch.cat([embedded[:, :1], context.expand(len(ids), -1, -1), embedded[:, 1 + length:]], 1)
        return F.normalize(text(prompts, ends), dim=-1)

    def logits(x):
        with torch.no_grad():
            f = run.model.image(x)
        return prompt_logits(run, f, weights())

    train(run, [context], logits, options, "sgd", "coop", 2e-3, decay=5e-4)
    with torch.no_grad(), autocast():
        w = weights()
    return run.accuracy(prompt_logits(run, run.features("test"), w.float()))


def tower(run, options, method, **recipe):
    weights = run.class_weights()
    plain.adapt(run.model.image, method, prompts=int(options.get("tokens", 0)))
    parameters = [p for p in run.model.image.parameters() if p.requires_grad]
    train(run, parameters, lambda x: prompt_logits(run, run.model.image(x), weights), options, **recipe)
    return run.accuracy(prompt_logits(run, run.features("test"), weights))


METHODS = {
    "zero-shot": zero_shot,
    "linear-probe": linear_probe,
    "clip-adapter": clip_adapter,
    "tip-adapter": lambda run, o: tip(run, o, False),
    "tip-adapter-f": lambda run, o: tip(run, o, True),
    "coop": coop,
    "bias": lambda run, o: tower(run, o, "bias", optimizer="adamw", kind="cosine", lr=1e-3),
    "norm": lambda run, o: tower(run, o, "norm", optimizer="adamw", kind="cosine", lr=1e-3),
    "full": lambda run, o: tower(run, o, "full", optimizer="adamw", kind="cosine", lr=3e-5, warmup=1, decay=0.1),
    "lora": lambda run, o: tower(run, o, "lora", optimizer="adamw", kind="cosine", lr=2e-4, decay=0.01),
    "adapter": lambda run, o: tower(run, o, "adapter", optimizer="adamw", kind="linear", lr=3e-4, warmup=5, decay=0.01),
    "vpt": lambda run, o: tower(run, o, "vpt", optimizer="sgd", kind="coop", lr=0.028, decay=5e-4),
}

torch.set_num_threads(args.threads)
settings = json.loads(args.settings.read_text())
TOKENIZER = tokenizer()
begin = measure.now()
seconds, accuracy = {}, {}
all_shots = settings["shots"] if isinstance(settings["shots"], list) else [settings["shots"]]
study = len(all_shots) > 1
for number, seed in enumerate(settings["seeds"][:args.seeds or None]):
    for place, shots in enumerate(all_shots):
        for method, options in settings["methods"].items():
            if args.only and method not in args.only.split(","):
                continue
            if study and method == "zero-shot" and number + place > 0:
                continue  # neither seed nor shots change it
            start = measure.now()
            accuracy.setdefault(method, []).append(METHODS[method](Run(seed, shots), options))
            seconds.setdefault(method, []).append(measure.now() - start)
total = measure.now() - begin
runs = sum(len(s) for s in seconds.values())
measure.emit(peer="plain", work=args.settings.stem.replace("_", " "), precision=args.precision, runs=runs, total_s=total,
             runs_per_min=60 * runs / total, seconds=seconds, accuracy=accuracy)
