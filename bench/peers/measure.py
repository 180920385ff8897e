"""What every peer prints: one JSON object, so that the runner treats graft and its peers alike."""
import json
import os
import resource
import statistics
import time


def since_start() -> float:
    """Seconds since the runner started this process, the interpreter and all imports counted."""
    return time.time() - float(os.environ.get("BENCH_START", "nan"))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def median(values) -> float:
    return statistics.median(values)


def timed(step, steps: int, warmup: int) -> tuple[list[float], float]:
    """Seconds of each step after the warm-up, and from the start of the process to the end of the first step."""
    first = None
    seconds = []
    for i in range(warmup + steps):
        begin = time.perf_counter()
        step(i)
        end = time.perf_counter()
        if first is None:
            first = since_start()
        if i >= warmup:
            seconds.append(end - begin)
    return seconds, first


def emit(**fields) -> None:
    print(json.dumps(dict(fields, peak_mb=peak_mb())))
