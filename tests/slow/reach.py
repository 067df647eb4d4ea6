"""Does training reach what it should: reach.py FIELD BOUND DATASET SEEDS OPTIONS...

Trains with OPTIONS, in which DATASET stands for the text's path, and each of SEEDS ("1,2,3").
FIELD is a number of the log, of the epoch whose model was kept. Prints TAP, a case for each seed.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def train(field, options, folder):
    log, report = Path(folder, "log.jsonl"), Path(folder, "report.json")
    outputs = ["--log", str(log), "--report", str(report)]
    outputs += ["--output", str(Path(folder, "model.safetensors"))]
    command = [os.environ["RECUR"], "train", *options, *outputs]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    values = [json.loads(line)[field] for line in log.read_text(encoding="utf-8").splitlines()]
    kept = json.loads(report.read_text(encoding="utf-8"))["best_epoch"]  # 0: the last one
    return values[kept - 1]


def main():
    field, bound, dataset, seeds, *options = sys.argv[1:]
    text = Path(os.environ.get("RECUR_DATA", ""), dataset)
    failed = 0
    print(f"1..{len(seeds.split(','))}", flush=True)
    for number, seed in enumerate(seeds.split(","), 1):
        case = f"{number} - {' '.join(options)} --seed {seed}"
        if not text.is_file():
            print(f"ok {case} # SKIP no {dataset} in $RECUR_DATA")
            continue
        with tempfile.TemporaryDirectory() as folder:
            named = [option.replace("DATASET", str(text)) for option in options]
            value = train(field, [*named, "--seed", seed], folder)
        good = value <= float(bound)
        failed += not good
        verdict = "ok" if good else "not ok"
        print(f"{verdict} {case}: {field} {value:.3f}, at most {bound}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
