"""recur fetch beside servers that do not behave: fetch.py RECUR SCRATCH [FAKE_CURL | --slow].

Prints TAP. The servers listen on the loopback interface and end by themselves. FAKE_CURL is a folder
with a libcurl that tells of redirects (fake_curl.c), since no certificate is at hand for https.
"""

import http.server
import os
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path

SIZE = 178979  # of time_machine
PATIENCE = 60  # seconds; a command that takes longer hangs
ENDLESS = 64 << 20  # bytes, where even the endless ends


def default_signals():
    """recur leaves a signal ignored that whoever started these tests (nohup) ignores."""
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, signal.SIG_DFL)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the test's function says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        self.server.requests += 1
        try:
            self.server.answer(self)
        except OSError:
            self.server.hung_up = True

    def begin(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def send(self, data):
        self.wfile.write(data)
        self.server.sent += len(data)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.requests = self.sent = 0
        self.hung_up = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


def endless(handler):
    handler.begin(200)
    while handler.server.sent < ENDLESS:
        handler.send(b"x" * 65536)


def announced(handler):
    handler.begin(200, Content_Length=ENDLESS)
    while handler.server.sent < ENDLESS:
        handler.send(b"x" * 65536)


def trickle(handler):
    handler.begin(200, Content_Length=SIZE)
    for _ in range(PATIENCE * 20):
        handler.send(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def short(handler):
    handler.begin(200, Content_Length=5)
    handler.send(b"short")


def absent(handler):
    handler.begin(404, Content_Length=0)


def round_and_round(handler):
    handler.begin(302, Location=handler.path, Content_Length=9)
    handler.send(b"elsewhere")


def long_way_round(handler):
    handler.begin(302, Location="/again")
    while handler.server.sent < ENDLESS:
        handler.send(b"x" * 65536)


def to(location):
    def answer(handler):
        handler.begin(302, Location=location, Content_Length=0)

    return answer


def dataset_after(redirects):
    """The dataset itself, from a folder of the handler's server."""

    def answer(handler):
        at = handler.server.requests
        if at <= redirects:
            handler.begin(302, Location=f"step{at}", Content_Length=9)
            handler.send(b"elsewhere")
        else:
            data = Path(os.environ["RECUR_DATA"], "timemachine.txt").read_bytes()
            handler.begin(200, Content_Length=len(data))
            handler.send(data)

    return answer


class Tests:
    def __init__(self, recur, scratch):
        self.recur, self.scratch = recur, Path(scratch)
        self.count = self.failures = 0

    def start(self, mirror, *options, command=("fetch", "time_machine"), **environment):
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        variables = dict(os.environ, RECUR_DATA=str(self.scratch / "data"), RECUR_MIRROR=mirror,
                         NO_PROXY="*", no_proxy="*", LD_LIBRARY_PATH="") | environment
        return subprocess.Popen([self.recur, *command, *options], env=variables, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                preexec_fn=default_signals)

    def end(self, name, process, sentence, status=1):
        """One test: the process ends by itself, says so and leaves nothing behind."""
        self.count += 1
        try:
            said = process.communicate(timeout=PATIENCE)[1]
            left = [path.name for path in self.scratch.iterdir()]
            wrong = (f"status {process.returncode}" if process.returncode != status else
                     f"it said: {said}" if sentence not in said else
                     f"it left {left}" if left else None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            wrong = "it hangs"
        self.report(name, wrong)

    def report(self, name, wrong):
        print(f"{'not ok' if wrong else 'ok'} {self.count} - {name}")
        if wrong:
            print("# " + wrong.replace("\n", "\n# "))
            self.failures += 1

    def refused(self, name, answer, sentence, *options, **more):
        server = Server(answer)
        self.end(name, self.start(server.url, *options, **more), sentence)
        server.shutdown()
        return server

    def also(self, name, wrong):
        self.count += 1
        self.report(name, wrong)


def bodies(tests):
    for answer in endless, announced:
        server = tests.refused(f"a body that is too long: {answer.__name__}", answer,
                               f"it has more than {SIZE} bytes")
        tests.also("which is not read on", server.sent > ENDLESS / 2 and f"{server.sent} bytes")
    tests.refused("a body that is too short", short, f"it has 5 bytes, expected {SIZE}")
    tests.refused("no body", absent, "404")
    tests.refused("a body that takes too long", trickle, "timed out", "--timeout=1")
    zero = tests.scratch.parent / "zero"
    zero.mkdir(exist_ok=True)
    link = zero / "timemachine.txt"
    link.unlink(missing_ok=True)
    link.symlink_to("/dev/zero")
    tests.end("a device without end", tests.start(f"file://{zero}"), "it has more than")


def signals(tests):
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        server = Server(trickle)
        process = tests.start(server.url)
        while not server.sent and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        tests.end(f"{number.name} ends it, and nothing is left", process, "interrupted", -number)
        server.shutdown()


def redirects(tests):
    server = tests.refused("redirects without end", round_and_round, "redirects more than 5 times")
    tests.also("which are counted", server.requests != 6 and f"{server.requests} requests")
    tests.refused("a redirect's page without end", long_way_round, "it has more than")
    for place in "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/":
        tests.refused(f"a redirect to {place}", to(place), f"redirects to {place}, which is not http")
    if not Path(os.environ.get("RECUR_DATA", ""), "timemachine.txt").is_file():
        return
    server = Server(dataset_after(5))
    process = tests.start(server.url)
    said = process.communicate(timeout=PATIENCE)
    data = tests.scratch / "data" / "timemachine.txt"
    tests.also("five redirects are followed", not (process.returncode == 0 and data.is_file() and
                                                   data.stat().st_size == SIZE) and str(said))
    server.shutdown()


def names(tests):
    tests.end("an address that is too long", tests.start("http://127.0.0.1:9/" + "x" * 5000),
              "the address in RECUR_MIRROR has 940 bytes too many")
    tests.end("a kind of address that is not followed", tests.start("ftp://127.0.0.1:9"), "ftp")


def secure(tests, fake):
    """https first; what follows is told by fake_curl.c."""
    for places, sentence in (
        ("https://b http://c", "redirects to http://c, which is not https"),
        ("HTTPS://b http://c", "redirects to http://c, which is not https"),
        ("https://b https://c https://d https://e https://f https://g https://h", "more than 5 times"),
        ("http://b http://c https://d http://e", "redirects to http://e, which is not https"),
    ):
        tests.end(f"from https to https alone: {places}",
                  tests.start(places.split()[0], LD_LIBRARY_PATH=fake, FAKE_REDIRECTS=places),
                  sentence)


def slow(tests):
    tests.refused("a body that comes too slowly", trickle, "Operation too slow")


def main():
    tests = Tests(*sys.argv[1:3])
    extra = sys.argv[3] if len(sys.argv) > 3 else ""
    if "libcurl" not in subprocess.run([tests.recur, "--version"], capture_output=True, text=True,
                                       check=True).stdout:
        print("1..0 # SKIP this build has no libcurl")
        return 0
    if extra == "--slow":
        slow(tests)
    else:
        for part in bodies, signals, redirects, names:
            part(tests)
        if extra:
            secure(tests, extra)
    print(f"1..{tests.count}")
    return 1 if tests.failures else 0


if __name__ == "__main__":
    sys.exit(main())
