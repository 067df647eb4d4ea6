"""Compares recur with onnxruntime on one stream, a token at a time: compare_streams.py RECUR [PAIRS [SECONDS]]

The two work in turns, as in compare.py: first recur's own bench on one thread and on all, also
quantised, then onnxruntime on one thread and on all. The table shows medians, and the median of the
pairs' ratios, each side at its best number of threads. PyTorch exports the models (Debian:
python3-torch), and node runs onnxruntime-node, which `make setup-interop` installs in tests/interop
(or NODE_PATH names its folder).
"""

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# recur's name for the work, the model's file, layers, hidden units
WORKS = [
    ("d2l-rnn-scratch", "rnn_512x1", 1, 512),
    ("d2l-gru", "gru_256x1", 1, 256),
    ("d2l-deep-lstm", "lstm_256x2", 2, 256),
    ("lstm-2x512", "lstm_512x2", 2, 512),
]
KINDS = ["f32", "bf16", "int8"]


def environment():
    here = str(HERE.parent / "tests/interop/node_modules")
    return dict(os.environ, NODE_PATH=os.pathsep.join(filter(None, [os.environ.get("NODE_PATH"), here])))


def missing():
    """A sentence about what the comparison lacks; empty where it lacks nothing."""
    if not importlib.util.find_spec("torch"):
        return "PyTorch, which exports the models, is not installed (Debian: python3-torch)"
    if not shutil.which("node"):
        return "node is not installed (Debian: nodejs)"
    found = subprocess.run(
        ["node", "-e", "require('onnxruntime-node')"], env=environment(), capture_output=True, check=False
    )
    return "" if found.returncode == 0 else "onnxruntime-node is not installed (make setup-interop)"


def ours(recur, work, seconds):
    command = [recur, "bench", "--generation", "--preset", work, "--seconds", str(seconds), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["results"][0]


def theirs(folder, model, layers, hidden, threads, seconds):
    command = ["node", HERE / "peer_streams.js", Path(folder) / f"{model}.onnx"]
    command += [str(n) for n in (layers, hidden, threads, seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    return float(done.stdout)


def best(result, kind):
    ways = ("generate_tokens_per_second", "generate_threads_tokens_per_second")
    return max(result[way][kind] for way in ways)


def compare(recur, folder, work, pairs, seconds):
    name, model, layers, hidden = work
    results, others = [], []
    for _ in range(pairs):
        results.append(ours(recur, name, seconds))
        cores = {1, len(os.sched_getaffinity(0))}
        others.append(max(theirs(folder, model, layers, hidden, n, seconds) for n in cores))

    def median(number):
        return statistics.median(number(*pair) for pair in zip(results, others))

    shares = "/".join(
        f"{100 * median(lambda ours, _, way=way: ours[way]['f32']):.0f}"
        for way in ("generate_share_of_reading", "generate_threads_share_of_reading")
    )
    threads = median(
        lambda ours, _: ours["generate_threads_tokens_per_second"]["f32"]
        / ours["generate_tokens_per_second"]["f32"]
    )
    narrow = " ".join(
        f"{median(lambda ours, _, kind=kind: best(ours, kind) / best(ours, 'f32')):8.2f}" for kind in KINDS[1:]
    )
    print(
        f"{name:16} {median(lambda ours, _: best(ours, 'f32')):12.0f} {median(lambda _, other: other):12.0f} "
        f"{median(lambda ours, other: best(ours, 'f32') / other):8.2f} {shares:>10} % {threads:8.2f} {narrow}",
        flush=True,
    )


def compare_streams(recur, pairs, seconds):
    lacks = missing()
    if lacks:
        print(f"\n{lacks}: no comparison of generation")
        return
    print(
        f"\n{'one stream':16} {'recur tok/s':>12} {'onnxruntime':>12} {'ratio':>8} {'of reading':>12} "
        f"{'threads':>8} {'bf16':>8} {'int8':>8}"
    )
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, HERE / "peer_streams.py", folder], check=True, stdout=subprocess.DEVNULL)
        for work in WORKS:
            compare(recur, folder, work, pairs, seconds)
    print("of reading: on one thread/on all; threads: all against one; bf16, int8: against recur's f32")


if __name__ == "__main__":
    compare_streams(
        sys.argv[1],
        int(sys.argv[2]) if len(sys.argv) > 2 else 5,
        float(sys.argv[3]) if len(sys.argv) > 3 else 0.5,
    )
