"""What the tests of recur serve share: a server of their own on the loopback interface, requests,
and TAP. Every loop is bounded, and every wait has an end."""

import functools
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PATIENCE = 60  # seconds; what takes longer hangs
JSON = {"Content-Type": "application/json"}
RECUR = str(Path(os.environ["RECUR"]).resolve())


def skip_without_library():
    version = subprocess.run([RECUR, "--version"], capture_output=True, text=True, check=True)
    if "libmicrohttpd" not in version.stdout:
        print("1..0 # SKIP this build has no libmicrohttpd")
        sys.exit(0)


@functools.cache
def train(folder, name, *options):
    """A small model of the built-in story; its path."""
    path = Path(folder) / f"{name}.safetensors"
    command = [RECUR, "train", "--quiet", "--hidden", "16", "--epochs", "1", "-o", path, *options]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return path


class Server:
    """recur serve, until the end of a `with`."""

    def __init__(self, *options, **settings):
        command = [RECUR, "serve", "--port", "0", *map(str, options)]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, start_new_session=True, **settings
        )
        self.said = ""
        while True:  # ends with the process's stderr
            line = self.process.stderr.readline()
            self.said += line
            found = re.match(r"serving on http://(\S+):(\d+)$", line)
            if found:
                self.host, self.port = found[1].strip("[]"), int(found[2])
                return
            if not line:
                self.process.wait(PATIENCE)
                raise RuntimeError(f"recur serve ended at once: {self.said}")

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        status = self.stop() if self.process.poll() is None else 0
        said = self.process.stderr.read()
        self.process.stderr.close()
        if failure is None and (status != 0 or "Sanitizer" in said):
            raise AssertionError(f"recur serve ended with status {status}: {said}")

    def stop(self, number=signal.SIGTERM):
        """Ends it; its exit status."""
        self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def socket(self):
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def ask(self, method, path, body=None, headers=None):
        """(status, answer's headers, answer) of a request on a connection of its own."""
        connection = self.connect()
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            given = dict(JSON) if body is not None else {}
            given.update(headers or {})
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post(self, path, body, **headers):
        status, _, answer = self.ask("POST", path, body, headers)
        return status, json.loads(answer)

    def complete(self, prompt, **more):
        status, answer = self.post("/v1/completions", {"prompt": prompt, **more})
        if status != 200:
            raise AssertionError(f"status {status}: {answer}")
        return answer

    def events(self, body):
        """The events of a streamed answer, without the mark of the end, which must be there."""
        status, headers, answer = self.ask("POST", "/v1/completions", {**body, "stream": True})
        assert status == 200, (status, answer)
        assert headers["Content-Type"].startswith("text/event-stream"), headers
        events = [part.removeprefix("data: ") for part in answer.decode().split("\n\n")]
        assert events[-2:] == ["[DONE]", ""], events[-2:]
        return [json.loads(event) for event in events[:-2]]

    def metric(self, name):
        text = self.ask("GET", "/metrics")[2].decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0

    def status(self, key):
        """A number of /proc/PID/status, in its unit."""
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"^{key}:\s+(\d+)", text, re.MULTILINE)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def wait_until(condition):
    """Does it come true while there is patience?"""
    for _ in range(PATIENCE * 20):
        if condition():
            return True
        time.sleep(0.05)
    return False


def main(tests):
    """Runs each of the tests, functions of a folder, and prints TAP."""
    skip_without_library()
    print(f"1..{len(tests)}")
    failures = 0
    with tempfile.TemporaryDirectory(prefix="recur-serve-") as folder:
        os.environ["HOME"] = folder
        for number, test in enumerate(tests, 1):
            name = test.__name__.replace("_", " ")
            try:
                test(Path(folder))
                print(f"ok {number} - {name}", flush=True)
            except Exception as error:  # whatever it is, the others are run
                failures += 1
                print(f"not ok {number} - {name}", flush=True)
                for line in f"{type(error).__name__}: {error}".split("\n"):
                    print(f"# {line}")
                trace = error.__traceback__
                while trace:
                    print(f"#   {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
                    trace = trace.tb_next
    sys.exit(1 if failures else 0)


def equal(got, expected):
    if got != expected:
        raise AssertionError(f"got {got!r}, expected {expected!r}")
