"""Commands of recur while memory is short.

short_memory.py allocations LIBRARY [EVERY [FROM]]: each command again and again, its first
allocation failing, then its second, and so on, until none is left to fail; beyond number FROM only
every EVERY-th. LIBRARY is fail_nth.c's.

short_memory.py ladder [STEP]: each command with ever more address space, STEP MB at a time, from where
the program itself can be loaded to where the command succeeds three times.

A run ends in one of two ways: status 0 with exactly the output and the files of a run with all the
memory it likes, since the C library goes on without; or status 1 with one sentence, a beginning of
that output, and each file as it was before or as it is after a whole run. A checkpoint may be an
earlier one, from which the run goes on to the same model."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

RECUR = os.environ["RECUR"]
DATA = os.environ.get("RECUR_DATA", "")
MEBIBYTE = 1 << 20
CHECKPOINT = ".checkpoint.safetensors"

TEXT = "the cat sat on the mat, the dog ate the cat's hat; a rat sat and a bat sat on that\n" * 6
SENTENCES = "".join(f"{w}\n" for w in ("Ann B-PER", "ran O", "", "Bob B-PER", "met O", "Rome B-LOC", "")) * 8
MOODS = "good\ta fine day\nbad\ta sad day\n" * 12
SMALL = "--hidden 4 --batch 2 --steps 5 --epochs 2 --threads 1 --quiet".split()
LABELS = "--hidden 4 --batch 4 --epochs 2 --threads 1 --validation 0 --quiet".split()

# What every command finds in its folder; made in this order.
SETUP = [
    ["train", "text", *SMALL, "-o", "lm"],
    ["train", "text", "--task", "fill", *SMALL, "-o", "fill"],
    ["train", "tags", "--task", "tag", *LABELS, "-o", "tag"],
    ["train", "moods", "--task", "classify", *LABELS, "-o", "mood"],
    ["train", "text", *SMALL, "--checkpoint-every", "3", "-o", "run"],
    ["convert", "lm", "--to", "pytorch", "torch"],
    ["convert", "lm", "lm.onnx"],
    ["vocab", "text", "--json"],
]
COMMANDS = {
    "train-lm": ["train", "text", *SMALL, "-o", "new", "--log", "log", "--report", "report"],
    "train-fill": ["train", "text", "--task", "fill", *SMALL, "-o", "new"],
    "train-tag": ["train", "tags", "--task", "tag", "--crf", *LABELS, "-o", "new"],
    "train-classify": ["train", "moods", "--task", "classify", *LABELS, "-o", "new"],
    "train-checkpoint": ["train", "text", *SMALL, "--checkpoint-every", "4", "-o", "new"],
    "train-plot": ["train", "text", *SMALL, "-o", "new", "--plot", "plot.svg"],
    "train-png": ["train", "text", *SMALL, "-o", "new", "--plot", "plot.png"],
    "resume": "train --resume run.checkpoint.safetensors -o new --epochs 3 --quiet --threads 1".split(),
    "generate": ["generate", "-m", "lm", "-p", "the ", "-n", "20", "--seed", "1", "--threads", "1"],
    "fill": ["fill", "-m", "fill", "--top", "2", "t_e c_t"],
    "fill-lines": ["fill", "-m", "fill", "-"],
    "features": ["features", "-m", "lm", "--threads", "1", "text", "-o", "new.npy"],
    "predict-words": ["predict", "-m", "tag", "--threads", "1", "tags"],
    "predict-json": ["predict", "-m", "mood", "--threads", "1", "--json", "moods"],
    "eval": ["eval", "-m", "lm", "--threads", "1", "text"],
    "eval-json": ["eval", "-m", "mood", "--threads", "1", "--json", "moods"],
    "vocab": ["vocab", "text"],
    "vocab-json": ["vocab", "--json", "--ngrams", "2", "text"],
    "explain": ["explain", "text", "--cell", "gru", "--hidden", "2", "--steps", "2", "--updates", "2"],
    "explain-html": ["explain", "text", "--html", "new", "--hidden", "2", "--steps", "2", "--updates", "2"],
    "explain-json": ["explain", "text", "--json", "--hidden", "2", "--steps", "2", "--updates", "2"],
    "info": ["info", "lm"],
    "info-json": ["info", "--json", "tag"],
    "convert-torch": ["convert", "lm", "--to", "pytorch", "new"],
    "convert-onnx": ["convert", "lm", "new.onnx"],
    "convert-int8": ["convert", "--quantize", "int8", "lm", "new"],
    "convert-vocab": ["convert", "--vocab", "words.json", "torch", "new"],
    "convert-from-onnx": ["convert", "lm.onnx", "new"],
    "train-threads": ["train", "text", *SMALL, "--threads", "2", "-o", "new"],
    "help": ["train", "--help"],
    "fetch": ["fetch", "time_machine"],
}
# These allocate some thousand times, most of them in libraries (fontconfig finds other fonts where
# memory is short): name -> beyond which number only every so many-th fails.
SPARSE = {"train-png": (420, 41), "fetch": (0, 11)}
INPUT = b"t_e c_t\nth_ dog\n"
# What the ladder climbs with; the model "long" has a string of 5 MB in its header.
LADDER = (
    "train-lm train-checkpoint resume generate fill predict-json eval vocab-json info-json convert-onnx "
    "convert-vocab"
).split()
LONG = ["info", "long"]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def steady(data):
    """Without what differs from run to run: speeds, seconds, memory; of a checkpoint's header that
    is its length too."""
    if data[8:9] == b"{":
        end = 8 + int.from_bytes(data[:8], "little")
        times = rb'(,\\"(tokens_per_second|seconds)\\":)[0-9.e+-]+'
        data = re.sub(times, rb"\1N", data[8:end].rstrip()) + data[end:]
    data = re.sub(rb'("(tokens_per_second|seconds|peak_rss_bytes)": )[0-9.e+-]+', rb"\1N", data)
    return re.sub(rb"[0-9.]+ tokens/sec", b"N tokens/sec", data)


class Result(NamedTuple):
    """How a run ended; `failed`: an allocation was made to fail."""

    status: int
    out: bytes
    errors: bytes
    files: dict
    failed: bool


class Bench:
    """A folder in which a command runs."""

    def __init__(self, made):
        self.folder = Path(tempfile.mkdtemp(prefix="recur-memory-"))
        self.made = made
        self.restore()

    def restore(self):
        now = contents(self.folder)
        for name in now.keys() - self.made.keys():
            (self.folder / name).unlink()
        for name, data in self.made.items():
            if now.get(name) != data:
                (self.folder / name).write_bytes(data)

    def run(self, arguments, library=None, number=0, space=0):
        """Its allocation `number` fails; `space`: bytes that it may address. 0: no such limit."""
        told, tell = os.pipe()
        environment = dict(
            os.environ, HOME=str(self.folder), RECUR_DATA=str(self.folder), RECUR_MIRROR=f"file://{DATA}"
        )
        if number:
            environment |= {"LD_PRELOAD": library, "RECUR_FAIL": str(number), "RECUR_FAIL_FD": str(tell)}

        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (space, space))

        ran = subprocess.run(
            [RECUR, *arguments], cwd=self.folder, input=INPUT, capture_output=True, env=environment,
            pass_fds=[tell], timeout=300, check=False, preexec_fn=limit if space else None,
        )
        os.close(tell)
        failed = os.read(told, 1) != b""
        os.close(told)
        return Result(ran.returncode, ran.stdout, ran.stderr, contents(self.folder), failed)

    def goes_on(self, name, good):
        """Does the run of a checkpoint end in the same model as without short memory?"""
        again = self.run(["train", "--resume", name, "-o", "again", "--quiet", "--threads", "1"])
        return again.status == 0 and again.files["again"] == good


def said(errors):
    """The sentences that neither warn nor tell what is being done."""
    lines = errors.decode("utf-8", "replace").splitlines()
    return [line for line in lines if line.startswith("recur") and not re.search(": warning:|: downloading", line)]


def complaint(bench, result, whole):
    """What is wrong with a run for which memory was short; None where nothing is."""
    if result.status == 0 and steady(result.out) != steady(whole.out):
        return "status 0 with other output"
    if result.status not in (0, 1):
        return f"status {result.status}"
    if result.status == 1:
        sentences = said(result.errors)
        if (whole.status, whole.errors) == (1, result.errors):
            return None
        if len(sentences) != 1:
            return f"{len(sentences)} sentences"
        if not re.search("memory|could not be started", result.errors.decode("utf-8", "replace")):
            return "a sentence of something else"
        if not steady(whole.out).startswith(steady(result.out)):
            return "status 1 with other output"
    for name in whole.files.keys() | result.files.keys() | bench.made.keys():
        data, good, before = (files.get(name) for files in (result.files, whole.files, bench.made))
        if data == good or (result.status == 1 and data == before):
            continue
        data, good = steady(data or b""), steady(good or b"")
        if data == good:
            continue
        if name.endswith(".png") and data.startswith(b"\x89PNG") and data.endswith(b"IEND\xaeB`\x82"):
            continue
        # A chart over the seconds that a run took differs from run to run.
        if name.endswith(".svg") and data.startswith(b"<") and data.endswith(b"</svg>\n"):
            continue
        if name.endswith(CHECKPOINT) and bench.goes_on(name, whole.files["new"]):
            continue
        if result.status == 1 and name == "log" and good.startswith(data):
            continue
        return f"status {result.status} with another {name}"
    return None


def fail_each(bench, arguments, whole, library, every, first, sparse=(0, 1)):
    """(runs, what is wrong with them): one allocation after the other fails."""
    problems, number, runs = [], 1, 0
    while True:
        bench.restore()
        result = bench.run(arguments, library, number)
        if not result.failed:
            return runs, problems or ([] if runs else ["no allocation failed"])
        runs += 1
        wrong = complaint(bench, result, whole)
        if wrong:
            problems.append(f"allocation {number}: {wrong}: {result.errors[-300:]!r}")
        dense, step = sparse
        number += (1 if number < first else every) * (1 if number < dense else step)


def climb(bench, arguments, whole, step):
    """The same with ever more address space."""
    problems, space, runs, successes = [], step, 0, 0
    while bench.run(["--version"], space=int(space * MEBIBYTE)).status != 0:
        space += step  # it cannot even be loaded
    while successes < 3:
        bench.restore()
        result = bench.run(arguments, space=int(space * MEBIBYTE))
        runs += 1
        wrong = complaint(bench, result, whole)
        if wrong:
            problems.append(f"{space} MB: {wrong}: {result.errors[-300:]!r}")
        successes += (result.status, result.errors) == (whole.status, whole.errors)
        space += step
    return runs, problems


def prepare(has_onnx):
    """The files that every command finds."""
    bench = Bench({"text": TEXT.encode(), "tags": SENTENCES.encode(), "moods": MOODS.encode()})
    for arguments in SETUP:
        if "lm.onnx" in arguments and not has_onnx:
            continue
        ran = bench.run(arguments)
        if ran.status != 0:
            sys.exit(f"recur {' '.join(arguments)}: {ran.errors.decode()}")
    (bench.folder / "words.json").write_bytes(ran.out)
    made = contents(bench.folder)
    shutil.rmtree(bench.folder)
    return made


def long_header():
    """A model's file whose header holds one string of 5 MB."""
    header = json.dumps({"__metadata__": {"format": "x" * 5000000}}).encode()
    return {"long": len(header).to_bytes(8, "little") + header}


def try_command(made, name, arguments, attack):
    """(runs, problems) of one command."""
    bench = Bench(long_header() if arguments == LONG else made)
    try:
        whole = bench.run(arguments)
        if whole.status != (arguments == LONG):
            return 0, [f"it fails by itself: {whole.errors}"]
        return attack(bench, arguments, whole, **({"sparse": SPARSE[name]} if name in SPARSE else {}))
    finally:
        shutil.rmtree(bench.folder)


def main(kind, *words):
    """Runs one of the two attacks and prints TAP."""
    libraries = subprocess.run([RECUR, "--version"], capture_output=True, check=True).stdout
    has_onnx = b"protobuf-c" in libraries
    can_fetch = b"libcurl" in libraries and os.path.exists(f"{DATA}/timemachine.txt")
    made = prepare(has_onnx)
    commands = {
        name: words
        for name, words in COMMANDS.items()
        if (has_onnx or "onnx" not in name)
        and (b"cairo" in libraries or "png" not in name)
        and (can_fetch or name != "fetch")
    }
    if kind == "ladder":
        commands = {name: words for name, words in commands.items() if name in LADDER} | {"long": LONG}
        attack = partial(climb, step=float(words[0]) if words else 1)
    else:
        every, first = (int(words[1]) if len(words) > 1 else 1), (int(words[2]) if len(words) > 2 else 0)
        attack = partial(fail_each, library=os.path.abspath(words[0]), every=every, first=first)
    red, total = 0, 0
    print(f"1..{len(commands)}")
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        tries = pool.map(lambda item: try_command(made, *item, attack), commands.items())
        for number, (name, (runs, problems)) in enumerate(zip(commands, tries), 1):
            print(f"{'not ok' if problems else 'ok'} {number} - {name}: {runs} runs", flush=True)
            for problem in problems[:20]:
                print(f"# {problem}", flush=True)
            red += bool(problems)
            total += runs
    print(f"# {total} runs")
    sys.exit(bool(red))


if __name__ == "__main__":
    main(*sys.argv[1:])
