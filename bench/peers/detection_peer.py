"""A labelled set and results read and scored by one of the evaluators that people use: PROGRAM TRUTH RESULTS."""
import contextlib
import io
import json
import sys

from measure import now, peak_mb

name, truth, results = sys.argv[1:4]
if name == "pycocotools":
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
elif name == "faster-coco-eval":
    from faster_coco_eval import COCO
    from faster_coco_eval import COCOeval_faster as COCOeval
else:
    from hotcoco import COCO, COCOeval

begin = now()
with contextlib.redirect_stdout(io.StringIO()):
    labels = COCO(truth)
    answers = (labels.load_res if name == "hotcoco" else labels.loadRes)(results)
    read = now()
    run = COCOeval(labels, answers, "bbox")
    run.evaluate()
    run.accumulate()
    run.summarize()
end = now()
print(json.dumps(dict(read_s=read - begin, evaluate_s=end - read, seconds=end - begin, per_s=1 / (end - begin), peak_mb=peak_mb(),
                      numbers=[float(v) for v in run.stats][:12])))
