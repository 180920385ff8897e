"""Sets read, or read, made one and written, by Datumaro: WHAT OUT SET ... ."""
import json
import sys

import datumaro

from measure import now, peak_mb

what, out, *paths = sys.argv[1:]
begin = now()
sets = [datumaro.Dataset.import_from(path, "coco_instances") for path in paths]
one = sets[0]
if what == "merge":
    one = datumaro.HLOps.merge(*sets, merge_policy="union")
    one.export(out, "coco_instances", save_media=False)
images = boxes = 0
for item in one:
    images += 1
    boxes += sum(a.type == datumaro.AnnotationType.bbox for a in item.annotations)
end = now()
print(json.dumps(dict(seconds=end - begin, peak_mb=peak_mb(), images=images, boxes=boxes)))
