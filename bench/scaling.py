#!/usr/bin/env python3
"""bench/scaling.py RECUR: remakes the figures of docs/scaling.md, in about ten minutes on a quiet machine.

Sections, all without a name:
    ranks     two ranks beside one rank with one thread and with two, on this machine
    ddp       two ranks beside PyTorch's DistributedDataParallel over gloo (Debian: python3-torch libopenblas0-openmp)
    update    what one thread takes for the update of a parameter
    network   ranks on hosts that are network namespaces (hosts.py), for rates and delays, fitted and checked points
    options   what options buy on slow links; --try names more of them
The model (scaling_model.py) is fitted whenever there are `update` and points of `network`; what it foretells needs no section.
Runs are in turns. Of ranks and ddp ratios are medians of pairs, with quartiles (pairs.py); of network, times are medians.
What is missing on this machine is said, and passed over.

--write fills the numbers into the tables of docs/scaling.md and both READMEs: those behind a comment that names them.
"""

import argparse
import json
import os
import re
import statistics
import sys
import time
from pathlib import Path

import scaling_model as model
import scaling_runs as runs
from hosts import alone, lacks
from pairs import quartiles, times

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["docs/scaling.md", "README.md", "README.zh-CN.md"]
CORES = len(os.sched_getaffinity(0))


def point(hosts, rate, delay=0, hidden=512, options=()):
    return {"hosts": hosts, "rate": rate, "delay": delay, "hidden": hidden, "options": list(options), "cores": CORES}


FITTED = [point(1, None), point(1, None, hidden=256), point(1, None, hidden=1024), point(2, None), point(2, 10),
          point(2, 1), point(2, 0.1), point(2, 1, 2), point(2, 10, 0.05), point(2, 10, 1), point(4, 1),
          point(1, None, hidden=64), point(2, None, hidden=64)]
CHECKED = [point(2, 0.3), point(2, 1, 5), point(3, 1), point(3, 0.1), point(4, 0.1), point(4, 10),
           point(2, 1, hidden=256), point(2, 1, hidden=1024), point(2, 1, 1, hidden=256), point(4, 1, 2),
           point(2, 0.5, 3), point(3, 1, 1), point(2, 10, 2, hidden=1024), point(2, 2, 1), point(3, 0.3, 2), point(4, 0.3),
           point(2, 0.3, 1, hidden=256), point(2, 1, 3, hidden=1024)]
TURNS = 3  # of all points
TRIED = ["--reduce-precision bf16", "--accumulate 4", "--sync-every 8"]
SLOW = [1, 0.1]  # Gb/s, for what options buy
# For what the model foretells: Gb/s, ranks, and milliseconds from a machine to another.
RATES, RANKS, DELAY = [10, 25, 100, 400], [8, 16, 32, 64, 128, 256, 512, 1024], 0.02
# Name, layers, width, vocabulary.
NETWORKS = [("LSTM 256", 1, 256, 28), ("LSTM 512", 1, 512, 28), ("LSTM 1024", 1, 1024, 28), ("LSTM 2 x 1024", 2, 1024, 28),
            ("LSTM 2 x 2048", 2, 2048, 28), ("LSTM 2 x 650, 10 000 words", 2, 650, 10000)]
# What a rank is: how many times as fast as one core here, and the sequences of its part of a minibatch.
CORE, MACHINE = (1, 32), (24, 256)


def say(text):
    print(text, flush=True)


def short(number):
    """Three digits that count, thousands parted by spaces."""
    return f"{float(f'{number:.3g}'):,.0f}".replace(",", " ") if number >= 100 else f"{number:.3g}"


def section_ranks(recur, pairs):
    ways = {"one": {}, "blocks": {"options": ["--blocks", str(runs.BLOCKS)]}, "threads": {"options": ["--threads", "2"]}}
    for mpi in ("openmpi", "mpich"):
        command = runs.launcher(mpi, 2)
        if command:
            ways[mpi] = {"launcher": command}
        else:
            say(f"{mpi} is not installed: not measured")
    found = {way: [] for way in ways}
    for _ in range(pairs):
        for way, how in ways.items():
            found[way].append(runs.speed(recur, updates=20, **how))
    return found


def section_ddp(recur, pairs):
    python, command = runs.torch_python(), runs.launcher("openmpi", 2) or runs.launcher("mpich", 2)
    if not python or not command:
        say("PyTorch with gloo (Debian: python3-torch) or MPI is not installed: not compared")
        return None
    found = {"recur": [], "pytorch": []}
    for _ in range(pairs):
        found["recur"].append(runs.speed(recur, command, updates=20))
        found["pytorch"].append(runs.ddp_speed(python, 2))
    return found


def without_hosts():
    why = lacks() or ("" if runs.launcher("openmpi", 2) else "Open MPI is not installed")
    if why:
        say(f"{why}: no hosts")
    return why


def section_update(recur, _):
    return runs.update_seconds(recur)


def section_network(recur, _):
    if without_hosts():
        return None
    found = [dict(one, fitted=one in FITTED, times=[]) for one in FITTED + CHECKED]
    for _ in range(TURNS):
        for one in found:
            one["times"].append(runs.host_updates(recur, one))
            one["seconds"] = statistics.median(one["times"])
            say(f"{describe(one)}: {1e3 * one['times'][-1]:.1f} ms")
    return found


def section_options(recur, _, tried=None):
    if without_hosts():
        return None
    found = []
    for words in ["", *(tried or TRIED)]:
        if words and not runs.knows(recur, words.split()[0]):
            say(f"this recur has no {words.split()[0]}: not measured")
            continue
        for rate in SLOW:
            one = point(2, rate, options=words.split())
            found.append(dict(one, seconds=runs.host_updates(recur, one)))
            say(f"{describe(one)} {words}: {tokens(found[-1])} tokens/s")
    return found


SECTIONS = {"ranks": section_ranks, "ddp": section_ddp, "update": section_update, "network": section_network, "options": section_options}


def describe(one):
    rate = f"{one['rate']:g} Gb/s" if one["rate"] else "no limit"
    return f"LSTM {one['hidden']}, {one['hosts']} hosts, {rate}, {one['delay']:g} ms"


def tokens(one):
    return short(model.BATCH * model.STEPS / one["seconds"])


def ratio(ours, theirs):
    return f"{quartiles([a / b for a, b in zip(ours, theirs)])[1]:.2f}"


def tables_of_ranks(found):
    rows = [[short(statistics.median(found[way])), ratio(found[way], found["one"]), ratio(found[way], found["threads"])]
            if way in found else ["–"] * 3 for way in ("one", "blocks", "threads", "openmpi", "mpich")]
    return {"ranks": rows}


def tables_of_ddp(found):
    return {"ddp": [[short(statistics.median(found["recur"])), short(statistics.median(found["pytorch"])),
                     times(found["recur"], found["pytorch"])]]}


def tables_of_readme(found, beside):
    """Both, where the READMEs show them."""
    one = statistics.median(found["one"])
    speeds = [one, statistics.median(found["threads"]), statistics.median(found["openmpi"] if "openmpi" in found else beside["recur"]),
              statistics.median(beside["pytorch"])]
    return {"readme": [[short(speed), f"{speed / one:.2f}"] for speed in speeds]}


def table_of_points(found, fit):
    rows = []
    for one in found:
        foretold = model.seconds(one, fit)
        rows.append([f"{1e3 * one['seconds']:.1f}", f"{1e3 * foretold:.1f}", f"{100 * (foretold / one['seconds'] - 1):+.0f} %"])
    return rows


def tables_of_network(found, fit):
    fitted, checked = ([one for one in found if one["fitted"] == which] for which in (True, False))
    worst = percent(max(abs(model.seconds(one, fit) / one["seconds"] - 1) for one in checked))
    say(f"\nthe model differs from points that it was not fitted to by {worst} at most (15 % is the limit)")
    constants = [[f"{1e6 * fit['o']:.0f} µs"], [f"{1e-9 / fit['f']:.0f} GFLOP/s"], [f"{1e9 * fit['u']:.2f} ns"], [f"{1e6 * fit['a']:.0f} µs"],
                 [f"{1e9 * fit['p']:.2f} ns"], [f"{100 * fit['e']:.0f} %"], [f"{100 * fit['h']:.0f} %"], [f"{1e9 * fit['b']:.2f} ns"]]
    return {"fitted": table_of_points(fitted, fit), "checked": [*table_of_points(checked, fit), ["", "", worst]],
            "constants": constants}


def tables_of_options(found):
    rows = {}
    for one in found:
        rows.setdefault(" ".join(one["options"]), []).append(one)
    first = rows[""]
    known = [rows.get(words) for words in ["", *TRIED]]
    cells = [[cell for one, plain in zip(row, first) for cell in (tokens(one), f"{plain['seconds'] / one['seconds']:.2f}")]
             if row else ["–"] * 2 * len(SLOW) for row in known]
    return {"options": cells}


def cluster(network, rate, rank, ranks=8, options=()):
    _, layers, hidden, vocabulary = network
    speed, sequences = rank
    return {"hosts": ranks, "rate": rate, "delay": DELAY, "hidden": hidden, "layers": layers, "vocabulary": vocabulary,
            "options": list(options), "cores": None, "weak": sequences, "speed": speed}


def percent(part):
    return f"{100 * part:.0f} %"


def tables_foretold(fit):
    def efficiencies(network, rank):
        return [[percent(model.efficiency(cluster(network, rate, rank, ranks), fit)) for rate in RATES] for ranks in RANKS]

    def worth(rank):
        found = [[model.most_machines(cluster(network, rate, rank), fit) for rate in RATES] for network in NETWORKS]
        return [[str(number or 1) for number in row] for row in found]

    rescue = [[percent(model.efficiency(cluster(NETWORKS[1], rate, CORE, 64, words.split()), fit)) for rate in RATES]
              for words in ["", *TRIED, "--reduce-precision bf16 --accumulate 4"]]
    return {"core": efficiencies(NETWORKS[1], CORE), "machine": efficiencies(NETWORKS[3], MACHINE), "worth-core": worth(CORE),
            "worth-machine": worth(MACHINE), "rescue": rescue}


def fill(page, tables):
    """Puts the cells into the page's tables, behind the first column of each row."""
    for name, rows in tables.items():
        found = re.search(rf"(<!-- bench/scaling\.py: {name} -->\n\n(?:\|.*\n)\|[-| ]*\|\n)((?:\|.*\n)+)", page)
        if not found:
            continue
        lines = found[2].splitlines()
        if len(lines) != len(rows):
            sys.exit(f"scaling.py: the table {name} has {len(lines)} rows, expected {len(rows)}")
        filled = [f"| {' | '.join([line.split('|')[1].strip(), *row])} |\n" for line, row in zip(lines, rows)]
        page = page[: found.start(2)] + "".join(filled) + page[found.end(2) :]
    return page


def tables_of(results):
    tables = {}
    if results.get("ranks"):
        tables.update(tables_of_ranks(results["ranks"]))
    if results.get("ddp"):
        tables.update(tables_of_ddp(results["ddp"]))
    if results.get("ranks") and results.get("ddp"):
        tables.update(tables_of_readme(results["ranks"], results["ddp"]))
    if results.get("options"):
        tables.update(tables_of_options(results["options"]))
    if results.get("network") and results.get("update"):
        fit = model.fit_to([one for one in results["network"] if one["fitted"]], results["update"])
        tables.update(tables_of_network(results["network"], fit))
        tables.update(tables_foretold(fit))
    return tables


def measure(arguments):
    """The sections that were asked for, beside what a file of earlier results has."""
    results = json.loads(arguments.results.read_text()) if arguments.results and arguments.results.exists() else {}
    for name in arguments.sections if arguments.sections is not None else SECTIONS:
        start = time.monotonic()
        more = {"tried": TRIED + arguments.tried} if name == "options" else {}
        found = SECTIONS[name](arguments.recur, arguments.pairs, **more)
        results[name] = found or results.get(name)  # what cannot be measured here keeps its earlier figures
        say(f"-- {name}: {time.monotonic() - start:.0f} s")
        if arguments.results:
            arguments.results.write_text(json.dumps(results, indent=1))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recur")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS) + "; fit: only the model")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--try", dest="tried", action="append", default=[], metavar="OPTIONS")
    parser.add_argument("--results", type=Path, help="a file that keeps what was measured, for runs of single sections")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.sections if name not in SECTIONS and name != "fit"]
    if unknown:
        parser.error(f"unknown section '{unknown[0]}', expected one of: {', '.join(SECTIONS)}, fit")
    arguments.sections = [name for name in arguments.sections if name != "fit"] if arguments.sections else None
    tables = tables_of(measure(arguments))
    for name, rows in tables.items():
        say(f"\n{name}")
        for row in rows:
            say("  " + "".join(f"{cell:>16}" for cell in row))
    for page in PAGES if arguments.write else []:
        path = ROOT / page
        path.write_text(fill(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
    return 0


if __name__ == "__main__":
    # Only what is measured needs hosts, which only root can make.
    sys.exit(alone(main) if os.geteuid() == 0 and not lacks() else main())
