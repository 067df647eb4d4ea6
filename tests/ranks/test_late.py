"""Does a rank that has given up another one get nothing of what that sends later? late_rank.c asks, once for each
MPI. Prints TAP; skipped where that MPI is missing.

test_late.py LATE_RANK [--no-mpich] PLUG-IN...
"""

import os
import shutil
import subprocess
import sys
import tempfile

OPTIONS = {
    "openmpi": ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca", "btl", "self,vader"],
    "mpich": [],
}
# Libraries of MPI keep memory at their end.
os.environ["ASAN_OPTIONS"] = f"{os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0"


def check(name, program, plug_in):
    """What is wrong, if anything."""
    with tempfile.TemporaryDirectory() as folder:
        command = [f"mpirun.{name}", *OPTIONS[name], "-n", "2", os.path.abspath(program), folder, os.path.abspath(plug_in)]
        run = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=240)
    if run.returncode == 0 and "nothing has arrived" in run.stdout:
        return ""
    return f"it ends with {run.returncode}: {run.stdout.strip()} {run.stderr.strip()[-300:]}"


def main():
    program, plug_ins = sys.argv[1], {path.split("-")[-1].removesuffix(".so"): path for path in sys.argv[2:]}
    print(f"1..{len(OPTIONS)}")
    failures = 0
    for number, name in enumerate(OPTIONS, 1):
        title = f"{name}: what a rank has given up does not arrive"
        if name not in plug_ins or f"--no-{name}" in sys.argv or not shutil.which(f"mpirun.{name}"):
            print(f"ok {number} - {title} # SKIP {name} is not installed, or crashes in this build")
            continue
        wrong = check(name, program, plug_ins[name])
        failures += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {title}" + (f"\n# {wrong}" if wrong else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
