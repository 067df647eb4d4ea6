"""Compares recur with onnxruntime on one stream, a token at a time: compare_streams.py RECUR [PAIRS [SECONDS]]

The two work in turns, as in compare.py: first recur's own bench on one thread and on all, also
quantised, then onnxruntime on one thread and on all. The table shows median speeds, and ratios and shares as
compare.py shows them, each side at its best number of threads. PyTorch exports the models (Debian:
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

from pairs import share, times

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
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
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
    """Prints a line beside onnxruntime, and one for each narrower kind of numbers beside f32."""
    name, model, layers, hidden = work
    results, others = [], []
    for _ in range(pairs):
        results.append(ours(recur, name, seconds))
        cores = {1, len(os.sched_getaffinity(0))}
        others.append(max(theirs(folder, model, layers, hidden, n, seconds) for n in cores))
    for kind in KINDS:
        here = [best(result, kind) for result in results]
        other = others if kind == "f32" else [best(result, "f32") for result in results]
        one, all_threads = ([result[way][kind] for result in results]
                            for way in ("generate_tokens_per_second", "generate_threads_tokens_per_second"))
        shares = (share([result[way][kind] for result in results])
                  for way in ("generate_share_of_reading", "generate_threads_share_of_reading"))
        print(f"{name if kind == 'f32' else '  ' + kind:16} {statistics.median(here):11.0f} {statistics.median(other):11.0f} "
              f"{times(here, other):>24} {next(shares):>20} {next(shares):>20} {times(all_threads, one):>24}", flush=True)


def compare_streams(recur, pairs, seconds):
    lacks = missing()
    if lacks:
        print(f"\n{lacks}: no comparison of generation")
        return
    print(f"\n{'one stream':16} {'recur':>11} {'onnxruntime':>11} {'ratio':>24} {'of reading, one':>20} {'all threads':>20} "
          f"{'all against one':>24}")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, HERE / "peer_streams.py", folder], check=True, stdout=subprocess.DEVNULL)
        for work in WORKS:
            compare(recur, folder, work, pairs, seconds)
    print("bf16, int8: beside recur's f32 in place of onnxruntime; of reading: on one thread, on all threads")


if __name__ == "__main__":
    compare_streams(
        sys.argv[1],
        int(sys.argv[2]) if len(sys.argv) > 2 else 5,
        float(sys.argv[3]) if len(sys.argv) > 3 else 0.5,
    )
