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
THREADS = os.environ.get("BENCH_THREADS") or str(os.cpu_count())


def facts() -> dict:
    info = open("/proc/cpuinfo").read()
    model = re.search(r"model name\s*: (.*)", info)
    flags = set(re.search(r"flags\s*: (.*)", info).group(1).split())
    commit = os.environ.get("BENCH_COMMIT") or subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    memory = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read()).group(1)) // 1024
    return dict(processor=model.group(1) if model else "?", cores=os.cpu_count(), threads=int(THREADS), clock=os.environ.get("BENCH_CLOCK", "wall"),
                instructions=[f for f in ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile") if f in flags],
                memory_mb=memory, system=platform.platform(), date=datetime.date.today().isoformat(), commit=commit,
                peers={p: importlib.metadata.version(p) for p in ("torch", "transformers", "peft", "openvino", "onnxruntime")})


def busy_seconds() -> float:
    """Of all processors together, since the machine started."""
    user, nice, system, _, _, irq, softirq = (int(x) for x in open("/proc/stat").readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def run_once(command, quiet: float = 1.0, tries: int = 4) -> dict:
    """The program's JSON; again where others had more than the share `quiet` of the processors meanwhile."""
    for _ in range(tries):
        busy, own, begin = busy_seconds(), os.times(), time.monotonic()
        row = run_program(command)
        ended = os.times()
        mine = ended.children_user + ended.children_system - own.children_user - own.children_system
        row["others"] = max(0.0, busy_seconds() - busy - mine) / ((time.monotonic() - begin) * os.cpu_count())
        if row["others"] <= quiet or os.environ.get("BENCH_CLOCK") == "cpu":
            break
    return row


def run_program(command) -> dict:
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
