"""ngrams.py N OPTIONS... TEXT: compares `recur vocab --ngrams N --json` with plain counting."""

import json
import math
import subprocess
import sys
from collections import Counter

longest, options = int(sys.argv[1]), sys.argv[2:]


def recur(*more):
    command = ["recur", "vocab", *options, *more]
    return subprocess.run(command, capture_output=True, check=True).stdout


def slope(counts, first, last):
    """alpha and c of log count = c - alpha log rank, by the sums of the textbook."""
    x = [math.log(rank) for rank in range(first, last + 1)]
    y = [math.log(counts[rank - 1]) for rank in range(first, last + 1)]
    n, xs, ys = len(x), sum(x), sum(y)
    alpha = (xs * ys - n * sum(a * b for a, b in zip(x, y))) / (n * sum(a * a for a in x) - xs * xs)
    return alpha, (ys + alpha * xs) / n


ids = [int(word) for word in recur("--ids").split()]
made = json.loads(recur("--ngrams", str(longest), "--top", "40", "--json"))
names = [entry["token"] for entry in made["entries"]]
for n, got in enumerate(made["ngrams"], 1):
    counted = Counter(zip(*[ids[i:] for i in range(n)]))
    ranked = sorted(counted.items(), key=lambda item: -item[1])  # equal ones by first appearance
    counts = [count for _, count in ranked]
    top = [{"tokens": [names[i] for i in run], "count": count} for run, count in ranked[:40]]
    assert got["n"] == n and got["total"] == sum(counts) and got["different"] == len(counts), n
    assert got["top"] == top, (n, got["top"], top)
    assert all(item["count"] == counts[item["rank"] - 1] for item in got["ranks"]), n
    last = sum(count > 1 for count in counts)
    first = 10 if last >= 19 else 1
    if last < 2:
        assert got["zipf"] is None, n
        continue
    alpha, c = slope(counts, first, last)
    assert (got["zipf"]["first_rank"], got["zipf"]["last_rank"]) == (first, last), n
    assert abs(got["zipf"]["alpha"] - alpha) < 1e-8 and abs(got["zipf"]["c"] - c) < 1e-7, n
assert len(made["ngrams"]) == longest
