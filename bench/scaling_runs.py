"""Runs of recur train on several ranks, timed, and of PyTorch beside them, for scaling.py.

The work is LSTM 512 (other widths where a run says so) over 28 characters, minibatches of 32 x 35, SGD with
clipping, f32. The time of an update is the median of the epochs after the first.
"""

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from hosts import Hosts
from scaling_model import BATCH, BLOCKS, STEPS

HERE = Path(__file__).resolve().parent
PATIENCE = 120  # seconds; what takes longer hangs
LETTERS = "abcdefghijklmnopqrstuvwxyz "  # with the token of what is unknown 28
QUICK = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")


def write_text(folder, updates):
    """Letters that nobody has written, for so many minibatches."""
    text = Path(folder, "text")
    count = BATCH * (STEPS * updates + 1)
    text.write_text("".join(random.Random(1).choices(LETTERS, k=count)), encoding="utf-8")
    return text


def train(recur, text, folder, epochs, hidden, options):
    """The command, and where its log is."""
    log = Path(folder, "log")
    command = [recur, "train", text, "--quiet", "--hidden", hidden, "--batch", BATCH, "--steps", STEPS, "--optimizer",
               "sgd", "--lr", 0.1, "--clip", 1, "--validation", 0, "--epochs", epochs, "--threads", 1, "--log", log,
               "-o", Path(folder, "model"), *options]
    return [str(word) for word in command], log


def speeds(log):
    """tokens/s of each epoch after the first."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [line["tokens_per_second"] for line in lines[1:]]


def fail(done):
    sys.exit(f"{' '.join(done.args)}\nends with {done.returncode}: {done.stderr}")


def speed(recur, launcher=(), updates=30, epochs=4, hidden=512, options=()):
    """tokens/s of processes of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        command, log = train(recur, write_text(folder, updates), folder, epochs, hidden, options)
        done = subprocess.run([*launcher, *command], capture_output=True, text=True, check=False, env=QUICK,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE)
        if done.returncode:
            fail(done)
        return statistics.median(speeds(log))


def knows(recur, option):
    """Whether this recur has the option."""
    said = subprocess.run([recur, "train", "--help"], capture_output=True, text=True, check=True).stdout
    return f"{option} " in said


def launcher(mpi, ranks):
    """What starts so many ranks of this machine; None where it is not installed."""
    if not shutil.which(f"mpirun.{mpi}"):
        return None
    own = ["--allow-run-as-root", "--bind-to", "none", "--mca", "btl", "self,vader"] if mpi == "openmpi" else []
    return [f"mpirun.{mpi}", *own, "-n", str(ranks)]


def torch_python():
    """A Python that has PyTorch; None where none does. Debian's packages are for its own."""
    for python in (sys.executable, "/usr/bin/python3"):
        found = subprocess.run([python, "-c", "import torch.distributed as d; assert d.is_gloo_available()"],
                               capture_output=True, check=False) if shutil.which(python) else None
        if found and found.returncode == 0:
            return python
    return None


def ddp_speed(python, ranks, epochs=4):
    """tokens/s of PyTorch's DistributedDataParallel."""
    environment = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE", GLOO_SOCKET_IFNAME="lo")
    # Debian's PyTorch takes whatever BLAS is the system's, with the reference BLAS at a twelfth of its speed.
    blas = sorted(Path("/usr/lib").glob("*-linux-gnu/openblas-openmp/libblas.so.3"))
    if blas:
        environment["LD_LIBRARY_PATH"] = str(blas[0].parent)
    environment.pop("OPENBLAS_L2_SIZE", None)
    if "avx512f" in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        environment["OPENBLAS_CORETYPE"] = "SkylakeX"
    done = subprocess.run([python, str(HERE / "peer_ddp.py"), str(ranks), str(epochs)], capture_output=True, text=True,
                          check=False, env=environment, timeout=PATIENCE)
    if done.returncode:
        fail(done)
    return float(done.stdout)


def update_seconds(recur):
    """What recur bench says that one thread takes for the update of a parameter."""
    command = [recur, "bench", "--preset", "lstm-512", "--training", "--threads", "1", "--seconds", "5", "--json"]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout)
    found = said["results"][0]
    return found["train_phases"]["update"] * BATCH * STEPS / found["train_tokens_per_second"] / found["parameters"]


def host_updates(recur, point, seconds=3.0):
    """Seconds of an update on hosts, for about so many seconds. The point has the number of hosts, the rate in
    Gb/s (None: unlimited), the delay in ms, the width and options."""
    rate = point["rate"] * 1e9 if point["rate"] else None
    with tempfile.TemporaryDirectory() as folder, Hosts(point["hosts"], rate, point["delay"] * 1e-3) as hosts:
        # How long an update may take at most: what a rank sends at this rate, and the arithmetic.
        numbers = 4 * point["hidden"] * (point["hidden"] + 30)
        guess = 0.05 * (point["hidden"] / 512) ** 2 + 8 * numbers * 8 / (rate or 1e10) + 4e-3 * point["delay"]
        updates = max(3, min(60, round(seconds / 3 / guess)))
        if point["options"]:  # so that updates of several minibatches, and means after several updates, come out even
            updates = max(8, updates // 8 * 8)
        command, log = train(recur, write_text(folder, updates), folder, 4, point["hidden"], point["options"])
        if point["hosts"] == 1:
            command += ["--blocks", str(BLOCKS)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                                  timeout=PATIENCE)
        else:
            done = hosts.mpirun(command, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode:
            fail(done)
        return BATCH * STEPS / statistics.median(speeds(log))
