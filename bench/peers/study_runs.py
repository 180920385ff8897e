"""`graft compare` on the study of ../study_runs.json, as one process from nothing: its runs a minute."""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import tempfile

import measure

parser = argparse.ArgumentParser()
parser.add_argument("--program", type=pathlib.Path, required=True)
parser.add_argument("--assets", type=pathlib.Path, required=True)
parser.add_argument("--settings", type=pathlib.Path, required=True)
parser.add_argument("--precision", default="bf16")
parser.add_argument("--jobs", type=int, default=1)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seeds", type=int, default=0, help="the first so many of the settings'; 0: all")
args = parser.parse_args()
settings = json.loads(args.settings.read_text())
variants = {name: options for name, options in settings["methods"].items() if options}
study = {"models": {"clip": str(args.assets / "clip_products")},
         "data": {"products": str(args.assets / "fashion_products" / "photos.csv")},
         "methods": list(settings["methods"]), "variants": variants, "shots": settings["shots"],
         "seeds": settings["seeds"][:args.seeds or None],
         "defaults": {"precision": args.precision, "threads": args.threads, "cache": "no",
                      "val-every": 0}}  # the peer looks at its validation photos where they choose something, and no more
with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder) / "study.yaml"
    file.write_text(json.dumps(study))  # JSON is YAML
    begin = measure.now()
    subprocess.run([args.program, "compare", file, "--jobs", str(args.jobs), "--quiet"], check=True,
                   stdout=subprocess.DEVNULL, env=os.environ | {"GRAFT_ASSETS": str(args.assets)})
    total = measure.now() - begin
    if os.environ.get("BENCH_CLOCK") == "cpu":
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = used.ru_utime + used.ru_stime
    runs = [json.loads(f.read_text()) for f in (file.with_suffix("") / "runs").glob("*.json")]
accuracy = {}
for run in runs:
    accuracy.setdefault(run["method"], []).append(run["scores"]["accuracy"])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
measure.emit(peer="graft", work="study runs", precision=args.precision, runs=len(runs), total_s=total,
             runs_per_min=60 * len(runs) / total, accuracy=accuracy, peak_mb=peak)
