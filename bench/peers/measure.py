"""What every peer prints: one JSON object, so that the runner treats graft and its peers alike."""
import json
import os
import statistics
import time


# Of the wall, or of the processor (all threads of this process): the second stays meaningful beside other work, on one
# thread.
now = time.process_time if os.environ.get("BENCH_CLOCK") == "cpu" else time.perf_counter


def since_start() -> float:
    """Seconds since the runner started this process, the interpreter and all imports counted."""
    return time.time() - float(os.environ.get("BENCH_START", "nan"))


def peak_mb() -> float:
    """Of this program alone: getrusage counts what the runner held when it started it."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def median(values) -> float:
    return statistics.median(values)


def timed(step, steps: int, warmup: int) -> dict:
    """Seconds of each step after the warm-up, and from the start of the process to the first step and to its end."""
    ready, first = since_start(), None
    seconds = []
    for i in range(warmup + steps):
        begin = now()
        step(i)
        end = now()
        if first is None:
            first = since_start()
        if i >= warmup:
            seconds.append(end - begin)
    return dict(seconds=seconds, ready_s=ready, first_step_s=first)


def emit(**fields) -> None:
    print(json.dumps(dict(fields, peak_mb=peak_mb())))
