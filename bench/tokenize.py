"""How fast recur tokenize makes ids of texts of words and of a script without spaces.

    python3 bench/tokenize.py build/recur [MB]

The texts are made up: words by Zipf's law between punctuation, of letters by Zipf's law too. Those
that stand for Chinese have one to three characters, 8000 of 3000 characters, and no spaces; those that
stand for English one to eleven letters. What counts is the processor time of the program alone, because by
the clock it waits for the disk; the least of three runs.
"""

import random
import resource
import subprocess
import sys
import tempfile
from itertools import accumulate
from pathlib import Path

SHARES = {"Chinese": [1, 6, 2], "English": [1, 4, 6, 6, 5, 4, 3, 2, 1, 1, 1]}  # of words of 1, 2, ... letters
KINDS = {
    "bpe": ["--tokens", "bpe", "--vocab-size", "8192"],
    "words, --word-rule unicode": ["--tokens", "word", "--word-rule", "unicode"],
}


def zipf(items):
    return list(accumulate(1 / (i + 1) for i in range(len(items))))


def words(language, draw):
    letters, count = list("etaoinshrdlucmfwypvbgkqjxz"), 30000
    if language == "Chinese":
        letters, count = [chr(code) for code in draw.sample(range(0x4E00, 0x9FA6), 3000)], 8000
    shares, weights = SHARES[language], zipf(letters)
    sizes = draw.choices(range(1, len(shares) + 1), shares, k=count)
    return list(dict.fromkeys("".join(draw.choices(letters, cum_weights=weights, k=size)) for size in sizes))


def text(language, size):
    draw = random.Random(1)
    all_words = words(language, draw)
    weights, lines, made = zipf(all_words), [], 0
    space, ends = (" ", [", ", ". ", "; ", "? "]) if language == "English" else ("", "，，，。、；？！")
    while made < size:
        parts = (
            space.join(draw.choices(all_words, cum_weights=weights, k=draw.randint(2, 12))) + draw.choice(ends)
            for _ in range(draw.randint(2, 6))
        )
        lines.append(("".join(parts).rstrip() + "\n").encode())
        made += len(lines[-1])
    return b"".join(lines)


def seconds(command):
    def used():
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    before = used()
    subprocess.run(command, check=True, capture_output=True)
    return used() - before


def main():
    recur, size = sys.argv[1], int(float(sys.argv[2]) * 1e6) if len(sys.argv) > 2 else 17_000_000
    with tempfile.TemporaryDirectory() as folder:
        for language in SHARES:
            path = Path(folder) / "text"
            path.write_bytes(text(language, size))
            for kind, options in KINDS.items():
                runs = []
                for run in range(3):
                    store = Path(folder) / f"{language} {kind} {run}"
                    runs.append(seconds([recur, "tokenize", *options, "-o", store, path]))
                speed = path.stat().st_size / 1e6 / min(runs)
                print(f"{language}, {kind}: {min(runs):.2f} s, {speed:.1f} MB/s")


if __name__ == "__main__":
    main()
