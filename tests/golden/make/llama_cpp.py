"""What llama.cpp writes with a LoRA: tests/golden/gguf/llama_cpp.gguf and llama_cpp.json.

The base is tests/golden/gguf/stories260K.gguf (stories_gguf.py). llama_cpp.gguf is a LoRA of random numbers on every
matrix of its blocks, by gguf-py, in a GGUF's own order of rows; llama_cpp.json has, for each scale, the text that
llama.cpp goes on with when it takes the most likely token each time, and the log-probability of each token.

    python tests/golden/make/llama_cpp.py

Made with xllamacpp 2026.10.11549 (llama.cpp's server in Python) and gguf 0.19.0.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # tokenizers.py has a library's name
import gguf  # noqa: E402
import numpy as np  # noqa: E402

OUT = HERE.parent / "gguf"
BASE, LORA = OUT / "stories260K.gguf", OUT / "llama_cpp.gguf"
PROMPT, TOKENS, SCALES = "Once upon a time", 24, [0.0, 1.0, 0.5]


def write_lora():
    rng = np.random.default_rng(23)
    writer = gguf.GGUFWriter(LORA, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, 3.0)
    for tensor in gguf.GGUFReader(BASE).tensors:
        if not tensor.name.startswith("blk.") or "norm" in tensor.name:
            continue
        width, rows = (int(size) for size in tensor.shape)
        for end, shape in ((".lora_a", (2, width)), (".lora_b", (rows, 2))):
            writer.add_tensor(tensor.name + end, (0.13 * rng.normal(size=shape)).astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def say(scale):
    """In a process of its own: a server does not end."""
    import os

    import xllamacpp
    params = xllamacpp.CommonParams()
    params.model.path = str(BASE)
    params.n_ctx, params.n_parallel, params.warmup, params.fit_params = 512, 1, False, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(LORA), scale)]
    answer = xllamacpp.Server(params).handle_completions(
        {"prompt": PROMPT, "n_predict": TOKENS, "temperature": 0.0, "top_k": 1, "n_probs": 1})
    answer = (json.loads(answer) if isinstance(answer, str) else answer)["choices"][0]
    print("\n" + json.dumps({"scale": scale, "text": answer["text"], "log_probabilities": [
        round(token["logprob"], 5) for token in answer["logprobs"]["content"]]}))
    sys.stdout.flush()
    os._exit(0)


def main():
    if len(sys.argv) > 1:
        say(float(sys.argv[1]))
    write_lora()
    answers = []
    for scale in SCALES:
        said = subprocess.run([sys.executable, __file__, str(scale)], capture_output=True, text=True, check=True)
        answers.append(json.loads(said.stdout.splitlines()[-1]))
    (OUT / "llama_cpp.json").write_text(json.dumps({"prompt": PROMPT, "answers": answers}, indent=1) + "\n")


if __name__ == "__main__":
    main()
