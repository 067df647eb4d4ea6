"""recur beside its peers on the same work: compare.py RECUR [PAIRS [SECONDS [SECTION ...]]]

Sections: training (PyTorch), stacks (oneDNN), both in f32 and in bf16; lengths (PyTorch), streams (onnxruntime);
threads, bf16 and loaded (recur itself: beside one thread, beside f32, with one processor busy with something
else), footprint (memory, beside PyTorch's, and the start of generation). All without a name; what a
section needs and is not there is said, and the section passed over.

Each work is measured in turns, recur then the peer, PAIRS times (5), SECONDS each (1; memory once). The tables show
median speeds, and of the pairs' ratios the median with the two quartiles beside it; "noisy" stands where these
differ by more than a quarter. One absolute number of a shared machine means nothing; a ratio of neighbours does.
"of the peak" is recur's share of the peak of the numbers that it multiplies, f32 or bf16, which recur bench measures
in turns with the work; "failed" means that the work seemed faster than that.

Peers run at the settings that are fastest for them in a first trial: one thread or all; PyTorch in bf16 by autocast or with
bf16 tensors. PyTorch has OpenBLAS's AVX-512 kernels where the processor has them and a passive wait, and
its OpenMP build (Debian: libopenblas0-openmp) if that is the one in use; oneDNN has an active wait
and threads that stay where they are.
"""

import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from compare_streams import compare_streams
from pairs import reported_share, reported_times, share, times

HERE = Path(__file__).resolve().parent
TRAINING = [
    "d2l-rnn-scratch", "d2l-rnn", "rnn-512", "d2l-gru", "gru-512", "d2l-lstm", "lstm-512",
    "d2l-deep-lstm", "lstm-2x512", "words-2x200", "words-2x650", "lstm-64",
]
STACKS = ["rnn-256", "rnn-512", "gru-256", "gru-512", "lstm-256", "lstm-512", "lstm-2x256", "lstm-2x512"]
LENGTHS = ["lengths-padded", "lengths-packed", "lengths-padded-buckets", "lengths-packed-buckets"]
THREADS = ["d2l-rnn", "d2l-gru", "d2l-lstm", "rnn-512", "gru-512", "lstm-512", "lstm-2x512", "words-2x200",
           "words-2x650", "lstm-64"]
BF16 = ["gru-512", "lstm-512", "lstm-2x512", "words-2x650"]
LOADED = ["d2l-lstm", "lstm-2x512"]
CORES = len(os.sched_getaffinity(0))


def recur_report(recur, work, seconds, *options):
    command = [recur, "bench", "--preset", work, "--seconds", str(seconds), "--training", "--json", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return json.loads(done.stdout)


def recur_training(recur, work, seconds, precision=None, threads=CORES):
    """(tokens/s, share of the peak; None: that measurement failed)"""
    options = ["--precision", precision] if precision else []
    report = recur_report(recur, work, seconds, "--threads", str(threads), *options)
    result = (report["results"] + report["stacks"])[0]
    return result["train_tokens_per_second"], result["train_share_of_peak"]


LACKING = 3  # a peer exits with it where it cannot do the work


def speed_of(command, threads, **settings):
    """tokens/s; None where the peer cannot do the work."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), **settings)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode == LACKING:
        return None
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return float(done.stdout)


class Peer:
    """Another program at its fastest settings, which a first trial of each work finds."""

    def __init__(self, run, modes):
        self.run = run  # (work, mode, threads): tokens/s or None
        self.modes = modes  # precision: the ways to compute in it
        self.best = {}

    def speed(self, work, precision):
        if (work, precision) not in self.best:
            trials = {
                (mode, threads): self.run(work, mode, threads)
                for mode in self.modes[precision]
                for threads in sorted({1, CORES})
            }
            found = {setting: speed for setting, speed in trials.items() if speed is not None}
            self.best[work, precision] = max(found, key=found.get) if found else None
        setting = self.best[work, precision]
        return self.run(work, *setting) if setting else None


def torch_speed(work, seconds, mode, threads):
    settings = {"OMP_WAIT_POLICY": "PASSIVE"}
    if "avx512f" in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        settings["OPENBLAS_CORETYPE"] = "SkylakeX"
    command = [sys.executable, str(HERE / "peer_torch.py"), work, str(seconds), mode]
    return speed_of(command, threads, **settings)


def processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def cells(pairs):
    """Columns of one comparison, from pairs of (our speed, our share, their speed or None)."""
    ours, shares, theirs = zip(*pairs)
    text = f"{statistics.median(ours):11.0f}"
    if None in theirs:
        text += f" {'-':>11} {'-':>24}"
    else:
        text += f" {statistics.median(theirs):11.0f} {times(ours, theirs):>24}"
    return f"{text} {share(shares):>22}"


def compare(works, pairs, columns):
    """Prints a line for each work. A column is two functions of the work: (our speed, our share), their speed.
    All columns of a pair are measured one after the other."""
    for work in works:
        measured = [[] for _ in columns]
        for _ in range(pairs):
            for column, (ours_of, theirs_of) in zip(measured, columns):
                column.append((*ours_of(work), theirs_of(work)))
        print(f"{work:16}" + "".join(cells(column) for column in measured), flush=True)


def heading(what, *peers):
    columns = (f"{'recur' + ours:>11} {theirs:>11} {'ratio':>24} {'of the peak':>22}" for ours, theirs in peers)
    print(f"\n{what:16}" + "".join(columns))


def without_torch():
    if importlib.util.find_spec("torch"):
        return False
    print("\nPyTorch is not installed (Debian: python3-torch): not compared")
    return True


def without_fast_torch():
    """Debian's PyTorch uses any BLAS that is installed; with the reference BLAS it has a twelfth of its speed."""
    if without_torch():
        return True
    importlib.import_module("torch")
    if "/blas/libblas.so" not in Path("/proc/self/maps").read_text(encoding="utf-8"):
        return False
    print("\nPyTorch multiplies with the reference BLAS here, not with OpenBLAS (Debian: libopenblas0-openmp): not compared")
    return True


def print_lacking(peer, name):
    lacking = sorted({f"{work} in {kind}" for (work, kind), best in peer.best.items() if not best})
    if lacking:
        print(f"{name} as it is built here cannot do: {', '.join(lacking)}")


def section_training(recur, pairs, seconds):
    if without_fast_torch():
        return
    import torch

    version = torch.__version__.split("+")[0]
    heading(f"training, {version}", ("", "PyTorch"), (" bf16", "PyTorch"))
    peer = Peer(lambda work, mode, threads: torch_speed(work, seconds, mode, threads),
                {"f32": ["f32"], "bf16": ["autocast", "bf16"]})
    compare(TRAINING, pairs, [
        (lambda work, kind=kind: recur_training(recur, work, seconds, kind), lambda work, kind=kind: peer.speed(work, kind))
        for kind in ("f32", "bf16")
    ])
    print_lacking(peer, "PyTorch")


def build_onednn(folder):
    """The peer's program; None where it cannot be built."""
    program = Path(folder, "peer_onednn")
    if not shutil.which("g++"):
        return None
    command = ["g++", "-O2", "-std=c++17", str(HERE / "peer_onednn.cpp"), "-o", str(program), "-ldnnl"]
    return None if subprocess.run(command, capture_output=True, check=False).returncode else program


def section_stacks(recur, pairs, seconds):
    """Compares recurrent layers alone, which read numbers."""
    with tempfile.TemporaryDirectory() as folder:
        program = build_onednn(folder)
        if not program:
            print("\noneDNN 2.x or g++ is not installed (Debian: libdnnl-dev g++): not compared")
            return
        settings = {"OMP_WAIT_POLICY": "ACTIVE", "OMP_PROC_BIND": "true", "OMP_PLACES": "cores"}
        peer = Peer(lambda work, mode, threads: speed_of([str(program), work, str(seconds), mode], threads, **settings),
                    {"f32": ["f32"], "bf16": ["bf16"]})
        heading("layers alone", ("", "oneDNN"), (" bf16", "oneDNN"))
        compare(STACKS, pairs, [
            (lambda work, kind=kind: recur_training(recur, f"stack-{work}", seconds, kind),
             lambda work, kind=kind: peer.speed(work, kind))
            for kind in ("f32", "bf16")
        ])
        print_lacking(peer, "oneDNN")


def section_lengths(recur, pairs, seconds):
    """Compares sequences of 5 to 100 tokens with each of PyTorch's ways to run them."""
    if without_fast_torch():
        return
    peer = Peer(lambda work, mode, threads: torch_speed(work, seconds, mode, threads), {"f32": ["f32"]})
    ours, equal, theirs = [], [], {way: [] for way in LENGTHS}
    for _ in range(pairs):
        report = recur_report(recur, "lengths", seconds, "--threads", str(CORES))["lengths"]
        ours.append(report["train_tokens_per_second"])
        equal.append(report["equal_tokens_per_second"])
        for way, speeds in theirs.items():
            speeds.append(peer.speed(way, "f32"))
    print(f"\n{'real tokens/s':24} {'recur':>12} {'PyTorch':>12} {'ratio':>24}")
    for way, speeds in theirs.items():
        print(f"{way:24} {statistics.median(ours):12.0f} {statistics.median(speeds):12.0f} {times(ours, speeds):>24}")
    print(f"recur itself: {times(ours, equal)} times its speed at equal lengths", flush=True)


def section_threads(recur, pairs, seconds):
    """recur bench lets both take turns of a twentieth of its time; so one run of it has more pairs than this."""
    if CORES == 1:
        return
    print(f"\n{'all threads':16} {'recur':>11} {'one thread':>11} {'ratio':>24} {'of the peak':>22}")
    for work in THREADS:
        result = recur_report(recur, work, pairs * seconds)["results"][0]
        print(f"{work:16} {result['train_tokens_per_second']:11.0f} {result['train_one_thread_tokens_per_second']:11.0f} "
              f"{reported_times(result, 'train_threads_against_one'):>24} {reported_share(result, 'train_share_of_peak'):>22}", flush=True)


def section_bf16(recur, pairs, seconds):
    heading("bf16", (" bf16", "recur f32"))
    compare(BF16, pairs, [(lambda work: recur_training(recur, work, seconds, "bf16"),
                           lambda work: recur_training(recur, work, seconds, "f32")[0])])


def recur_loaded(recur, work, seconds):
    """The same while a program that never waits occupies the first processor."""
    busy = subprocess.Popen(
        [sys.executable, "-c", "while True: pass"],
        preexec_fn=lambda: os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]),
    )
    try:
        return recur_training(recur, work, seconds)
    finally:
        busy.kill()
        busy.wait()


def section_loaded(recur, pairs, seconds):
    heading("one core loaded", ("", "all free"))
    compare(LOADED, pairs, [(lambda work: recur_loaded(recur, work, seconds),
                             lambda work: recur_training(recur, work, seconds)[0])])


def peak_memory(command):
    """In bytes. (Linux counts at least the memory of the process that started it: this one.)"""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return usage.ru_maxrss * 1024


def section_footprint(recur, pairs, seconds):
    """Compares the most memory of a training run, and the time until generation starts."""
    command = [recur, "bench", "--preset", "footprint", "--seconds", "0.01", "--json"]
    reports = [
        json.loads(subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL))["footprint"]
        for _ in range(pairs)
    ]
    start = statistics.median(report["first_token_seconds"] for report in reports)
    print(f"\nrecur generate: {1e3 * start:.1f} ms to the first token", flush=True)
    if without_torch():
        return
    ours = statistics.median(report["train_peak_bytes"] for report in reports)
    theirs = peak_memory([sys.executable, str(HERE / "peer_torch.py"), "d2l-rnn-scratch", str(seconds)])
    print(f"memory to train d2l-rnn-scratch: recur {ours * 1e-6:.1f} MB, PyTorch {theirs * 1e-6:.0f} MB", flush=True)


SECTIONS = {
    "training": section_training,
    "stacks": section_stacks,
    "lengths": section_lengths,
    "streams": compare_streams,
    "threads": section_threads,
    "bf16": section_bf16,
    "loaded": section_loaded,
    "footprint": section_footprint,
}


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        return
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("compare.py: the first argument is the program recur; compare.py --help says more")
    recur = sys.argv[1]
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=HERE, check=False
    ).stdout.strip()
    first = recur_report(recur, "stack-rnn-256", 0.1)
    print(f"{processor()}, {first['isa']}, {CORES} threads, recur {commit}, {pairs} pairs of {seconds:g} s")
    for name in sys.argv[4:] or SECTIONS:
        if name not in SECTIONS:
            sys.exit(f"compare.py: unknown section '{name}', expected one of: {', '.join(SECTIONS)}")
        SECTIONS[name](recur, pairs, seconds)


if __name__ == "__main__":
    main()
