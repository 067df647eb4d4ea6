"""recur beside its peers on the same work: compare.py RECUR [PAIRS [SECONDS [SECTION ...]]]

Sections: training (PyTorch), stacks (oneDNN), lengths (PyTorch), streams (onnxruntime); threads, bf16 and loaded (recur itself:
beside one thread, beside f32, with one processor busy with something else), footprint (memory, beside
PyTorch's, and the start of generation). All without a name; what a
section needs and is not there is said, and the section passed over.

Each work is measured in turns, recur then the peer, PAIRS times (5), SECONDS each (1; memory once); the tables show
medians, and the median of the pairs' ratios. One absolute number of a shared machine means nothing; a
ratio of neighbours does. Peers run at the settings that are fastest for them, the better of one thread
and of all: PyTorch with OpenBLAS's AVX-512 kernels where the processor has them and a passive wait, and
with its OpenMP build (Debian: libopenblas0-openmp) if that is the one in use; oneDNN with an active wait
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

HERE = Path(__file__).resolve().parent
TRAINING = [
    "d2l-rnn-scratch", "d2l-rnn", "rnn-512", "d2l-gru", "gru-512", "d2l-lstm", "lstm-512",
    "d2l-deep-lstm", "lstm-2x512", "words-2x200", "words-2x650", "lstm-64",
]
STACKS = ["rnn-256", "rnn-512", "gru-256", "lstm-256", "lstm-2x256", "lstm-2x512"]
LENGTHS = ["lengths-padded", "lengths-packed", "lengths-padded-buckets", "lengths-packed-buckets"]
THREADS = ["d2l-rnn", "d2l-gru", "d2l-lstm", "rnn-512", "gru-512", "lstm-512", "lstm-2x512", "words-2x200",
           "words-2x650", "lstm-64"]
BF16 = ["lstm-512", "lstm-2x512"]
LOADED = ["d2l-lstm", "lstm-2x512"]
CORES = len(os.sched_getaffinity(0))


def recur_report(recur, work, seconds, threads=CORES):
    command = [recur, "bench", "--preset", work, "--seconds", str(seconds), "--threads", str(threads),
               "--training", "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def recur_training(recur, work, seconds, threads=CORES):
    """(tokens/s, share of the peak)"""
    report = recur_report(recur, work, seconds, threads)
    result = (report["results"] + report["stacks"])[0]
    return result["train_tokens_per_second"], result["train_share_of_peak"]


def speed_of(command, threads, **settings):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), **settings)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def torch_speed(work, seconds):
    settings = {"OMP_WAIT_POLICY": "PASSIVE"}
    if "avx512f" in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        settings["OPENBLAS_CORETYPE"] = "SkylakeX"
    command = [sys.executable, str(HERE / "peer_torch.py"), work, str(seconds)]
    return max(speed_of(command, threads, **settings) for threads in {1, CORES})


def processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def median_ratio(ours, theirs):
    return statistics.median(a / b for a, b in zip(ours, theirs))


def compare(works, pairs, ours_of, theirs_of):
    """Prints a line for each work: both medians, the median ratio, the share of the peak."""
    for work in works:
        ours, shares, theirs = [], [], []
        for _ in range(pairs):
            speed, share = ours_of(work)
            ours.append(speed)
            shares.append(share)
            theirs.append(theirs_of(work))
        print(
            f"{work:16} {statistics.median(ours):12.0f} {statistics.median(theirs):12.0f} "
            f"{median_ratio(ours, theirs):8.2f} {100 * statistics.median(shares):8.0f} %",
            flush=True,
        )


def heading(what, peer):
    print(f"\n{what:16} {'recur tok/s':>12} {peer:>12} {'ratio':>8} {'of peak':>10}")


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


def section_training(recur, pairs, seconds):
    if without_fast_torch():
        return
    import torch

    heading("training", f"PyTorch {torch.__version__.split('+')[0]}")
    compare(TRAINING, pairs, lambda work: recur_training(recur, work, seconds),
            lambda work: torch_speed(work, seconds))


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
        heading("layers alone", "oneDNN")
        compare(
            STACKS, pairs, lambda work: recur_training(recur, f"stack-{work}", seconds),
            lambda work: max(speed_of([str(program), work, str(seconds)], threads, **settings)
                             for threads in {1, CORES}),
        )


def section_lengths(recur, pairs, seconds):
    """Compares sequences of 5 to 100 tokens with each of PyTorch's ways to run them."""
    if without_fast_torch():
        return
    ours, shares, theirs = [], [], {way: [] for way in LENGTHS}
    for _ in range(pairs):
        report = recur_report(recur, "lengths", seconds)["lengths"]
        ours.append(report["train_tokens_per_second"])
        shares.append(report["share_of_equal"])
        for way, speeds in theirs.items():
            speeds.append(torch_speed(way, seconds))
    print(f"\n{'real tokens/s':24} {'recur':>12} {'PyTorch':>12} {'ratio':>8}")
    for way, speeds in theirs.items():
        print(f"{way:24} {statistics.median(ours):12.0f} {statistics.median(speeds):12.0f} "
              f"{median_ratio(ours, speeds):8.2f}")
    print(f"recur itself: {100 * statistics.median(shares):.0f} % of its speed at equal lengths", flush=True)


def section_threads(recur, pairs, seconds):
    if CORES > 1:
        heading("all threads", "one thread")
        compare(THREADS, pairs, lambda work: recur_training(recur, work, seconds),
                lambda work: recur_training(recur, work, seconds, 1)[0])


def section_bf16(recur, pairs, seconds):
    heading("bf16", "f32")
    compare(BF16, pairs, lambda work: recur_training(recur, f"{work}-bf16", seconds),
            lambda work: recur_training(recur, work, seconds)[0])


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
    heading("one core loaded", "all free")
    compare(LOADED, pairs, lambda work: recur_loaded(recur, work, seconds),
            lambda work: recur_training(recur, work, seconds)[0])


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
    reports = [json.loads(subprocess.check_output(command, text=True))["footprint"] for _ in range(pairs)]
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
