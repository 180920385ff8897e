"""Feature extraction by inference engines on what exports.py wrote: OpenVINO, ONNX Runtime."""
import argparse
import pathlib

import numpy as np

import measure

parser = argparse.ArgumentParser()
parser.add_argument("--model", type=pathlib.Path, required=True)
parser.add_argument("--engine", choices=["openvino-bf16", "openvino-fp32", "onnxruntime-int8", "onnxruntime-fp32"], required=True)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--size", type=int, default=224)
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("--warmup", type=int, default=2)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

images = np.random.default_rng(7).standard_normal((args.batch, 3, args.size, args.size), dtype=np.float32)
engine, precision = args.engine.rsplit("-", 1)
if engine == "openvino":
    import openvino

    compiled = openvino.Core().compile_model(args.model / "openvino.xml", "CPU", {
        "INFERENCE_PRECISION_HINT": {"bf16": "bf16", "fp32": "f32"}[precision], "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": args.threads})
    request = compiled.create_infer_request()

    def run():
        return request.infer([images])[compiled.output(0)]
else:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    file = {"int8": "int8.onnx", "fp32": "prepared.onnx"}[precision]
    session = onnxruntime.InferenceSession(args.model / file, options, providers=["CPUExecutionProvider"])

    def run():
        return session.run(None, {"pixels": images})[0]


means = []
times = measure.timed(lambda _: means.append(float(np.abs(run()).mean())), args.steps, args.warmup)
measure.emit(peer=engine, work="features", precision=precision, **times,
             images_per_s=args.batch / measure.median(times["seconds"]), losses=means)
