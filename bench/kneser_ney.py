#!/usr/bin/env python3
"""bench/kneser_ney.py RECUR TEXT [TRAIN OPTIONS]: what a model of word sequences without a network
reaches on the tokens that `recur vocab TEXT [OPTIONS] --ids` prints: the loss of the last tenth
under 5-grams of the rest with interpolated Kneser-Ney smoothing (Chen & Goodman 1999), over the
vocabulary of the whole text, as recur's models have it; and what tokens cost that the rest lacks."""

import math
import subprocess
import sys
from collections import Counter, defaultdict

ORDER = 5


class KneserNey:
    def __init__(self, ids, entries):
        self.entries = entries
        self.counts = {ORDER: Counter(tuple(ids[i:i + ORDER]) for i in range(len(ids) - ORDER + 1))}
        for n in range(ORDER - 1, 0, -1):  # of shorter ones: how many different tokens precede them
            self.counts[n] = Counter(gram[1:] for gram in self.counts[n + 1])
        self.sums = {n: defaultdict(int) for n in self.counts}
        self.kinds = {n: defaultdict(int) for n in self.counts}
        self.discount = {}
        for n, counts in self.counts.items():
            once, twice = (sum(count == k for count in counts.values()) for k in (1, 2))
            self.discount[n] = once / (once + 2 * twice)
            for gram, count in counts.items():
                self.sums[n][gram[:-1]] += count
                self.kinds[n][gram[:-1]] += 1

    def probability(self, before, token, n=ORDER):
        if n == 0:
            return 1 / self.entries
        context = tuple(before[len(before) - n + 1:])
        shorter = self.probability(before, token, n - 1)
        total = self.sums[n].get(context)
        if not total:
            return shorter
        own = max(self.counts[n][context + (token,)] - self.discount[n], 0)
        return (own + self.discount[n] * self.kinds[n][context] * shorter) / total


def main():
    recur, text, *options = sys.argv[1:]
    printed = subprocess.run([recur, "vocab", text, *options, "--ids"], capture_output=True, text=True, check=True)
    ids = [int(word) for word in printed.stdout.split()]
    cut = len(ids) * 9 // 10
    model, seen = KneserNey(ids[:cut], max(ids) + 1), set(ids[:cut])
    losses = [-math.log(model.probability(ids[i - ORDER:i], ids[i])) for i in range(cut, len(ids))]
    new = [loss for loss, token in zip(losses, ids[cut:]) if token not in seen]
    print(f"{sum(losses) / len(losses):.4f} nats per token of {len(losses)}; {len(new)} of them stand "
          f"nowhere before and cost {sum(new) / max(1, len(new)):.2f} each, {sum(new) / sum(losses):.1%} of all")


main()
