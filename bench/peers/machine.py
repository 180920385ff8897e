"""The machine that is measured on, one run of one program, and keeping others away meanwhile."""
import contextlib
import datetime
import fcntl
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
THREADS = str(os.cpu_count())


def facts() -> dict:
    info = open("/proc/cpuinfo").read()
    model = re.search(r"model name\s*: (.*)", info)
    flags = set(re.search(r"flags\s*: (.*)", info).group(1).split())
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    memory = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read()).group(1)) // 1024
    return dict(processor=model.group(1) if model else "?", cores=os.cpu_count(), threads=int(THREADS),
                instructions=[f for f in ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile") if f in flags],
                memory_mb=memory, system=platform.platform(), date=datetime.date.today().isoformat(), commit=commit,
                peers={p: importlib.metadata.version(p) for p in ("torch", "transformers", "peft", "openvino", "onnxruntime")})


def run_once(command) -> dict:
    env = dict(os.environ, OMP_NUM_THREADS=THREADS, HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error",
               BENCH_START=repr(time.time()))
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode != 0:
        raise SystemExit(f"[bench] {' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


@contextlib.contextmanager
def alone(lock):
    """Where several people measure on one machine, a file's lock keeps them apart for a round."""
    if not lock:
        yield
        return
    with open(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
