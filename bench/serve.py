"""How fast recur serve makes texts: serve.py [--recur PATH] [--seconds S] [--model FILE]

One client, then 64 at once, each of which asks for one text after the other as server-sent events:
tokens a second, and the time until the first token of a text. Without --model a fresh LSTM of two layers
of 256 units, trained for a moment. Clients share the machine with the server, so it is told how much of
the processor's time they took.
"""

import argparse
import asyncio
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROMPT = "Mara kept the ferry "
TOKENS = 500


class Figures:
    def __init__(self):
        self.tokens, self.first = 0, []


async def one_text(port, seed, figures):
    """Asks for a text and reads its events; counts the tokens as the last one says."""
    body = json.dumps({
        "prompt": PROMPT, "max_tokens": TOKENS, "seed": seed, "stream": True,
        "cache_prompt": False, "stream_options": {"include_usage": True}}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begin = time.monotonic()
    writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                 b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    first, tail = None, b""
    while piece := await reader.read(1 << 16):
        if first is None and b"data: " in piece:
            first = time.monotonic() - begin
        tail = (tail + piece)[-2000:]
    writer.close()
    figures.tokens += int(re.search(rb'"completion_tokens":(\d+)', tail)[1])
    figures.first.append(first)


async def client(port, number, end, figures):
    seed = 1000 * number
    while time.monotonic() < end:
        seed += 1
        await one_text(port, seed, figures)


async def measure(port, clients, seconds):
    """Tokens a second, and the times until first tokens, sorted."""
    figures, begin = Figures(), time.monotonic()
    await asyncio.gather(*(client(port, n, begin + seconds, figures) for n in range(clients)))
    return figures.tokens / (time.monotonic() - begin), sorted(figures.first)


def serve(recur, model, seconds):
    process = subprocess.Popen([recur, "serve", "-m", model, "--port", "0"], text=True,
                               stderr=subprocess.PIPE)
    try:
        port = int(process.stderr.readline().rsplit(":", 1)[1])
        speeds = {}
        for clients in 1, 64:
            asyncio.run(measure(port, clients, seconds / 5))  # a warm-up
            used, begin = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
            speed, first = asyncio.run(measure(port, clients, seconds))
            now = resource.getrusage(resource.RUSAGE_SELF)
            share = (now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime) / (
                time.monotonic() - begin)
            speeds[clients] = speed
            print(f"{clients:3} stream{'s' if clients > 1 else ' '} {speed:8.0f} tokens/s, first token after "
                  f"{1000 * first[len(first) // 2]:.1f} ms (median), {1000 * first[-1 - len(first) // 100]:.1f} "
                  f"ms (99 %), {1000 * first[-1]:.1f} ms (most); clients took {100 * share:.0f} % of a core")
        print(f"64 streams make {speeds[64] / speeds[1]:.1f} times as many tokens/s as one")
    finally:
        process.terminate()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recur", default=Path(__file__).parent.parent / "build" / "recur")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--model")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or f"{folder}/lstm.safetensors"
        if not options.model:
            subprocess.run([options.recur, "train", "--quiet", "--hidden", "256", "--layers", "2",
                            "--max-tokens", "3000", "--epochs", "1", "-o", model],
                           check=True, stdout=subprocess.DEVNULL)
        serve(options.recur, model, options.seconds)


if __name__ == "__main__":
    sys.exit(main())
