"""ONNX Runtime on the same file, photo and threads as ../onnx_network.cpp. With --against, what that saved: how far its
output is from this one, of the same input."""
import argparse

import numpy as np
import onnxruntime
from PIL import Image

import measure

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--photo", required=True)
parser.add_argument("--mean", default="0.485:0.456:0.406")
parser.add_argument("--std", default="0.229:0.224:0.225")
parser.add_argument("--side", type=int, default=0)
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--warmup", type=int, default=1)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--against", help="safetensors file of onnx_network --save")
args = parser.parse_args()

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = args.threads
options.log_severity_level = 3
session = onnxruntime.InferenceSession(args.model, options, providers=["CPUExecutionProvider"])
given = session.get_inputs()[0]
name = session.get_outputs()[0].name
height, width = (n if isinstance(n, int) and n > 0 else args.side for n in given.shape[2:])
channels = lambda text: np.array([float(v) for v in text.split(":")], np.float32)
pixels = np.asarray(Image.open(args.photo).convert("RGB").resize((width, height), Image.Resampling.BILINEAR), np.float32)
pixels = ((pixels / 255 - channels(args.mean)) / channels(args.std)).transpose(2, 0, 1)[None].astype(np.float32)

output = None


def step(_):
    global output
    output = session.run([name], {given.name: pixels})[0]


times = measure.timed(step, args.steps, args.warmup)
row = dict(peer="onnxruntime", **times, images_per_s=1 / measure.median(times["seconds"]))
if args.against:
    from safetensors.numpy import load_file
    ours = load_file(args.against)
    a, b = ours["output"] > 0.5, output > 0.5
    row |= dict(input_difference=float(np.abs(ours["input"] - pixels).max()),
                mean_difference=float(np.abs(ours["output"] - output).mean()),
                largest_difference=float(np.abs(ours["output"] - output).max()),
                iou=float((a & b).sum() / max(1, (a | b).sum())), range=[float(output.min()), float(output.max())])
measure.emit(**row)
