"""Do models that graft wrote as ONNX give, in ONNX Runtime, the features of the library that made them? Those models of
tests/golden/models of which transformers, timm and sentence-transformers gave features at the model's own size, and runs of the methods on the
embedded CLIP, whose answers are compared with graft's own by `graft export` itself: here ONNX Runtime opens them all and
checks them whole."""
import json
import pathlib
import subprocess
import tempfile

import numpy as np

from machine import ROOT

GRAFT = ROOT / "build" / "release" / "src" / "graft" / "cli" / "graft"
MODELS = ROOT / "tests" / "golden" / "models"
TOWERS = ("clip_hf", "vit_timm", "vit_hf", "vit_timm_clip", "bert_hf", "distilbert_hf", "roberta_hf", "sentence_hf")
METHODS = ("linear-probe", "lora", "adapter", "vpt", "coop", "clip-adapter", "tip-adapter")
INPUTS = {"pixel_values": "images", "input_ids": "ids", "attention_mask": "mask", "token_type_ids": "types"}


def graft(*words):
    done = subprocess.run([str(word) for word in (GRAFT, *words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)


def furthest(model, goldens):
    import onnx
    import onnxruntime

    onnx.checker.check_model(onnx.load(model), full_check=True)
    session = onnxruntime.InferenceSession(model)
    if goldens is None:
        return 0.0
    given = {each.name: goldens[INPUTS[each.name]] if INPUTS[each.name] in goldens else np.zeros_like(goldens["ids"])
             for each in session.get_inputs()}
    wanted = {each.name: each.shape for each in session.get_inputs()}
    if any(list(given[name].shape[1:]) != shape[1:] for name, shape in wanted.items()):
        return None
    given = {name: numbers.astype(np.float32 if name == "pixel_values" else np.int64) for name, numbers in given.items()}
    got = session.run(None, given)[0]
    return float(np.abs(got - goldens["features"]).max() / np.abs(goldens["features"]).max())


def ask(_rounds, _lock):
    from safetensors.numpy import load_file

    result = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in TOWERS:
            path = MODELS / name
            goldens = load_file((path if path.is_dir() else path.parent) / "expected.safetensors")
            words = ["export", "--model", path, "-o", folder / "onnx", "--force", "--quiet"]
            if "ids" in goldens and "images" not in goldens:
                words += ["--length", goldens["ids"].shape[1]]
            graft(*words)
            result[name] = furthest(folder / "onnx" / "model.onnx", goldens)
            if result[name] is None:
                print(f"exported: {name:32} the library's are of photos of another size: left out")
                del result[name]
                continue
            print(f"exported: {name:32} ONNX Runtime's features are {result[name]:.1e} from the library's")
        for method in METHODS:
            graft("adapt", "--model", ROOT / "assets" / "clip_products", "--data", ROOT / "assets" / "fashion_products", "--method", method,
                  "--shots", 1, "--epochs", 1, "-o", folder / method, "--quiet")
            graft("export", folder / method, "-o", folder / "onnx", "--force", "--quiet")
            furthest(folder / "onnx" / "model.onnx", None)
            print(f"exported: a run of {method} is opened and whole")
    result["furthest"] = max(result.values())
    print(json.dumps(result))
    return result
