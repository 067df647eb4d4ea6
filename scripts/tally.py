"""Counts the test cases of a test run: tally.py TESTLOG.json

Prints "N passed, N failed, N skipped" and exits 1 if anything failed; before that what each failed case
said, which meson shows only near the end of a long log. In a program that prints TAP each case counts,
and a planned case that never came has failed; any other program counts as one case.
"""

import json
import re
import sys

CASE = re.compile(r"^(not )?ok\b(.*)$", re.MULTILINE)
PLAN = re.compile(r"^1\.\.(\d+)", re.MULTILINE)
SAID = re.compile(r"^not ok\b(?!.*# *SKIP).*(?:\n#.*){0,30}", re.MULTILINE)


def count(run):
    """The passed, failed and skipped cases of one program."""
    passed = failed = skipped = 0
    plan = PLAN.search(run["stdout"])
    if plan:
        for case in CASE.finditer(run["stdout"]):
            if re.search(r"# *SKIP", case[2], re.IGNORECASE):
                skipped += 1
            elif case[1]:
                failed += 1
            else:
                passed += 1
        failed += max(0, int(plan[1]) - passed - failed - skipped)
    elif run["result"] == "SKIP":
        skipped = 1
    elif run["result"] == "OK":
        passed = 1
    if run["result"] not in ("OK", "SKIP") and not failed:
        failed = 1
    return passed, failed, skipped


def main():
    with open(sys.argv[1], encoding="utf-8") as log:
        runs = [json.loads(line) for line in log]
    counts = [count(run) for run in runs]
    for run, (_, failed, _) in zip(runs, counts):
        if failed:
            print(f"failed: {run['name']} ({failed})", *SAID.findall(run["stdout"]), sep="\n")
    passed, failed, skipped = (sum(column) for column in zip(*counts))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
