"""What a language model learned, in llama.cpp and in PEFT.

    python bench/peers/language_peers.py GRAFT MODEL.gguf FOLDER [PYTHON]

Teaches the model an answer (LoRA on every matrix), exports that as a GGUF LoRA, as PEFT's folder and as whole models in F16
and Q8_0, and lets graft, llama.cpp and transformers go on with three prompts, the most likely token each time. Prints the
texts and whether they agree; transformers ends a text where its end-of-text token stands, as the others do. PYTHON is
one that has xllamacpp, where this one has not; transformers wants gguf beside it.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

TOKENS = 24
PROMPTS = ["The color of the sky on day 9 is", "Once upon a time, the sky was", "The capital of France"]


def llama_cpp(model, prompt, lora, scale):
    import xllamacpp
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx, params.n_parallel, params.warmup, params.fit_params = 512, 1, False, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    if lora:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(lora, float(scale))]
    answer = xllamacpp.Server(params).handle_completions(
        {"prompt": prompt, "n_predict": TOKENS, "temperature": 0.0, "top_k": 1})
    answer = json.loads(answer) if isinstance(answer, str) else answer
    return [answer["choices"][0]["text"]]


def transformers_text(model, adapter, prompts):
    import torch
    import transformers
    folder, file = os.path.split(os.path.abspath(model))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=file)
    base = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32).eval()
    if adapter:
        import peft
        base = peft.PeftModel.from_pretrained(base, adapter).eval()
    texts = []
    for prompt in prompts:
        ids = tokenizer(prompt, return_tensors="pt").input_ids
        with torch.no_grad():
            out = base.generate(input_ids=ids, max_new_tokens=TOKENS, do_sample=False)[0]
        whole = tokenizer.decode(out)[len(tokenizer.decode(ids[0])):]
        texts.append(whole.removesuffix(tokenizer.eos_token))
    return texts


def in_a_process(python, *words):
    """llama.cpp's server does not end, and models leave their memory."""
    done = subprocess.run([python, __file__, "--say", json.dumps(words)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def main():
    graft, model, folder = sys.argv[1], str(Path(sys.argv[2]).absolute()), Path(sys.argv[3]).absolute()
    python = sys.argv[4] if len(sys.argv) > 4 else sys.executable
    folder.mkdir(parents=True, exist_ok=True)
    data, run = folder / "answers.jsonl", folder / "run"
    data.write_text("".join(json.dumps({"prompt": f"The color of the sky on day {i} is",
                                        "completion": " green and red, says Tom.\n"}) + "\n" for i in range(1, 7)))

    def must(*words):
        done = subprocess.run([graft, *map(str, words)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout

    must("lm", "train", "--model", model, "--data", data, "--target", "*", "--rank", 4, "--epochs", 10, "--batch-size", 1,
         "--lr", 0.003, "-q", "--force", "-o", run)
    files = {"gguf-lora": folder / "lora.gguf", "peft": folder / "peft"}
    for to, path in files.items():
        must("lm", "export", run, "--to", to, "--force", "-q", "-o", path)
    wholes = {kind: folder / f"whole-{kind}.gguf" for kind in ("f16", "q8_0")}
    for kind, path in wholes.items():
        must("lm", "export", run, "--to", "gguf", "--type", kind, "--force", "-q", "-o", path)

    def ours(model, prompt, *more):
        return json.loads(must("lm", "generate", "--model", model, *more, "--prompt", prompt, "--temperature", 0,
                               "--max-tokens", TOKENS, "--precision", "fp32", "--json"))["text"]

    rows = []  # what, prompt, graft's text, the peers'
    of_peft = in_a_process(sys.executable, "transformers", model, str(files["peft"]), PROMPTS)
    for prompt, text in zip(PROMPTS, of_peft):
        for scale in ("1", "0.3"):
            peers = {"llama.cpp": in_a_process(python, "llama.cpp", model, prompt, str(files["gguf-lora"]), scale)[0]}
            if scale == "1":
                peers["peft"] = text
            rows.append((f"adapter x {scale}", prompt, ours(model, prompt, "--adapter", f"{run}:{scale}"), peers))
    for kind, path in wholes.items():
        of_whole = in_a_process(sys.executable, "transformers", str(path), "", PROMPTS)
        for prompt, text in zip(PROMPTS, of_whole):
            peers = {"llama.cpp": in_a_process(python, "llama.cpp", str(path), prompt, "", "1")[0], "transformers": text}
            rows.append((f"whole {kind}", prompt, ours(path, prompt), peers))
    for what, prompt, text, peers in rows:
        print(f"{what:14} {prompt!r} -> {text!r}")
        for peer, said in peers.items():
            print(f"{'':14} {peer}: {'the same' if said == text else repr(said)}")
    same = sum(said == text for _, _, text, peers in rows for said in peers.values())
    print(f"{same} of {sum(len(peers) for *_, peers in rows)} texts of peers are graft's")


if __name__ == "__main__":
    if sys.argv[1] == "--say":
        who, *words = json.loads(sys.argv[2])
        print("\n" + json.dumps(llama_cpp(*words) if who == "llama.cpp" else transformers_text(*words)))
        sys.stdout.flush()
        os._exit(0)
    main()
