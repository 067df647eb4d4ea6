"""Killed at random moments and started again each time, does recur tokenize make the same store?

tokenize.py KILLS: for each kind of text, one store that is left alone, and one whose maker gets KILLS
times SIGKILL, after a number of its files that a seeded generator draws. Prints TAP.
"""

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHARD = ["--shard", "65536"]
RUNS = {
    "words of two files": (["--tokens", "word", "--word-rule", "space", "one", "two"], None),
    "words by Unicode's rule": (["--tokens", "word", "--word-rule", "unicode", "one"], None),
    "letters": (["--clean", "letters", "one", "two"], None),
    "bytes": (["--tokens", "byte", "one"], None),
    "packed": (["--min-freq", "3", "one.gz", "two"], None),
    "UTF-16": (["one.utf16"], None),
    "a pipe": (["--tokens", "word", "two", "-"], "one"),
    "a vocabulary that exists": (["--vocab", "known", "one", "two"], None),
}


def write_texts(folder):
    draws = random.Random(11)
    for name in "one", "two":
        words = ["".join(draws.choices("abcdefghä", k=draws.randint(1, 9))) for _ in range(3000)]
        lines = (" ".join(draws.choices(words, k=9)) + draws.choice(["\n", "\r\n"]) for _ in range(8000))
        text = "".join(lines)
        (folder / name).write_text(text, encoding="utf-8", newline="")
        (folder / (name + ".gz")).write_bytes(gzip.compress(text.encode()))
        (folder / (name + ".utf16")).write_text(text, encoding="utf-16", newline="")
    start(folder, "known", [*SHARD, "two"], None).wait()


def start(folder, store, options, piped):
    command = [os.environ["RECUR"], "tokenize", "-o", store, *options]
    feed = None
    if piped:
        feed = subprocess.Popen(["cat", piped], cwd=folder, stdout=subprocess.PIPE)
    run = subprocess.Popen(
        command, cwd=folder, stdin=feed.stdout if feed else subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    if feed:
        feed.stdout.close()
    return run


def is_done(store):
    """The index is written last, and then what is left of the work is removed."""
    return (store / "store.json").exists() and not (store / "work.json").exists()


def files(store):
    return {path.name: path.read_bytes() for path in store.iterdir()} if store.is_dir() else {}


def kill_once(folder, options, piped, moments):
    """Kills a maker after some of its files; true if it did not live to its end."""
    store = folder / "killed"
    run = start(folder, "killed", options, piped)
    changes, last = moments.randint(0, 12), None
    while changes > 0 and run.poll() is None:
        time.sleep(0.0005)
        now = sorted(os.listdir(store)) if store.is_dir() else None
        changes -= now != last
        last = now
    run.send_signal(signal.SIGKILL)
    return run.wait() == -signal.SIGKILL and not is_done(store)


def check(folder, options, piped, kills, moments):
    """What is wrong, if anything."""
    if start(folder, "alone", options, piped).wait() != 0:
        return "the maker that is left alone fails"
    killed = 0
    for _ in range(10 * kills):
        if killed < kills and kill_once(folder, options, piped, moments):
            killed += 1
        elif killed < kills:  # it was faster
            shutil.rmtree(folder / "killed")
    if not is_done(folder / "killed"):
        if start(folder, "killed", options, piped).wait() != 0:
            return "the maker that goes on fails"
    if not killed:
        return "no maker was killed before its end"
    alone, other = files(folder / "alone"), files(folder / "killed")
    if sorted(alone) != sorted(other):
        return f"there are {sorted(other)}"
    wrong = [name for name in alone if alone[name] != other[name]]
    return f"{wrong} differ" if wrong else None


def main():
    kills, moments, failed = int(sys.argv[1]), random.Random(2026), 0
    print(f"1..{len(RUNS)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        write_texts(Path(folder))
        for number, (name, (options, piped)) in enumerate(RUNS.items(), 1):
            for store in "alone", "killed":
                shutil.rmtree(Path(folder, store), ignore_errors=True)
            wrong = check(Path(folder), [*SHARD, *options], piped, kills, moments)
            failed += wrong is not None
            print(f"{'not ok' if wrong else 'ok'} {number} - {name}{': ' + wrong if wrong else ''}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
