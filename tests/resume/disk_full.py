"""A disk that fills up while a run trains: it says so, keeps its last good checkpoint and goes on.

Twice: with a limit on the size of files that is lowered under the running process, and, where the
system lets an ordinary user mount one, with a small disk of its own. Prints TAP.
"""

import filecmp
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKPOINT = "model.checkpoint.safetensors"
OPTIONS = ["--quiet", "--hidden", "24", "--validation", "0.2", "--log", "log"]
FULL = "recur train: warning: cannot write model.checkpoint.safetensors: {}; training goes on, and \
the last checkpoint is kept"
AGAIN = "recur train: warning: model.checkpoint.safetensors is written again"
LIMIT = 100000  # bytes: a model of these options has room, a checkpoint does not
BEHIND = "recur train: model.checkpoint.safetensors is of an earlier minibatch: the last checkpoint \
could not be written"


def recur(folder, *options):
    command = [os.environ["RECUR"], "train", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def say(path):
    return path.read_text(encoding="utf-8").splitlines()


def wait_until(done, run):
    while not done() and run.poll() is None:
        time.sleep(0.001)


def limited(folder):
    """What is wrong with a run under a limit that comes, goes, and comes again to stay."""
    options = [*OPTIONS, "--epochs", "1000000", "--checkpoint-every", "1"]
    errors = folder / "errors"
    with errors.open("w") as stderr:
        run = subprocess.Popen([os.environ["RECUR"], "train", *options], cwd=folder, stderr=stderr,
                               stdout=subprocess.DEVNULL)
    wait_until(lambda: (folder / "log").exists() and (folder / "log").stat().st_size > 0, run)
    unlimited = resource.prlimit(run.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (LIMIT, unlimited[1]))
    wait_until(lambda: len(say(errors)) > 0, run)
    kept = (folder / CHECKPOINT).read_bytes()
    lines = len(say(folder / "log"))
    wait_until(lambda: len(say(folder / "log")) > lines + 1, run)  # it goes on
    if (folder / CHECKPOINT).read_bytes() != kept:
        return "the checkpoint changed while it could not be written"
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, unlimited)
    wait_until(lambda: len(say(errors)) > 1, run)
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (LIMIT, unlimited[1]))
    wait_until(lambda: len(say(errors)) > 2, run)
    run.terminate()
    status = run.wait()
    epochs = len(say(folder / "log"))
    problem = FULL.format("File too large")
    said = say(errors)
    if [*said[:3], *said[4:]] != [problem, AGAIN, problem, BEHIND] or "interrupted" not in said[3]:
        return f"it said {say(errors)}"
    if status != 1:
        return f"its exit status is {status}, expected 1"
    if list(folder.glob("*.tmp")):
        return f"it left {list(folder.glob('*.tmp'))}"
    return resumes(folder, epochs + 1)


def resumes(folder, epochs):
    """Does what was kept lead to the same bits as a run left alone?"""
    whole = folder / "whole"
    whole.mkdir()
    if recur(whole, *OPTIONS, "--epochs", str(epochs)).returncode != 0:
        return "the run that is left alone fails"
    resumed = recur(folder, "--resume", CHECKPOINT, "--epochs", str(epochs))
    if resumed.returncode != 0:
        return f"it cannot be resumed: {resumed.stderr}"
    if not filecmp.cmp(whole / "model.safetensors", folder / "model.safetensors", shallow=False):
        return "the models differ"
    return None


# Without /proc a temporary file has a name from the beginning, as on systems that know no other; a
# program with a sanitizer does not run without it.
SMALL_DISK = """
mount -t tmpfs -o size=1m none "$1" && cd "$1" && shift || exit 77
mount -t tmpfs none /proc
"$1" --version >/dev/null 2>&1 || umount /proc
"$@" 2>"$OUT/errors" &
until [ -s log ]; do sleep 0.01; done
until [ -s "$OUT/errors" ] || ! kill -0 $! 2>/dev/null; do # two checkpoints at times, at times one
    head -c 1m /dev/zero >>filler 2>/dev/null
    sleep 0.001
done
wait $!
rm filler
"$RECUR" train --resume model.checkpoint.safetensors >/dev/null 2>"$OUT/resumed" || exit 1
cp model.safetensors "$OUT/model.safetensors"
"""


def small_disk(folder):
    """The same on a disk that fills and is emptied once the run is over; None where there is none."""
    out, disk = folder / "out", folder / "disk"
    out.mkdir()
    disk.mkdir()
    options = [*OPTIONS, "--epochs", "60"]
    if recur(folder, *options).returncode != 0:
        return "the run that is left alone fails"
    train = [os.environ["RECUR"], "train", *options, "--checkpoint-every", "1"]
    shell = ["unshare", "-rm", "bash", "-c", SMALL_DISK, "small-disk", str(disk), *train]
    environment = {**os.environ, "OUT": str(out)}
    ran = subprocess.run(shell, env=environment, capture_output=True, text=True, check=False)
    if not (out / "errors").exists():
        return "SKIP no disk of one's own"
    if ran.returncode != 0:
        return f"it cannot be resumed: {ran.stderr} {(out / 'resumed').read_text()}"
    said = say(out / "errors")
    if not said or said[0] != FULL.format("No space left on device"):
        return f"it said {said}"
    if not filecmp.cmp(folder / "model.safetensors", out / "model.safetensors", shallow=False):
        return "the models differ"
    return None


def main():
    cases = {"a limit on the size of files": limited, "a small disk": small_disk}
    failed = 0
    print(f"1..{len(cases)}", flush=True)
    for number, (name, case) in enumerate(cases.items(), 1):
        with tempfile.TemporaryDirectory() as folder:
            wrong = case(Path(folder))
        skipped = wrong is not None and wrong.startswith("SKIP")
        failed += wrong is not None and not skipped
        verdict = "ok" if wrong is None or skipped else "not ok"
        print(f"{verdict} {number} - {name}{' # ' + wrong if wrong else ''}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
