"""A prompt read and an answer drawn by llama.cpp as PyPI's xllamacpp packs it (GRAFT_LLAMACPP): MODEL.gguf PROMPT TOKENS STEPS
THREADS. Its own clock tells how the time falls on reading and drawing."""
import json
import os
import random
import statistics
import sys
import time

import xllamacpp

from measure import peak_mb

model, prompt, tokens, steps, threads = sys.argv[1], *map(int, sys.argv[2:])
parameters = xllamacpp.CommonParams()
parameters.model.path = model
parameters.n_ctx = 2 * prompt
parameters.n_parallel = 1
parameters.warmup = True
for cpu in (parameters.cpuparams, parameters.cpuparams_batch):
    cpu.n_threads = threads
    cpu.poll = 0  # threads that wait are not to count as work
quiet = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
server = xllamacpp.Server(parameters)
draws = random.Random(7)
ids = [draws.randrange(3, 200000) for _ in range(prompt)]


def ask(given, wanted):
    begin, busy = time.perf_counter(), time.process_time()
    answer = server.handle_completions(dict(prompt=given, n_predict=wanted, temperature=0, cache_prompt=False, ignore_eos=True))
    answer = json.loads(answer) if isinstance(answer, (str, bytes)) else answer
    return answer["timings"], time.perf_counter() - begin, time.process_time() - busy


read, drawn = [], []
for step in range(steps + 1):
    timings, wall, processor = ask([draws.randrange(3, 200000) for _ in range(prompt)], 1)
    whole = ask([draws.randrange(3, 200000) for _ in range(32)], tokens)
    if step == 0:
        continue
    read.append((timings["prompt_n"] / timings["prompt_ms"] * 1e3, timings["prompt_n"] / (processor * timings["prompt_ms"] / (1e3 * wall))))
    share = whole[0]["predicted_ms"] / (1e3 * whole[1])
    drawn.append((whole[0]["predicted_n"] / whole[0]["predicted_ms"] * 1e3, whole[0]["predicted_n"] / (whole[2] * share)))


def rate(rows):
    return dict(tokens_per_s=statistics.median(r[0] for r in rows), per_processor_s=statistics.median(r[1] for r in rows))


system = xllamacpp.get_system_info()
print(json.dumps(dict(peer="llama.cpp", build=str(xllamacpp.BUILD_INFO), system=str(system), read=rate(read), drawn=rate(drawn), peak_mb=peak_mb())))
