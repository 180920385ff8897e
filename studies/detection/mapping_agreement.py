"""How far `graft data map` and published mappings of classes agree.

UniDet (xingyizhou/UniDet, Apache-2.0, datasets/label_spaces/manual.csv and learned_mAP.csv) and the RVC devkit
(ozendelait/rvc_devkit, MIT, objdet/obj_det_mapping.csv) say which classes of COCO, OpenImages, Objects365 and Mapillary
are one. Their tables are not part of graft: give their paths.

    python3 studies/detection/mapping_agreement.py --graft build/release/src/graft/cli/graft --table manual.csv
        [--thesaurus lvis_categories.json] [--mids class-descriptions.csv]

Each table's own lists of names go to `graft data map --to union`; a pair of classes of two sets is right where both
put it into one class. Precision and recall are over such pairs.
"""
import argparse
import collections
import csv
import itertools
import pathlib
import subprocess
import tempfile


def read_table(path, names_of_mids):
    """[{set: name}] by unified class, and its sets' names in their order."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {}
    for column in rows[0]:
        if "name" in column and column != "key":
            columns[column] = column.split("_")[0].lower()
        elif "leaf" in column:
            columns[column] = "oid"
    classes = []
    for row in rows:
        one = {}
        for column, set_name in columns.items():
            name = (row[column] or "").strip()
            if column.endswith("leaf") and name:
                name = names_of_mids.get(name, "")
            if name:
                one[set_name] = name
        classes.append(one)
    return classes


def pairs_of(classes):
    pairs = set()
    for one in classes:
        for a, b in itertools.combinations(sorted(one), 2):
            pairs.add((a, one[a], b, one[b]))
    return pairs


def ours(classes, graft, extra, folder):
    sets = collections.defaultdict(list)
    for one in classes:
        for set_name, name in one.items():
            if name not in sets[set_name]:
                sets[set_name].append(name)
    words = []
    for set_name, names in sets.items():
        path = folder / f"{set_name}.txt"
        path.write_text("\n".join(names) + "\n", encoding="utf-8")
        words.append(f"{set_name}:{path}")
    out = folder / "mapping.csv"
    subprocess.run([graft, "data", "map", *words, "-o", str(out), "-q", *extra], check=True, stdout=subprocess.DEVNULL)
    lines = out.read_text(encoding="utf-8").splitlines()[1:]
    by_target = collections.defaultdict(lambda: collections.defaultdict(list))
    ambiguous = 0
    for row in csv.DictReader(lines):
        ambiguous += row["action"] == "ambiguous"
        if row["action"] == "map" and row["relation"] == "equal":
            by_target[row["target"]][row["source"]].append(row["source_name"])
    pairs = set()
    for members in by_target.values():
        for a, b in itertools.combinations(sorted(members), 2):
            pairs.update((a, x, b, y) for x in members[a] for y in members[b])
    return pairs, {k: len(v) for k, v in sets.items()}, ambiguous


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--graft", required=True)
    parser.add_argument("--table", required=True, action="append")
    parser.add_argument("--thesaurus")
    parser.add_argument("--mids", help="OpenImages' class descriptions: mid,name")
    parser.add_argument("--show", type=int, default=0, help="pairs to print that only one of the two has")
    asked = parser.parse_args()
    names_of_mids = {}
    if asked.mids:
        with open(asked.mids, newline="", encoding="utf-8") as file:
            names_of_mids = {row[0]: row[1] for row in csv.reader(file) if len(row) >= 2}
    extra = ["--thesaurus", asked.thesaurus] if asked.thesaurus else []
    print("| table | classes of its sets | their pairs | ours | both | precision | recall |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for table in asked.table:
        classes = read_table(table, names_of_mids)
        with tempfile.TemporaryDirectory() as folder:
            got, counts, _ = ours(classes, asked.graft, extra, pathlib.Path(folder))
        told = pairs_of(classes)
        both = got & told
        sizes = ", ".join(f"{k} {v}" for k, v in counts.items())
        print(f"| {pathlib.Path(table).name} | {sizes} | {len(told)} | {len(got)} | {len(both)} | "
              f"{100 * len(both) / len(got):.1f} % | {100 * len(both) / len(told):.1f} % |")
        for title, pairs in (("theirs alone", told - got), ("ours alone", got - told)):
            for pair in sorted(pairs)[: asked.show]:
                print(f"  {title}: {pair}")


if __name__ == "__main__":
    main()
