"""Do ranks on hosts of their own, with a slow link each, train the model of one process, and does nothing
of the hosts remain? The hosts are those of bench/hosts.py. Prints TAP; skipped where Open MPI or the right
to make hosts is missing.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from hosts import Hosts, alone, lacks  # noqa: E402

RECUR = Path(os.environ["RECUR"])
TRAIN = ["train", "--quiet", "--threads", "1", "--hidden", "16", "--updates", "2", "--validation", "0"]
NUMBERS = 4 * 16 * 16  # of the recurrent weights alone
UPDATES = 2


def numbers(model):
    """The tensors of a model, without its header, which says how it was made."""
    data = model.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little") :]


def train_alone(folder):
    subprocess.run([RECUR, *TRAIN, "--blocks", "4", "-o", folder / "alone"], check=True, stdout=subprocess.DEVNULL)
    return numbers(folder / "alone")


def log_reports(folder):
    """Has sanitizers write their reports to files in the folder: ranks but the first say nothing."""
    for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
        os.environ[name] = f"{os.environ.get(name, '')}:log_path={folder}/report"


def reports(folder):
    return "".join(file.read_text(encoding="utf-8", errors="replace") for file in sorted(folder.glob("report.*")))


def check_bits(count, rate, delay):
    """What is wrong with a run on so many hosts, if anything."""
    with tempfile.TemporaryDirectory() as name, Hosts(count, rate, delay) as hosts:
        folder = Path(name)
        expected = train_alone(folder)
        log_reports(folder)
        start = time.monotonic()
        run = hosts.mpirun([RECUR, *TRAIN, "-o", folder / "model"], capture_output=True, text=True, timeout=60)
        seconds = time.monotonic() - start
        if run.returncode:
            return f"the run ends with {run.returncode}: {reports(folder)}{run.stderr.strip()[-300:]}"
        if numbers(folder / "model") != expected:
            return "the bits are not those of one process"
        # Each rank sends each other one its share of the sums and of the total.
        least = UPDATES * 2 * (count - 1) * 4 * NUMBERS // count
        sent = hosts.sent(1)
        if sent < least:
            return f"host 2 has sent {sent} bytes over its link, expected {least} at least"
        if seconds < UPDATES * 2 * delay:
            return f"the links have no delay: the run took {seconds:.3f} s"
    return None


def check_relay():
    """Does the relay come before ranks that run at real-time priority?"""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return None  # then nobody measures so here
    with Hosts(2, delay=0.001) as hosts:
        priority = os.sched_getparam(hosts.relay.pid).sched_priority
    return None if priority == 2 else f"the relay has priority {priority}, expected 2"


def hang():
    """Hosts with processes that end by no means of their own."""
    with Hosts(2, delay=0.001) as hosts:
        print("ready", flush=True)
        hosts.mpirun(["sleep", sys.argv[2]])
    return 0


def alive(word):
    """How many processes have the word in their command."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found += word.encode() in (process / "cmdline").read_bytes()
        except OSError:
            pass  # it has ended meanwhile
    return found


def wait_until(true, seconds):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def check_end(number):
    """Does anything remain when a program with hosts is ended by the signal?"""
    word = f"{1000 + os.getpid()}.{number}"
    run = subprocess.Popen([sys.executable, __file__, "hang", word], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    run.stdout.readline()
    wait_until(lambda: alive(f"sleep\0{word}") == 3, 30)  # both, and mpirun, which has their command in its own
    before = alive(word)
    run.send_signal(number)
    run.wait()
    if before < 3:
        return f"only {before} processes were started"
    return None if wait_until(lambda: alive(word) == 0, 10) else f"{alive(word)} processes remain"


def lacks_mpi():
    if not shutil.which("mpirun.openmpi") or not (RECUR.resolve().parent / "librecur-openmpi.so").exists():
        return "no Open MPI, or no plug-in for it"
    return ""


# Those inside run in namespaces, into which a program gets by being started once more.
CASES = [
    ("two hosts, 1 Gb/s, a delay of 2 ms", "inside", lambda: check_bits(2, 1e9, 0.002)),
    ("three hosts, 0.1 Gb/s", "inside", lambda: check_bits(3, 1e8, 0)),
    ("a relay between hosts at real-time priority", "inside", check_relay),
    ("hosts that are killed", "outside", lambda: check_end(signal.SIGKILL)),
    ("hosts that are ended", "outside", lambda: check_end(signal.SIGTERM)),
]


def say(wrong):
    if wrong:
        print(wrong)
    return 1 if wrong else 0


def run_case(number, where, case):
    """What is wrong, if anything."""
    if where == "outside":
        return case()
    run = subprocess.run([sys.executable, __file__, "case", str(number)], check=False, stdout=subprocess.PIPE, text=True)
    return run.stdout or f"it ends with {run.returncode}" if run.returncode else None


def main():
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # libraries of MPI keep memory at their end
    if sys.argv[1:2] == ["hang"]:
        return alone(hang)
    if sys.argv[1:2] == ["case"]:
        return alone(lambda: say(CASES[int(sys.argv[2]) - 1][2]()))
    skip = lacks() or lacks_mpi()
    if skip:
        print(f"1..0 # SKIP {skip}")
        return 0
    failed = 0
    print(f"1..{len(CASES)}", flush=True)
    for number, (name, where, case) in enumerate(CASES, 1):
        wrong = run_case(number, where, case)
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for line in (wrong or "").splitlines():
            print(f"# {line}")
        sys.stdout.flush()
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
