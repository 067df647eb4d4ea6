#!/usr/bin/env python3
"""bench/recipes.py RECUR FOLDER [NAME ...]: the recipes of docs/recipes.md, all or those named: makes
their texts in FOLDER, trains, and prints for each the command, the CPU seconds of one thread, the
held-out loss and a sample. The Time Machine and Tiny Shakespeare come from $RECUR_DATA, the source code
and the Chinese text from this tree; tunes, names and DNA are drawn here, because the tree has none."""

import json
import os
import random
import re
import resource
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def data(name, size=None):
    return (Path(os.environ["RECUR_DATA"]) / name).read_bytes()[:size]


def tree(*patterns):
    files = sorted(path for pattern in patterns for path in ROOT.glob(pattern))
    return b"".join(path.read_bytes() for path in files)


def chinese():
    """The sentences of the Chinese README: without code, tables, links and names in Latin letters."""
    text = re.sub(r"```.*?```", "", (ROOT / "README.zh-CN.md").read_text(encoding="utf-8"), flags=re.S)
    lines = [re.sub(r"`[^`]*`|\]\([^)]*\)|[\[*#]", "", line).strip() for line in text.splitlines()]
    prose = [re.sub(r"[A-Za-z0-9_./ -]+", "", line) for line in lines if not line.startswith("|")]
    return "\n".join(line for line in prose if len(line) > 20).encode() + b"\n"


def tunes(count=400):
    """Tunes in ABC: two parts of four bars with the form AABA, over chords that fit the key, with
    more steps than leaps."""
    draw = random.Random(1)
    scale = ["C", "D", "E", "F", "G", "A", "B", "c", "d", "e", "f", "g"]
    keys = {"G": 4, "D": 1, "C": 0, "Am": 5}
    lines = []
    for number in range(1, count + 1):
        key = draw.choice(list(keys))
        metre, eighths = draw.choice([("6/8", 6), ("4/4", 8), ("3/4", 6)])

        def part():
            at, bars = keys[key] + draw.choice([0, 2, 4]), []
            for bar in range(4):
                left, notes = eighths, ""
                while left > 0:
                    long = draw.choice([1, 1, 1, 2, 2, 3])
                    long = min(long, left)
                    at = max(0, min(len(scale) - 1, at + draw.choice([-2, -1, -1, 0, 1, 1, 2])))
                    if bar == 3 and left == long:
                        at = keys[key]
                    notes += scale[at] + (str(long) if long > 1 else "")
                    left -= long
                    if left == eighths // 2:
                        notes += " "
                bars.append(notes.strip())
            return " | ".join(bars)

        a, b = part(), part()
        lines.append(f"X:{number}\nM:{metre}\nL:1/8\nK:{key}\n|: {a} :|\n| {b} |\n| {a} |]\n")
    return "\n".join(lines).encode()


def names(count=6000):
    """Names of two to four syllables, one a line; the last syllable says of which kind."""
    draw = random.Random(2)
    begins = ["B", "Br", "D", "El", "F", "G", "Gr", "K", "L", "M", "N", "R", "S", "St", "T", "Th", "V"]
    vowels = ["a", "a", "e", "e", "i", "o", "u", "ae", "ia"]
    middles = ["l", "ll", "n", "nd", "r", "rr", "s", "st", "th", "m", "v", "g"]
    ends = ["a", "a", "as", "en", "in", "ine", "or", "us", "wyn", "iel", "on"]
    made = []
    for _ in range(count):
        name = draw.choice(begins) + draw.choice(vowels)
        for _ in range(draw.choice([0, 1, 1, 2])):
            name += draw.choice(middles) + draw.choice(vowels)
        made.append(name + draw.choice(middles) + draw.choice(ends))
    return "\n".join(made).encode() + b"\n"


def dna(count=200000):
    """Bases in lines of 60: codons drawn with a bias, and now and then a copy of what came before,
    forward or as the reverse complement, with one base in fifty changed."""
    draw = random.Random(3)
    other = {"A": "T", "C": "G", "G": "C", "T": "A"}
    bases = "ACGT"
    codons = [a + b + c for a in bases for b in bases for c in bases]
    weights = [draw.random() ** 3 for _ in codons]
    text = ""
    while len(text) < count:
        if len(text) > 2000 and draw.random() < 0.02:
            size = draw.randrange(60, 300)
            at = draw.randrange(len(text) - size)
            copy = text[at : at + size]
            if draw.random() < 0.5:
                copy = "".join(other[base] for base in reversed(copy))
            text += "".join(draw.choice(bases) if draw.random() < 0.02 else base for base in copy)
        else:
            text += "".join(draw.choices(codons, weights, k=30))
    return "\n".join(text[i : i + 60] for i in range(0, count, 60)).encode() + b"\n"


SMALL = "--batch 8 --lr 0.005 --schedule cosine"
RECIPES = {
    "page": (lambda: data("timemachine.txt", 3000), "a page of a novel, 3 KB",
             f"--hidden 96 --dropout 0.5 --weight-drop 0.3 --steps 32 --epochs 60 {SMALL}", "--temp 0.6"),
    "story": (None, "the built-in story, 16 KB",
              "--hidden 192 --dropout 0.5 --weight-drop 0.3 --ar 2 --epochs 30 --batch 4 --lr 0.02 "
              "--schedule cosine", "--temp 0.6"),
    "novel": (lambda: data("timemachine.txt"), "a short novel, 180 KB",
              "--hidden 256 --dropout 0.4 --weight-drop 0.2 --ar 2 --batch 8 --steps 64 --epochs 14 "
              "--lr 0.01 --average ema --precision bf16", "--temp 0.7"),
    "plays": (lambda: data("tinyshakespeare.txt"), "plays, 1.1 MB",
              "--hidden 256 --dropout 0.1 --steps 64 --epochs 4 --lr 0.004 --schedule cosine "
              "--precision bf16", "--temp 0.7"),
    "tuned": (lambda: data("timemachine.txt", 3000), "the same page, after the plays",
              "--init-from plays.safetensors --dropout 0.5 --steps 32 --epochs 12 --batch 8 --lr 0.002 "
              "--schedule cosine",
              "--temp 0.6"),
    "chinese": (chinese, "Chinese: sentences of the README, 15 KB",
                "--hidden 192 --tied --dropout 0.6 --weight-drop 0.4 --batch 8 --steps 35 --epochs 15 "
                "--lr 0.003 --average ema", "--temp 0.5"),
    "tunes": (tunes, "tunes in ABC, 60 KB",
              f"--hidden 160 --dropout 0.3 --steps 96 --epochs 24 {SMALL}", "--temp 0.8"),
    "code": (lambda: tree("src/nn/*.c", "src/task/*.c", "src/data/*.c"), "source code: recur's, 300 KB",
             "--hidden 256 --dropout 0.3 --batch 16 --steps 96 --epochs 12 --lr 0.004 "
             "--schedule cosine", "--temp 0.7"),
    "names": (names, "names, one a line, 60 KB",
              f"--hidden 96 --dropout 0.2 --steps 32 --epochs 20 {SMALL}", "--temp 0.9"),
    "dna": (dna, "DNA, 200 KB", "--hidden 128 --dropout 0.1 --batch 16 --steps 96 --epochs 8 "
            "--lr 0.004 --schedule cosine", "--temp 1"),
}
PROMPTS = {"page": "The Time", "tuned": "The Time", "story": "Mara ", "novel": "The Time Traveller",
           "plays": "KING", "chinese": "模型", "tunes": "X:401\nM:6/8\nL:1/8\nK:G\n",
           "code": "static enum recur_status ", "names": "\n", "dna": "ACG"}


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(command, check=True, capture_output=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, done.stdout


def cook(recur, name):
    make, what, options, sampling = RECIPES[name]
    text = [] if make is None else [f"{name}.txt"]
    if make:
        Path(text[0]).write_bytes(make())
    line = ["train", *text, *shlex.split(options), "-o", f"{name}.safetensors"]
    seconds, _ = cpu_seconds([recur, *line, "--threads", "1", "--quiet", "--log", f"{name}.jsonl"])
    rows = [json.loads(row) for row in Path(f"{name}.jsonl").read_text().splitlines()]
    best = min(rows, key=lambda row: row["valid_loss"])
    drawing = [recur, "generate", "-m", f"{name}.safetensors", "-p", PROMPTS[name], "-n", "200",
               "-s", "1", *shlex.split(sampling)]
    sample = subprocess.run(drawing, check=True, capture_output=True).stdout.decode()
    print(f"## {name}: {what}\n\nrecur {shlex.join(line)}\n\n{seconds:.0f} CPU seconds, "
          f"{best['valid_loss']:.3f} nats, epoch {best['epoch']} of {len(rows)}; {sampling}\n\n"
          f"{sample}\n", flush=True)


def main():
    recur = str(Path(sys.argv[1]).resolve())
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    chosen = sys.argv[3:] or list(RECIPES)
    os.chdir(folder)
    for name in chosen:
        cook(recur, name)


if __name__ == "__main__":
    main()
