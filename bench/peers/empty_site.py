"""The ratio of a model with empty sites to the same without, a pair of passes at a time; 95 % intervals."""
from machine import ROOT, THREADS, alone, run_once

PROGRAM = ROOT / "build" / "release" / "bench" / "bench_empty_site"
CASES = [(ROOT / "assets" / "clip_products", 1, 600), (ROOT / "assets" / "clip_products", 16, 200),
         (ROOT / "build" / "bench" / "models" / "vit-s14", 1, 200), (ROOT / "build" / "bench" / "models" / "vit-s14", 16, 60)]


def ask(rounds, lock):
    print("\nempty-site: with empty sites against none")
    print(f"  {'':16} {'batch':>6} {'with ms':>9} {'none ms':>9} {'ratio':>7}   95 % interval")
    rows = []
    for model, batch, pairs in CASES:
        with alone(lock):
            row = run_once([str(PROGRAM), "--model", str(model), "--batch", str(batch), "--pairs", str(pairs * rounds),
                            "--threads", THREADS])
        row["model"] = model.name
        print(f"  {model.name:16} {batch:6} {row['with_sites_ms']:9.3f} {row['without_ms']:9.3f} {row['ratio']:7.4f}   "
              f"{row['ratio_low']:.4f} to {row['ratio_high']:.4f}")
        rows.append(row)
    return {"rows": rows}
