"""Killed at random moments and resumed each time, does a run end in the same bits?

kill.py KILLS EPOCHS: for each kind of run, one that is left alone, and one that gets KILLS times
SIGKILL, at moments that a seeded generator draws: while it starts, and after a number of its
checkpoints. It goes on from its checkpoint each time, on another number of threads. Prints TAP.
Where STANDIN names the stand-in for a GPU, one of the runs has it.
"""

import filecmp
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = {
    "adam, cosine, dropout": ["--dropout", "0.2", "--layers", "2", "--schedule", "cosine"],
    "sgd, plateau, validation": [
        *["--cell", "gru", "--optimizer", "sgd", "--momentum", "0.9", "--lr", "0.5"],
        *["--schedule", "plateau", "--patience", "1", "--validation", "0.2"],
    ],
    "random sampling": ["--sampling", "random", "--optimizer", "rmsprop", "--validation", "0"],
    "accumulated gradients": ["--accumulate", "3", "--batch", "8", "--schedule", "cosine", "--dropout", "0.1"],
    "fill, both directions": ["--task", "fill", "--bidirectional", "--dropout", "0.1"],
    "tag with a crf, characters, dropout": [
        *["../tagged", "--task", "tag", "--bidirectional", "--crf", "--dropout", "0.1"],
        *["--embed", "8", "--char-hidden", "6", "--batch", "16"],
    ],
    "classify, adamw, plateau": [
        *["../labelled", "--task", "classify", "--bidirectional", "--dropout", "0.1"],
        *["--optimizer", "adamw", "--schedule", "plateau", "--patience", "1", "--batch", "16"],
    ],
}
ON_GPU = ["--device", "cuda", "--max-tokens", "300", "--batch", "4", "--steps", "10", "--validation", "0"]
CHECKPOINT = "model.checkpoint.safetensors"


def write_labels(folder, lines=400):
    """Sentences of 1 to 9 words, each word with a label, and the same as texts with one each."""
    words = "pa po Ki ko lu to sa du ne ro".split()
    draws = random.Random(7)
    sentences = [draws.choices(words, k=draws.randint(1, 9)) for _ in range(lines)]
    tagged = "\n".join("".join(f"{w} {w[-1]}\n" for w in sentence) for sentence in sentences)
    labelled = "".join(f"{sentence[0]}\t{' '.join(sentence)}\n" for sentence in sentences)
    (folder / "tagged").write_text(tagged, encoding="utf-8")
    (folder / "labelled").write_text(labelled, encoding="utf-8")


def start(folder, *options):
    command = [os.environ["RECUR"], "train", "--quiet", *options]
    gpu = os.environ["STANDIN"] if "cuda" in options else ""
    environment = {**os.environ, "RECUR_CUDA": gpu}
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env=environment)


def written(folder):
    """Which file the checkpoint is: a new one takes the old one's place each time."""
    try:
        return (folder / CHECKPOINT).stat().st_ino, (folder / CHECKPOINT).stat().st_mtime_ns
    except FileNotFoundError:
        return None


def wait_for_checkpoints(folder, run, count):
    last = written(folder)
    while count > 0 and run.poll() is None:
        time.sleep(0.0005)
        now = written(folder)
        count -= now != last
        last = now


def kill_and_resume(folder, options, kills, moments):
    """Returns how many runs did not live to their end."""
    killed = 0
    texts = [option for option in options if option.startswith("../")]  # not in the checkpoint's folder
    run = start(folder, *options, "--checkpoint-every", str(moments.randint(1, 3)))
    wait_for_checkpoints(folder, run, 1)  # before there is one, a run is started, not resumed
    for _ in range(kills):
        if moments.random() < 0.7:
            wait_for_checkpoints(folder, run, moments.randint(1, 8))
        time.sleep(moments.uniform(0, 0.02))
        run.send_signal(signal.SIGKILL)
        killed += run.wait() == -signal.SIGKILL
        device = ["--device", "cuda"] if "cuda" in options else []
        again = ["--resume", CHECKPOINT, "--log", "log", *device, *texts]
        run = start(folder, *again, "--threads", str(moments.randint(1, 3)))
    run.wait()
    return killed


def epochs_of(log):
    """The log without what depends on the clock."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [{key: line[key] for key in line if "second" not in key} for line in lines]


def check(folder, options, kills, moments):
    """What is wrong, if anything, and how many runs were killed."""
    alone, killed = folder / "alone", folder / "killed"
    write_labels(folder)
    alone.mkdir()
    killed.mkdir()
    if start(alone, *options).wait() != 0:
        return "the run that is left alone fails", kills
    count = kill_and_resume(killed, options, kills, moments)
    if not (killed / "model.safetensors").exists():
        return "the resumed run left no model", count
    if not filecmp.cmp(alone / "model.safetensors", killed / "model.safetensors", shallow=False):
        return "the models differ", count
    if epochs_of(alone / "log") != epochs_of(killed / "log"):
        return "the logs differ", count
    return None, count


def check_all_kills(options, kills, epochs, moments):
    """Where the machine was too busy to kill a run before its end, a longer one is taken."""
    for _ in range(6):
        with tempfile.TemporaryDirectory() as folder:
            common = ["--hidden", "24", "--epochs", str(epochs), "--log", "log"]
            if "--batch" not in options:
                common += ["--batch", "64"]
            wrong, count = check(Path(folder), [*options, *common], kills, moments)
        if wrong or count == kills:
            return wrong
        epochs *= 2
    return f"only {count} of {kills} runs were killed before they had ended"


def main():
    kills, epochs = int(sys.argv[1]), int(sys.argv[2])
    moments = random.Random(2026)
    failed = 0
    runs = {**RUNS, "on a GPU": ON_GPU} if "STANDIN" in os.environ else RUNS
    print(f"1..{len(runs)}", flush=True)
    for number, (name, options) in enumerate(runs.items(), 1):
        wrong = check_all_kills(options, kills, epochs, moments)
        failed += wrong is not None
        verdict = "not ok" if wrong else "ok"
        print(f"{verdict} {number} - {name}, killed {kills} times{': ' + wrong if wrong else ''}")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
