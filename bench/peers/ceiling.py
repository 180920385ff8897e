"""How fast this machine multiplies right now: the bf16 products that a step on a ViT consists of, alone, by oneDNN, the
fastest of PyTorch's own matmul, its linear map and a weight laid out for oneDNN beforehand."""
import argparse

import torch

import measure

parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=384)
parser.add_argument("--rows", type=int, default=16 * 257)
parser.add_argument("--repeats", type=int, default=7)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

torch.set_num_threads(args.threads)
d = args.width
shapes = [(d, 3 * d), (d, d), (d, 4 * d), (4 * d, d)]  # in, out of qkv, proj, fc1, fc2
shapes += [(out, in_) for in_, out in shapes]  # their transposes, for the gradient of the input


def seconds(run):
    run()
    times = []
    for _ in range(args.repeats):
        begin = measure.now()
        run()
        times.append(measure.now() - begin)
    return measure.median(times)


rates, total_seconds, total = {}, 0.0, 0.0
with torch.no_grad():
    for in_, out in shapes:
        x = torch.randn(args.rows, in_, dtype=torch.bfloat16)
        w = torch.randn(out, in_, dtype=torch.bfloat16)
        right = w.T.contiguous()
        packed = torch.ops.mkldnn._reorder_linear_weight(w, args.rows)
        ways = {"linear": lambda: torch.nn.functional.linear(x, w), "matmul": lambda: x @ right,
                "packed": lambda: torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], "")}
        times = {name: seconds(run) for name, run in ways.items()}
        operations = 2.0 * args.rows * in_ * out
        rates[f"{in_}x{out}"] = {name: operations / t / 1e9 for name, t in times.items()}
        total += operations
        total_seconds += min(times.values())
measure.emit(peer="oneDNN", width=d, rows=args.rows, gflops=total / total_seconds / 1e9, shapes=rates)
