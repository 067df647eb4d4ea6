"""recur train --dashboard: a page beside a run, whose numbers are those of the logs."""

import json
import re
import signal
import socket
import subprocess
import urllib.request

from server import PATIENCE, RECUR, equal, main, wait_until

SMALL = ["--hidden", "8", "--threads", "1"]


class Training:
    """recur train --dashboard, until the end of a `with`."""

    def __init__(self, folder, *options):
        command = [RECUR, "train", "--dashboard", "0", *SMALL, *options]
        self.process = subprocess.Popen(command, cwd=folder, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.address = None
        for line in self.process.stderr:
            found = re.match(r"dashboard on (http://\S+)$", line)
            if found:
                self.address = found[1]
                return
        raise RuntimeError("there is no dashboard")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)

    def get(self, path, **headers):
        request = urllib.request.Request(self.address + path, headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.headers, answer.read()

    def json(self, path):
        return json.loads(self.get(path)[1])


def train(folder, *options):
    subprocess.run([RECUR, "train", "--quiet", *SMALL, *options], cwd=folder, check=True, capture_output=True)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def a_page_changes_no_bit(folder):
    train(folder, "--epochs", "5", "-o", "plain.safetensors", "--log", "plain.jsonl")
    train(folder, "--epochs", "5", "-o", "shown.safetensors", "--dashboard", "0")
    equal((folder / "shown.safetensors").read_bytes(), (folder / "plain.safetensors").read_bytes())
    for a, b in zip(lines(folder / "shown.jsonl"), lines(folder / "plain.jsonl"), strict=True):
        equal([a[key] for key in ("epoch", "loss", "gradient_norm")], [b[key] for key in ("epoch", "loss", "gradient_norm")])
    notes = lines(folder / "shown.dashboard.jsonl")
    equal([note["epoch"] for note in notes], [1, 2, 3, 4, 5])
    assert "sample" in notes[0], notes
    for note, epoch in zip(notes, lines(folder / "shown.jsonl")):
        assert note["clipped_norm"] <= min(1, epoch["gradient_norm"]) + 1e-6, (note, epoch)


def runs_are_what_the_logs_say(folder):
    (folder / "broken.jsonl").write_text('{"epoch": 1, "loss": 2}\n{"epoch": 2, "lo', encoding="utf-8")
    (folder / "other.jsonl").write_text('{"a": 1}\n[]\nno JSON\n', encoding="utf-8")
    with Training(folder, "--epochs", "100000", "-o", "m.safetensors", "--log", "m.jsonl") as run:
        assert wait_until(lambda: run.json("/now.json")["epoch"] > 3)
        now = run.json("/now.json")
        equal((now["log"], now["epochs"]), ("m.jsonl", 100000))
        runs = {one["name"]: one for one in run.json("/runs.json")["runs"]}
        equal(sorted(runs), ["broken.jsonl", "m.jsonl", "plain.jsonl", "shown.jsonl"])
        equal(runs["plain.jsonl"], {"name": "plain.jsonl", "epochs": lines(folder / "plain.jsonl"), "notes": []})
        equal(runs["shown.jsonl"]["notes"], lines(folder / "shown.dashboard.jsonl"))
        equal(runs["broken.jsonl"]["epochs"], [{"epoch": 1, "loss": 2}])
        assert wait_until(lambda: run.json("/now.json")["version"] != now["version"])
        for path in "/", "/page.js", "/dashboard.js", "/chart.js":
            headers, body = run.get(path)
            assert "default-src 'none'" in headers["Content-Security-Policy"] and body, path
        try:
            run.get("/runs.json", Host="example.com")
            raise AssertionError("another host was answered")
        except urllib.error.HTTPError as failure:
            equal(failure.code, 403)


def a_run_goes_on_with_its_notes(folder):
    train(folder, "--epochs", "3", "-o", "again.safetensors", "--dashboard", "0", "--checkpoint-every", "1000")
    before = lines(folder / "again.dashboard.jsonl")
    said = subprocess.run([RECUR, "train", "--quiet", "--resume", "again.checkpoint.safetensors", "--epochs", "4"], cwd=folder,
                          check=True, capture_output=True, text=True)
    assert "give --dashboard again" in said.stderr, said.stderr
    equal(lines(folder / "again.dashboard.jsonl"), before)
    train_again = [RECUR, "train", "--quiet", "--resume", "again.checkpoint.safetensors", "--epochs", "5", "--dashboard", "0"]
    subprocess.run(train_again, cwd=folder, check=True, capture_output=True)
    notes = lines(folder / "again.dashboard.jsonl")
    equal((notes[:3], [note["epoch"] for note in notes]), (before, [1, 2, 3, 5]))
    equal(len(lines(folder / "again.jsonl")), 5)


def nonsense_is_refused(folder):
    for port in "", "x", "-1", "65536", "80 80", "1.5":
        said = subprocess.run([RECUR, "train", f"--dashboard={port}", *SMALL], cwd=folder, capture_output=True, text=True)
        equal((said.returncode, "--dashboard expects a port" in said.stderr), (2, True))
    for log in "log.txt", ".jsonl", "/dev/stdout", "-":
        said = subprocess.run([RECUR, "train", "--dashboard", "0", "--log", log, *SMALL], cwd=folder, capture_output=True, text=True)
        equal((said.returncode, "--log must name a file" in said.stderr), (2, True))
    assert not (folder / "model.safetensors").exists()


def a_taken_port_leaves_the_log(folder):
    (folder / "old.jsonl").write_text("old\n", encoding="utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = subprocess.run([RECUR, "train", "--dashboard", str(taken.getsockname()[1]), "--log", "old.jsonl", *SMALL],
                              cwd=folder, capture_output=True, text=True)
    equal((said.returncode, (folder / "old.jsonl").read_text(encoding="utf-8")), (1, "old\n"))


def a_run_that_fits_a_time_names_no_number_of_epochs(folder):
    with Training(folder, "--time", "1h", "--log", "fits.jsonl") as run:
        assert wait_until(lambda: run.json("/now.json")["epoch"] > 0)
        now = run.json("/now.json")
        equal(now["epochs"], None)
        assert 0 < now["seconds_left"] < 3600, now


def the_own_run_is_among_many(folder):
    for i in range(70):
        (folder / f"a{i}.jsonl").write_text('{"epoch": 1}\n', encoding="utf-8")
    with Training(folder, "--epochs", "100000", "--log", "z.JSONL") as run:
        assert wait_until(lambda: run.json("/now.json")["epoch"] > 2)
        names = [one["name"] for one in run.json("/runs.json")["runs"]]
        equal((len(names), names[-1]), (64, "z.JSONL"))


main([a_page_changes_no_bit, runs_are_what_the_logs_say, a_run_goes_on_with_its_notes, nonsense_is_refused,
      a_taken_port_leaves_the_log, a_run_that_fits_a_time_names_no_number_of_epochs, the_own_run_is_among_many])
