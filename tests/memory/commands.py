"""Does every command keep within the memory that docs/reliability.md promises?

commands.py WATCHED [--resident]: hostile and honest models, each with the commands that read it.
WATCHED is the command with its heap watched (watch.c); with --resident the process's pages are held
to the same bounds. Prints TAP; with MEMORY_SAYS in the environment the figures too.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import models

KIB = 1 << 10
LEAST, TIMES = 1 << 20, 128  # bytes; times the inputs
NARROW = 320  # times a model of layers narrower than 4
CANDIDATE, FILLING = 192, 8  # bytes for each of --top or --beam; and for each of --top and blank
TOKEN, LABEL = 3 * KIB, 24  # predict: for each token read at once; and for each of its labels
THREADS = ["--threads", "2"]  # each more has some logits of its own
SEQUENCES = 16384  # tokens of several texts, filled up, that predict reads at once
ENTRY, WRITTEN = 4 * KIB, 8 * KIB  # explain: for each entry of the dictionary; and where numbers are written as JSON
SHARD, MAKING = 65536, 8 << 20  # ids of a shard; tokenize: whatever the text
CODE = 6 << 20  # what is resident of a process beside what it was given: code, stacks, C's library

DEEP = {"hidden": [1] * 64}
MODELS = {
    "tiny": {},
    "deep": DEEP | {"cell": "rnn"},
    "deep lstm": DEEP,
    "deeper": {"hidden": [1] * 500, "cell": "rnn"},
    "many characters": {"count": 15000},
    "many characters, embedded": {"count": 15000, "embedding": 1},
    "many words": {"hidden": [32], "count": 30000, "embedding": 16, "kind": "word"},
    "usual": {"hidden": [128], "count": 60},
}
LABELS = {"both": True, "kind": "word", "count": 100, "embedding": 1}
LABELLERS = {
    "tag, deep": LABELS | DEEP | {"task": "tag", "labels": 3},
    "tag, deep, width 4": LABELS | {"hidden": [4] * 64, "task": "tag", "labels": 3},
    "tag, many labels": LABELS | {"task": "tag", "labels": 2000},
    "tag, crf": LABELS | {"task": "tag", "labels": 150, "decoder": "crf"},
    "classify, deep, last states": LABELS | DEEP | {"task": "classify", "labels": 3},
    "classify, mean": LABELS | {"task": "classify", "labels": 3, "pool": "mean"},
    "classify, many labels": LABELS | {"task": "classify", "labels": 10000, "pool": "max"},
}
TEXTS = {
    "short": "a b c\n",
    "line": "a_b __ cd\n",
    "words": "w1 _ w2 _ _\n",
    "long": "the rain fell on the town, and nobody went out.\n" * 100,
    "many different characters": "".join(chr(0x4E00 + i) + " " for i in range(10000)),
    "columns": "w1 l1\nw2 l0\n\n",
    "many columns": "".join(f"w{i % 90:x} l1\n" + "\n" * (i % 9 == 8) for i in range(5000)),
    "one long sentence": "".join(f"w{i % 90:x} l1\n" for i in range(3000)),
    "one long sentence among short ones": "".join(f"w{i % 90:x} l1\n" for i in range(6000)) + "\nw1 l1\n" * 40,
    "labelled": "l1\tw1 w2\n",
    "labelled, long": "l1\t" + "w1 w2 w3 w4 " * 800 + "\n",
}


class Bench:
    def __init__(self, watched, resident):
        self.watched, self.resident = watched, resident
        self.number, self.hidden = 0, ()
        self.failed = 0

    def write(self, model, shape):
        self.hidden = shape.get("hidden", (1,))
        models.write(model, **shape)

    def run(self, *arguments):
        """What the heap and the process took at most, in bytes; and what it said where it failed."""
        done = subprocess.run(
            [self.watched, *arguments],
            env=os.environ | {"RECUR_WATCH": "watch"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        heap, resident = map(int, Path("watch").read_text(encoding="utf-8").split())
        return heap, resident, done.stderr.decode(errors="replace") if done.returncode else ""

    def say(self, fine, name, why=""):
        self.number += 1
        print("ok" if fine else "not ok", self.number, "-", name)
        if not fine:
            self.failed += 1
            print(f"# {why}")

    def check(self, model, command, *arguments, text=None, more=0):
        """`arguments` of a command, which reads `model` and `text`, with `more` allowed beside."""
        size = os.path.getsize(model) if model else 0
        read = len(TEXTS[text].encode()) if text else 0
        narrow = min(self.hidden) < 4
        allowed = LEAST + (NARROW if narrow else TIMES) * size + TIMES * read + more
        heap, resident, wrong = self.run(command, *arguments)
        words = " ".join(a for a in arguments if a.startswith("--"))
        name = f"{Path(model or 'text').stem}: {command} {words} {text or ''}"
        figures = f"{size} + {read} bytes, heap {heap} = {(heap - LEAST) / (size + read):.1f} x, "
        figures += f"resident {resident}, allowed {allowed} ({heap / allowed:.2f})"
        if "MEMORY_SAYS" in os.environ:
            print(f"# {name}: {figures}")
        fine = not wrong and heap <= allowed
        if self.resident:
            fine = fine and resident <= allowed + CODE
        self.say(fine, name, f"{figures} {wrong}")


def all_commands(bench, model):
    bench.check(model, "info", model)
    bench.check(model, "convert", model, "copy.safetensors")


def reader(bench, model):
    """What models of both tasks do."""
    for text in ["short", "long"]:
        options = ["-m", model, text, *THREADS]
        bench.check(model, "eval", *options, text=text)
        bench.check(model, "features", *options, "-o", "out.npy", text=text)


def language_model(bench, model):
    bench.check(model, "generate", "-m", model, "-n", "20", "--seed", "1")
    bench.check(model, "convert", "--quantize", "int8", model, "small.safetensors")
    small = "small.safetensors"
    bench.check(small, "generate", "-m", small, "-n", "20", "--seed", "1")
    bench.check(small, "eval", "-m", small, "long", *THREADS, text="long")
    bench.check(model, "convert", model, "--to", "pytorch", "other.safetensors")


def filler(bench, model, name):
    text = "words" if "words" in name else "line"
    blanks = TEXTS[text].count("_")
    small = "small.safetensors"
    bench.check(model, "convert", "--quantize", "bf16", model, small)
    bench.check(small, "eval", "-m", small, "long", *THREADS, text="long")
    for top in [16, 1000 if name in ("tiny", "deep") else 50]:
        options = ["-f", text, "--top", str(top)]
        more = top * (CANDIDATE + FILLING * blanks)
        bench.check(model, "fill", "-m", model, *options, text=text, more=more)


def labeller(bench, model, task, labels):
    names = ["columns", "many columns", "one long sentence", "one long sentence among short ones"]
    for text in names if task == "tag" else ["labelled", "labelled, long"]:
        parts = TEXTS[text].split("\n\n" if task == "tag" else "\n")
        lengths = [len(part.splitlines() if task == "tag" else part.split()[1:]) for part in parts]
        together = min(max(lengths) * len(lengths), SEQUENCES)  # each as long as the longest
        tokens = max(max(lengths), together)
        cells = tokens * (TOKEN + (LABEL * labels if task == "tag" else 0))
        bench.check(model, "predict", "-m", model, text, *THREADS, text=text, more=cells)
        bench.check(model, "eval", "-m", model, text, *THREADS, text=text, more=cells)


def vocabularies(bench):
    for text in ["short", "long", "many different characters"]:
        bench.check(None, "vocab", "--tokens", "char", text, text=text)
        bench.check(None, "vocab", "--tokens", "word", text, text=text)
        entries = len(set(TEXTS[text])) + 1
        bench.check(None, "explain", text, text=text, more=ENTRY * entries)
        for option in ["--json", "--html=page.html"]:
            bench.check(None, "explain", option, text, text=text, more=(ENTRY + WRITTEN) * entries)


def stores(bench):
    """A store is made and read in memory that does not grow with the text."""
    for repeats in [20, 400]:
        Path("much").write_text(TEXTS["long"] * repeats, encoding="utf-8")
        name = f"store {repeats}"
        heap, _, wrong = bench.run("tokenize", "--shard", str(SHARD), "-o", name, "much")
        allowed = MAKING + 4 * SHARD + 256 * len(set(TEXTS["long"]))
        bench.say(not wrong and heap <= allowed, f"tokenize: {repeats} texts", f"{heap}, allowed {allowed} {wrong}")
        heap, _, wrong = bench.run("info", "--check", name)
        bench.say(not wrong and heap <= LEAST, f"info --check: {repeats} texts", f"{heap}, allowed {LEAST} {wrong}")


def validation(bench):
    """It takes no more beside training than recur eval does."""
    heaps = []
    for share in ["0", "0.3"]:
        options = ["--hidden", "1", "--layers", "32", "--epochs", "1", "--batch", "1", *THREADS]
        heap, _, wrong = bench.run("train", "long", "-o", "m", *options, "--validation", share)
        heaps.append(heap)
    allowed = heaps[0] + LEAST + TIMES * len(TEXTS["long"])
    bench.say(not wrong and heaps[1] <= allowed, "train: validation", f"{heaps} {wrong}")


def main():
    bench = Bench(os.path.abspath(sys.argv[1]), "--resident" in sys.argv)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, text in TEXTS.items():
            Path(name).write_text(text, encoding="utf-8")
        for name, shape in MODELS.items():
            for task, both in [("lm", False), ("fill", True)]:
                model = f"{task}, {name}.safetensors"
                bench.write(model, shape | {"task": task, "both": both})
                all_commands(bench, model)
                reader(bench, model)
                if both:
                    filler(bench, model, name)
                else:
                    language_model(bench, model)
        for name, shape in LABELLERS.items():
            model = f"{name}.safetensors"
            bench.write(model, shape)
            all_commands(bench, model)
            labeller(bench, model, shape["task"], shape["labels"])
        vocabularies(bench)
        validation(bench)
        stores(bench)
        os.chdir("/")
    print(f"1..{bench.number}")
    sys.exit(1 if bench.failed else 0)


main()
