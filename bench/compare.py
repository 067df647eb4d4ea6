"""recur beside PyTorch, preset by preset: compare.py RECUR [PAIRS [SECONDS]]

Each preset is measured in turns, recur then PyTorch, PAIRS times (5), and the table shows medians
and the median of the pairs' ratios. One absolute number of a shared machine means nothing; a ratio
of neighbours does. PyTorch runs at the settings that are fastest for it: OpenBLAS with its AVX-512
kernels where the processor has them, a passive wait, the better of one and of all threads. Its
OpenMP build of OpenBLAS must be the one in use (Debian: libopenblas0-openmp).
"""

import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

from compare_streams import compare_streams

HERE = Path(__file__).resolve().parent
PRESETS = ["d2l-rnn-scratch", "d2l-rnn", "d2l-gru", "d2l-lstm", "d2l-deep-lstm"]
LENGTHS = ["lengths-padded", "lengths-packed", "lengths-padded-buckets", "lengths-packed-buckets"]


def recur_result(recur, preset, seconds):
    command = [recur, "bench", "--preset", preset, "--seconds", str(seconds), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def torch_speed(preset, seconds, threads):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY="PASSIVE")
    if "avx512f" in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        environment["OPENBLAS_CORETYPE"] = "SkylakeX"
    command = [sys.executable, str(HERE / "peer_torch.py"), preset, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def compare(recur, preset, pairs, seconds):
    ours, theirs, shares = [], [], []
    cores = len(os.sched_getaffinity(0))
    for _ in range(pairs):
        report = recur_result(recur, preset, seconds)
        ours.append(report["results"][0]["train_tokens_per_second"])
        shares.append(report["results"][0]["train_share_of_peak"])
        theirs.append(max(torch_speed(preset, seconds, n) for n in {1, cores}))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    print(
        f"{preset:16} {statistics.median(ours):12.0f} {statistics.median(theirs):12.0f} "
        f"{ratio:8.2f} {100 * statistics.median(shares):8.0f} %",
        flush=True,
    )


def compare_lengths(recur, pairs, seconds):
    """Sequences of 5 to 100 tokens beside each of PyTorch's ways to run them."""
    cores = len(os.sched_getaffinity(0))
    ours, shares, theirs = [], [], {way: [] for way in LENGTHS}
    for _ in range(pairs):
        report = recur_result(recur, "lengths", seconds)["lengths"]
        ours.append(report["train_tokens_per_second"])
        shares.append(report["share_of_equal"])
        for way, speeds in theirs.items():
            speeds.append(max(torch_speed(way, seconds, n) for n in {1, cores}))
    print(f"\n{'real tokens/s':24} {'recur':>12} {'PyTorch':>12} {'ratio':>8}")
    for way, speeds in theirs.items():
        ratio = statistics.median(a / b for a, b in zip(ours, speeds))
        print(f"{way:24} {statistics.median(ours):12.0f} {statistics.median(speeds):12.0f} {ratio:8.2f}")
    print(f"recur itself: {100 * statistics.median(shares):.0f} % of its speed at equal lengths", flush=True)


def main():
    recur = sys.argv[1]
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
    if not importlib.util.find_spec("torch"):
        print("PyTorch is not installed (Debian: python3-torch): no comparison")
        return
    import torch

    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=HERE, check=False
    ).stdout.strip()
    first = recur_result(recur, "d2l-rnn", 0.1)
    print(
        f"{processor()}, {first['isa']}, {first['threads']} threads, recur {commit}, "
        f"PyTorch {torch.__version__}, {pairs} pairs of {seconds:g} s"
    )
    print(f"{'training':16} {'recur tok/s':>12} {'PyTorch':>12} {'ratio':>8} {'of peak':>10}")
    for preset in PRESETS:
        compare(recur, preset, pairs, seconds)
    compare_lengths(recur, pairs, seconds)
    compare_streams(recur, pairs, seconds)


if __name__ == "__main__":
    main()
