#!/usr/bin/env python3
"""Trains models that differ in one thing each, and prints a table of their held-out losses.

    bench/ablations.py build/recur GROUP... [--seeds 1 2 3] [--threads 1] [--wrapper COMMAND]

A group is a text, options that all of its rows share, and a row for each thing (GROUPS). The first
row is what the others are compared with. A run costs its CPU seconds, as the system counts them,
so that runs may wait for each other; of small differences `recur bench` says more.
"""
import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile

GROUPS = {
    "long": ("time_machine",
             "--hidden 256 --epochs 30 --lr 0.005 --schedule cosine --dropout 0.5 --precision bf16", [
                 ("standard dropout", ""),
                 ("locked dropout", "--dropout-kind locked"),
                 ("weight drop 0.2", "--weight-drop 0.2"),
                 ("locked dropout, weight drop 0.2", "--dropout-kind locked --weight-drop 0.2"),
                 ("weight drop 0.5", "--weight-drop 0.5"),
                 ("dropout 0.3, weight drop 0.3", "--dropout 0.3 --weight-drop 0.3"),
             ]),
    "schedules": ("time_machine",
                  "--hidden 256 --batch 8 --steps 64 --lr 0.01 --dropout 0.4 --weight-drop 0.2 --epochs 12 "
                  "--precision bf16", [
                      ("constant", ""),
                      ("`--schedule plateau`", "--schedule plateau"),
                      ("`--schedule cosine`", "--schedule cosine"),
                      ("`--schedule wsd`", "--schedule wsd"),
                      ("`--schedule wsd --decay 0.4 --lr-floor 0.02`", "--schedule wsd --decay 0.4 --lr-floor 0.02"),
                      ("`--schedule onecycle`", "--schedule onecycle"),
                      ("`--schedule onecycle --lr 0.02`", "--schedule onecycle --lr 0.02"),
                      ("constant, `--average ema`", "--average ema"),
                  ]),
    "averages": ("time_machine",
                 "--hidden 192 --batch 8 --lr 0.005 --dropout 0.5 --weight-drop 0.2 --epochs 30 --precision bf16", [
                     ("the last parameters", ""),
                     ("`--average ema`", "--average ema"),
                     ("`--average ema --average-decay 0.999`", "--average ema --average-decay 0.999"),
                     ("`--average swa`", "--average swa"),
                     ("`--average swa --average-start 0.5`", "--average swa --average-start 0.5"),
                     ("`--average asgd`", "--average asgd"),
                 ]),
    "inputs": ("time_machine",
               "--tokens word --hidden 192 --tied --sampled-softmax 256 --ar 2 --batch 8 --steps 35 --lr 0.003 "
               "--average ema --patience 4 --epochs 14 --dropout 0.4 --weight-drop 0.3", [
                   ("nothing dropped of the inputs", ""),
                   ("`--input-dropout 0.3`", "--input-dropout 0.3"),
                   ("`--input-dropout 0.5`", "--input-dropout 0.5"),
                   ("`--input-dropout 0.5 --dropout-kind locked`", "--input-dropout 0.5 --dropout-kind locked"),
               ]),
    "short": ("time_machine", "--hidden 192 --epochs 14 --lr 0.005 --dropout 0.3 --precision bf16", [
        ("the last parameters", ""),
        ("ema", "--average ema"),
        ("swa", "--average swa"),
        ("cosine", "--schedule cosine"),
        ("cosine, locked dropout", "--schedule cosine --dropout-kind locked"),
        ("ema, `--lr 0.01`, weight drop 0.1", "--average ema --lr 0.01 --weight-drop 0.1"),
    ]),
    "normalised": ("tinyshakespeare",
                   "--hidden 192 --batch 8 --steps 64 --lr 0.005 --dropout 0.2 --average ema --epochs 8", [
                       ("`lstm`", "--cell lstm"),
                       ("`ln-lstm`", "--cell ln-lstm"),
                       ("`gru`", "--cell gru"),
                       ("`ln-gru`", "--cell ln-gru"),
                   ]),
    "story": ("", "--hidden 192 --batch 4 --dropout 0.5 --schedule cosine --precision bf16", [
        ("20 epochs", "--lr 0.02 --epochs 20"),
        ("20 epochs, weight drop 0.2", "--lr 0.02 --epochs 20 --weight-drop 0.2"),
        ("30 epochs, weight drop 0.2", "--lr 0.02 --epochs 30 --weight-drop 0.2"),
        ("30 epochs, weight drop 0.4", "--lr 0.02 --epochs 30 --weight-drop 0.4"),
        ("30 epochs, weight drop 0.3, `--lr 0.01`", "--lr 0.01 --epochs 30 --weight-drop 0.3"),
    ]),
    "heart": ("time_machine",
              "--batch 8 --steps 64 --lr 0.01 --schedule wsd --decay 0.4 --lr-floor 0.02 "
              "--precision bf16", [
                  ("256 units, dropout 0.3, 7 epochs", "--hidden 256 --dropout 0.3 --epochs 7"),
                  ("the same, weight drop 0.1",
                   "--hidden 256 --dropout 0.3 --epochs 7 --weight-drop 0.1"),
                  ("the same, weight drop 0.2",
                   "--hidden 256 --dropout 0.3 --epochs 7 --weight-drop 0.2"),
                  ("256 units, dropout 0.4, weight drop 0.2, 12 epochs",
                   "--hidden 256 --dropout 0.4 --epochs 12 --weight-drop 0.2"),
                  ("512 units, dropout 0.5, weight drop 0.4, 18 epochs",
                   "--hidden 512 --dropout 0.5 --epochs 18 --weight-drop 0.4"),
              ]),
    "words": ("time_machine",
              "--tokens word --word-rule space --hidden 160 --embed 160 --epochs 8 --lr 0.002 "
              "--dropout 0.5 --average ema --precision bf16", [
                  ("a head of its own", ""),
                  ("tied", "--tied"),
                  ("softmax over 512 sampled tokens", "--sampled-softmax 512"),
                  ("softmax over 1024 sampled tokens", "--sampled-softmax 1024"),
                  ("softmax over 2048 sampled tokens", "--sampled-softmax 2048"),
              ]),
    "outputs": ("time_machine",
                "--hidden 192 --epochs 16 --lr 0.01 --average ema --dropout 0.5 --weight-drop 0.2 "
                "--precision bf16", [
                    ("weight drop 0.2 alone", ""),
                    ("`--ar 2`", "--ar 2"),
                ]),
    "chosen-story": ("", "", [
        ("what recur chose before", "--ar 0"),
        ("`--ar 1`", "--ar 1"),
        ("`--ar 2`", ""),
        ("`--ar 4`", "--ar 4"),
    ]),
    "chosen-novel": ("time_machine", "", [
        ("what recur chose before", "--ar 0"),
        ("`--ar 2`", ""),
    ]),
    "tied-words": ("time_machine",
                   "--tokens word --word-rule space --hidden 160 --embed 160 --tied --epochs 10 "
                   "--lr 0.005 --dropout 0.5 --average ema --precision bf16", [
                       ("tied, dropout 0.5 alone", ""),
                       ("`--ar 2`", "--ar 2"),
                       ("`--ar 5`", "--ar 5"),
                   ]),
    "fill": ("time_machine",
             "--task fill --bidirectional --hidden 256 --batch 8 --steps 64 --lr 0.01 --schedule wsd --decay 0.4 "
             "--lr-floor 0.02 --warmup 200 --epochs 24 --precision bf16", [
                 ("dropout 0.5, weight drop 0.4, a tenth blank",
                  "--dropout 0.5 --weight-drop 0.4 --blanks 0.1"),
                 ("3 % blank", "--dropout 0.5 --weight-drop 0.4 --blanks 0.03"),
                 ("none blank", "--dropout 0.5 --weight-drop 0.4 --blanks 0"),
                 ("dropout 0.4, weight drop 0.3, 3 % blank",
                  "--dropout 0.4 --weight-drop 0.3 --blanks 0.03"),
                 ("dropout 0.3, weight drop 0.3, 3 % blank",
                  "--dropout 0.3 --weight-drop 0.3 --blanks 0.03"),
                 ("dropout 0.3, weight drop 0.2, 3 % blank",
                  "--dropout 0.3 --weight-drop 0.2 --blanks 0.03"),
                 ("dropout 0.2, weight drop 0.1, 3 % blank",
                  "--dropout 0.2 --weight-drop 0.1 --blanks 0.03"),
             ]),
    "large": ("tinyshakespeare",
              "--hidden 256 --steps 64 --epochs 5 --dropout 0.2 --precision bf16", [
                  ("`--lr 0.004`, cosine", "--lr 0.004 --schedule cosine"),
                  ("`--lr 0.01`, cosine", "--lr 0.01 --schedule cosine"),
                  ("`--lr 0.01`, ema", "--lr 0.01 --average ema"),
                  ("`--lr 0.01`, ema, weight drop 0.1", "--lr 0.01 --average ema --weight-drop 0.1"),
              ]),
}


def train(wrapper, recur, text, options, seed, folder):
    """The lowest held-out loss of a run, its epoch, and the run's CPU seconds."""
    log = os.path.join(folder, "log")
    command = [*wrapper, recur, "train", *text.split(), "-o", os.path.join(folder, "model.safetensors"), "--quiet",
               "--predict", "", "--seed", str(seed), "--log", log, *options.split()]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    with open(log, encoding="utf-8") as lines:
        epochs = [json.loads(line) for line in lines]
    best = min(epochs, key=lambda epoch: epoch["valid_loss"])
    return best["valid_loss"], best["epoch"], seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recur")
    parser.add_argument("group", nargs="*", default=list(GROUPS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--threads", default="1")
    parser.add_argument("--wrapper", default="", help="what each run is started with")
    given = parser.parse_args()
    for group in given.group:
        text, shared, rows = GROUPS[group]
        shared += " --threads " + given.threads
        print(f"\n`{f'{text} {shared}'.strip()}`\n\n| | held-out loss | epoch | CPU seconds |\n|---|---|---|---|",
              flush=True)
        for name, options in rows:
            with tempfile.TemporaryDirectory() as folder:
                runs = [train(given.wrapper.split(), given.recur, text, f"{shared} {options}", seed, folder)
                        for seed in given.seeds]
            losses = [run[0] for run in runs]
            spread = f" ± {statistics.stdev(losses):.4f}" if len(losses) > 1 else ""
            print(f"| {name} | {statistics.mean(losses):.4f}{spread} | "
                  f"{statistics.mean(run[1] for run in runs):.0f} | "
                  f"{statistics.mean(run[2] for run in runs):.1f} |", flush=True)


main()
