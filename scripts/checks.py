"""House rules that a machine can see: checks.py [--build FOLDER] [CHECK...]

Without a name every check runs. Each complaint is one line; the exit status is 1 if there is any.
`symbols` and `tidy` check what was built in FOLDER (default: build).
"""

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Which rooms a room may include besides itself.
LEFT_OF = {
    "src/base": [],
    "src/json": ["base"],
    "src/data": ["base"],
    "src/backend": ["base"],
    "src/nn": ["base", "backend"],
    "src/ranks": ["base", "backend"],
    "src/backend/cpu/kernels": ["base", "nn"],
    "src/backend/cpu": ["base", "backend", "backend/cpu/kernels", "nn"],
    "src/backend/cuda/kernels": [],
    "src/backend/cuda": ["base", "backend", "backend/cuda/kernels", "nn"],
    "src/task": ["base", "data", "nn", "backend"],
    "src/eval": ["base", "data", "nn", "backend", "ranks", "task"],
    "src/train": ["base", "data", "nn", "backend", "ranks", "task", "eval"],
    "src/infer": ["base", "data", "nn", "backend"],
    "src/io": ["base", "json", "data", "nn"],
    "cli/common": [],
    "cli/options": ["common"],
    "cli/files": ["common"],
    "cli/plot": ["common"],
    "cli/http": ["common"],
    "cli/serve": ["common", "options", "files", "http", "explain"],
    "cli/train": ["common", "options", "files", "http", "plot"],
    "cli/bench": ["common", "options"],
    "cli/explain": ["common", "options", "files"],
    "cli/commands": ["common", "options", "files", "plot"],
    "cli": ["common", "options"],
    "examples": [],
}
# Rooms to the left call these headers and rooms to the right implement them: any room may include them.
# They include base, and the public headers that src/backend may include.
CONTRACTS = ["task/task.h"]
# The public headers in the order of a tutorial: each may include earlier ones. Beside each is the
# leftmost room of the library that may include it.
PUBLIC = {
    "api": "src/base",
    "status": "src/base",
    "file": "src/base",
    "fields": "src/base",
    "sample_text": "src/base",
    "ranks": "src/base",
    "text": "src/data",
    "vocab": "src/data",
    "corpus": "src/data",
    "ngrams": "src/data",
    "batches": "src/data",
    "buckets": "src/data",
    "model": "src/backend",
    "machine": "src/backend",
    "training": "src/backend",
    "trainer": "src/train",
    "stack": "src/backend",
    "labels": "src/data",
    "checkpoint": "src/io",
    "store": "src/io",
    "evaluate": "src/eval",
    "predict": "src/eval",
    "session": "src/infer",
    "generate": "src/infer",
    "fill": "src/infer",
    "features": "src/infer",
    "convert": "src/io",
    "recur": "none",
}
SYMBOLS = "src/librecur.symbols"
ALLOCATES = r"\b(\w*alloc|strn?dup|getline|v?asprintf|open_memstream|realpath)\("
ASKS_FOR_TASK = r"([=!]=|[<>]=?|\bcase)\s*RECUR_TASK_[A-Z]"
FILE_LINES, FUNCTION_LINES, USUAL_LINES = 600, 80, 40
CIRCLES = ["src/backend/cpu"]  # rooms where files include each other: one circle in each


def run(*command, stdin=None):
    return subprocess.run(
        command, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False
    )


def files(*patterns):
    """The project's files, as git knows them (new ones too, ignored ones not)."""
    try:
        listed = run("git", "ls-files", "-co", "--exclude-standard", "--", *patterns)
    except FileNotFoundError:
        sys.exit("checks.py: git is not installed, and it alone knows which files are the project's")
    if listed.returncode:
        sys.exit("checks.py: this is no git checkout, which alone knows the project's files")
    return sorted(name for name in set(listed.stdout.split("\n")) if name and (ROOT / name).is_file())


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def check_format(_):
    """clang-format finds nothing to change."""
    result = run("clang-format", "--dry-run", "-Werror", *files("*.c", "*.h"))
    return [line for line in result.stderr.split("\n") if "error:" in line]


def includes(name):
    """The project's files that a file includes."""
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', read(name), re.MULTILINE)


def header_is_left(header, folder):
    """May the folder include the public header? Folders outside of the library may include any."""
    if not folder.startswith("src/"):
        return True
    rooms = [name for name in LEFT_OF if name.startswith("src/")]
    return PUBLIC.get(header) in rooms[: rooms.index(folder) + 1]


def check_includes(_):
    """Includes point from right to left, those of public headers too. cli/ and examples/ include only
    public headers, as they are compiled; cli/ also includes json.h."""
    for folder, left in LEFT_OF.items():
        room = folder.split("/", 1)[-1] if "/" in folder else ""
        for name in files(f"{folder}/*.[ch]"):
            if str(Path(name).parent) != folder:
                continue
            contract = name.removeprefix("src/") in CONTRACTS
            for included in includes(name):
                origin = str(Path(included).parent) if "/" in included else room
                if origin == "recur":
                    good = header_is_left(Path(included).stem, "src/backend" if contract else folder)
                else:
                    good = included in CONTRACTS or origin in (["base"] if contract else [room, *left])
                if not good:
                    yield f'{name}: includes "{included}", which is not to the left of {room or folder}'
    for name in files("src/*.[ch]", "cli/*.[ch]"):
        if str(Path(name).parent) not in LEFT_OF:
            yield f"{name}: its folder is no room"
    order = list(PUBLIC)
    for name in files("include/recur/*.h"):
        if Path(name).stem not in order:
            yield f"{name}: does not stand in PUBLIC"
            continue
        place = order.index(Path(name).stem)
        for included in includes(name):
            if Path(included).stem not in order[:place]:
                yield f'{name}: includes "{included}", which stands behind it in PUBLIC'


def circles_of(edges):
    """The groups of nodes that reach each other, each sorted (Tarjan)."""
    found, number, lowest, path = [], {}, {}, []

    def visit(node):
        number[node] = lowest[node] = len(number)
        path.append(node)
        for target in edges[node]:
            if target not in number:
                visit(target)
            if target in path:
                lowest[node] = min(lowest[node], lowest[target])
        if lowest[node] == number[node]:
            group = path[path.index(node) :]
            del path[path.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in edges:
        if node not in number:
            visit(node)
    return found


def check_circles(_):
    """No files include each other in a circle, except in CIRCLES. A .c and its .h count as one file."""
    edges = {str(Path(name).with_suffix("")): set() for name in files("src/*.[ch]", "cli/*.[ch]")}
    for name in files("src/*.[ch]", "cli/*.[ch]"):
        one, here = str(Path(name).with_suffix("")), str(Path(name).parent)
        for included in includes(name):
            stem = str(Path(included).with_suffix(""))
            places = {f"src/{stem}", f"cli/{stem}", f"{here}/{stem}"} - {one}
            edges[one] |= places & edges.keys()
    allowed = list(CIRCLES)
    for circle in circles_of(edges):
        rooms = {str(Path(one).parent) for one in circle}
        if len(rooms) > 1:
            yield f"{', '.join(circle)}: include each other across rooms"
        elif (room := rooms.pop()) in allowed:
            allowed.remove(room)
        else:
            yield f"{', '.join(circle)}: include each other"


def function_lengths(text):
    """(first line, lines) of each function: a brace in the first column opens and closes it."""
    start = 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            yield start, number - start - 1
            start = 0


def check_rules(_):
    """Lengths, names, which code allocates or compares tasks, white space, paths of one machine."""
    lengths, seen = [], {}
    for name in files("*.c", "*.h", "*.py"):
        text = read(name)
        if text.count("\n") > FILE_LINES:
            yield f"{name}: {text.count(chr(10))} lines, at most {FILE_LINES}"
        if name.endswith(".c"):
            stem = Path(name).name
            if stem in seen:
                yield f"{name}: {seen[stem]} has the same file name"
            seen[stem] = name
        if re.fullmatch(r"cli/.*(?<!/need)\.c", name) and (found := re.search(ALLOCATES, text)):
            yield f"{name}: calls {found[1]}, which cli/common/need.c alone may"
        if name.startswith(("src/", "cli/")) and re.search(ASKS_FOR_TASK, text):
            yield f"{name}: asks which task it is; src/task/task.h or recur_task_serves says more"
        if name.endswith((".c", ".h")):
            for line, length in function_lengths(text):
                lengths.append(length)
                if length > FUNCTION_LINES:
                    yield f"{name}:{line}: {length} lines in one function, at most {FUNCTION_LINES}"
    long = sum(length >= USUAL_LINES for length in lengths)
    if 10 * long > len(lengths):
        yield f"{long} of {len(lengths)} functions have {USUAL_LINES} lines or more, at most 10 %"
    for name in files():
        try:
            lines = read(name).split("\n")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            if re.search(r"(^|[^\w.])/(work|farm|home|root)/", line):
                yield f"{name}:{number}: a path of one machine"
            if line != line.rstrip() and not name.startswith("tests/"):
                yield f"{name}:{number}: white space at the end of the line"


def check_version(_):
    """One version everywhere."""
    header = re.search(r'RECUR_VERSION "([^"]+)"', read("include/recur/api.h"))[1]
    parts = re.findall(r"RECUR_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", read("include/recur/api.h"))
    build = re.search(r"^  version: '([^']+)'", read("meson.build"), re.MULTILINE)[1]
    if not header == build == ".".join(parts):
        yield f"versions differ: api.h {header} and {'.'.join(parts)}, meson.build {build}"
    for page in files("docs/*.[1-9]"):
        if f'"recur {header}"' not in read(page):
            yield f"{page}: is not about recur {header}"
    if f"[{header}]" not in read("CHANGELOG.md"):
        yield f"CHANGELOG.md: no entry for {header}"


def anchors(text):
    """The anchors of the headings in a Markdown text."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def check_links(_):
    """Links between the project's pages lead somewhere, and so do the pages that comments name."""
    for name in files("*.md"):
        for target in re.findall(r"\]\(([^)\s]+)\)", read(name)):
            if "://" in target:
                continue
            page, _, anchor = target.partition("#")
            path = (ROOT / name).parent / page if page else ROOT / name
            if not path.exists() or (anchor and anchor not in anchors(path.read_text())):
                yield f"{name}: nothing at {target}"
    for name in files("*.c", "*.h"):
        for page, anchor in re.findall(r"\b(docs/[\w-]+\.md)(?:#([\w-]+))?", read(name)):
            if not (ROOT / page).exists() or (anchor and anchor not in anchors(read(page))):
                yield f"{name}: nothing at {page}{'#' + anchor if anchor else ''}"


def shown(name):
    """What both READMEs must show alike: code without its remarks, and code in tables."""
    text = read(name)
    for block in re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL):
        for line in block.split("\n"):
            yield re.sub(r"\s+(#|/\*).*", "", line).rstrip()
    for row in re.findall(r"^\|.*", text, re.MULTILINE):
        yield " ".join(sorted(re.findall(r"`[^`]*`", row)))


HAN = "[\u4e00-\u9fff]"
WIDE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"  # Chinese characters and punctuation marks


def typeset(name):
    """Places where a Chinese page has English punctuation marks, or no spaces around Latin words."""
    for number, line in enumerate(read(name).split("\n"), 1):
        line = re.sub(r"`[^`]*`", "x", line)  # code, a Latin word
        line = re.sub(r"\]\([^)]*\)|\*\*|!?\[", "", line)  # targets of links, of pictures, marks of bold text
        for found in re.findall(rf"{WIDE}+ ?[,;:()!?.]|[,;:()!?] ?{WIDE}+", line):
            yield f"{name}:{number}: '{found}' has a punctuation mark of English in Chinese"
        for found in re.findall(rf"\S*(?:{HAN}\w*[0-9A-Za-z]|[0-9A-Za-z]{HAN})\w*", line):
            yield f"{name}:{number}: '{found}' lacks a space between Chinese and Latin letters"


def check_readmes(_):
    """Both READMEs show the same; the Chinese one is typeset as Chinese is."""
    pages = "README.md", "README.zh-CN.md"
    yield from typeset(pages[1])
    for first, second in zip_longest(*map(shown, pages)):
        if first != second:
            yield f"{pages[0]} shows '{first}' where {pages[1]} shows '{second}'"
            return


def check_breaks(_):
    """Each break of the selftest finds the text that it replaces, once: the selftest itself takes long."""
    name = "tests/selftest/selftest.py"
    spec = importlib.util.spec_from_file_location("selftest", ROOT / name)
    selftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(selftest)
    for what, broken, text, *_ in selftest.MUTATIONS:
        times = read(broken).count(text) if (ROOT / broken).is_file() else 0
        if times != 1:
            yield f"{name}: '{what}': {broken} has its text {times} times, expected once: {text!r}"


def check_headers(_):
    """Each public header compiles alone, as C and as C++."""
    languages = {"gcc": ["c", "c17"], "clang": ["c", "c17"], "g++": ["c++", "c++17"]}
    for name in files("include/*.h"):
        source = f'#include "{name.removeprefix("include/")}"\nint main(void);\n'
        for compiler, (language, standard) in languages.items():
            flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-Iinclude"]
            result = run(
                compiler, "-x", language, f"-std={standard}", *flags, "-", stdin=source
            )
            if result.returncode:
                yield f"{name} does not compile alone with {compiler}: {result.stderr.strip()}"


def code_words(text):
    """A program without comments, and with one space for all white space."""
    return " ".join(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).split())


def code_blocks(header):
    """The pieces of programs in a header's comments: text that is indented and has a semicolon."""
    for comment in re.findall(r"^/\*.*?\*/", header, re.DOTALL | re.MULTILINE):
        lines = re.sub(r"^(/| )\*/?|\*/$", "", comment, flags=re.MULTILINE)
        for block in re.findall(r"(?:^ {5,}\S.*\n)+", lines, re.MULTILINE):
            if ";" in block:
                yield code_words(block)


def check_examples(_):
    """Each public header shows a loop that is a part of an example, which is compiled. The same holds for
    the program in the manual page, which names every header."""
    examples = [code_words(read(name)) for name in files("examples/*.c")]
    shown = {name: list(code_blocks(read(name))) for name in files("include/recur/*.h")}
    manual = read("docs/recur.3")
    for name, blocks in shown.items():
        if not blocks and name != "include/recur/recur.h":
            yield f"{name}: its comment shows no loop"
        if f"<{name.removeprefix('include/')}>" not in manual:
            yield f"docs/recur.3: does not name {name}"
    programs = re.findall(r"^\.EX\n(.*?)^\.EE", manual, re.DOTALL | re.MULTILINE)
    shown["docs/recur.3"] = [
        code_words(text.replace(r"\-", "-").replace(r"\e", "\\")) for text in programs
    ]
    for name, blocks in shown.items():
        for block in blocks:
            if not any(block in example for example in examples):
                yield f"{name}: no example has '{block[:40]} ... {block[-40:]}'"


def declared_functions():
    text = "".join(read(name) for name in files("include/*.h"))
    text = re.sub(r"/\*.*?\*/|^\s*#.*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"RECUR_API[^;{]*?\b(\w+)\s*\(", text))


def symbols(*command):
    """The names that nm lists."""
    listed = run("nm", *command).stdout
    return set(re.findall(r"^[0-9a-f ]+ \w (\S+)$", listed, re.MULTILINE))


def check_symbols(build):
    """The library exports what include/ declares and the list of symbols has, no more and no less;
    the rest is called recur_; the command needs only what is exported and JSON; nothing global can change."""
    declared = declared_functions()
    listed = {line for line in read(SYMBOLS).split("\n") if line and not line.startswith("#")}
    exported = symbols("-D", "--defined-only", f"{build}/librecur.so")
    yield from (f"exported but not declared in include/: {s}" for s in sorted(exported - declared))
    yield from (f"declared in include/ but not exported: {s}" for s in sorted(declared - exported))
    yield from (f"exported but not in {SYMBOLS}: {s}" for s in sorted(exported - listed))
    yield from (f"in {SYMBOLS} but not exported: {s}" for s in sorted(listed - exported))
    for name in sorted(symbols("--defined-only", "--extern-only", f"{build}/librecur.a")):
        if not name.startswith("recur_"):
            yield f"librecur.a: {name} does not start with recur_"
    folders = Path(ROOT, build, "recur.p"), Path(ROOT, build, "librecur_cli.a.p")
    objects = [str(path) for folder in folders for path in folder.glob("*.o")]
    needed = symbols("--undefined-only", *objects) - symbols("--defined-only", *objects)
    json = set(re.findall(r"\b(recur_json_\w+)\(", read("src/json/json.h")))
    for name in sorted(needed - declared - json):
        if name.startswith("recur_"):
            yield f"the command uses {name}, which is not public"
    sections = run("size", "-A", f"{build}/librecur.a").stdout
    used = re.findall(r"^(\.(?:t?data|t?bss)\S*)\s+([1-9]\d*)", sections, re.MULTILINE)
    for section, size in used:
        if not section.startswith(".data.rel.ro"):
            yield f"librecur.a: global mutable state, {size} bytes of {section}"


def tidy_database(build):
    """A folder that says how our files are compiled, but for tests, which compile some once more.
    Returns it and each file's entries."""
    database = json.loads(Path(ROOT, build, "compile_commands.json").read_text(encoding="utf-8"))
    kept = [entry for entry in database if not entry["output"].startswith("tests/")]
    folder = Path(ROOT, build, "tidy")
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(kept), encoding="utf-8")
    sources = {}
    for entry in kept:
        sources.setdefault(os.path.realpath(Path(entry["directory"], entry["file"])), []).append(entry)
    return folder, sources


def tidy_cache():
    """The user's folder of sources in which clang-tidy found nothing: an empty file for each, called by
    `tidy_digest`. What was not asked for in a month is removed."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "recur", "tidy")
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > 30 * 86400:
            path.unlink(missing_ok=True)
    return folder


def tidy_digest(rules, entries):
    """Of all that decides what clang-tidy finds: rules, options, and the source with what it includes,
    comments too."""
    digest = hashlib.sha256(rules)
    for entry in entries:
        words = [word for word in shlex.split(entry["command"]) if word not in ("-c", "-MD")]
        for option in ("-o", "-MF", "-MQ"):
            if option in words:
                del words[words.index(option) : words.index(option) + 2]
        digest.update(shlex.join(words).encode())
        preprocess = [*words, "-E", "-C"]
        digest.update(subprocess.run(preprocess, cwd=entry["directory"], capture_output=True, check=False).stdout)
    return digest.hexdigest()


def check_tidy(build):
    """clang-tidy (.clang-tidy) finds nothing."""
    folder, sources = tidy_database(build)
    cache = tidy_cache()
    rules = (run("clang-tidy", "--version").stdout + read(".clang-tidy")).encode()

    def complaints(source):
        clean = cache / tidy_digest(rules, sources[source])
        if not clean.exists():
            done = run("clang-tidy", "-p", str(folder), "--quiet", source)
            found = re.findall(r"^.* (?:warning|error): .*$", done.stdout, re.MULTILINE)
            if found or done.returncode:
                return found or [f"{source}: clang-tidy failed: {done.stderr.strip()}"]
        clean.touch()
        return []

    ours = [str(ROOT / name) for name in files("src/*.c", "cli/*.c", "examples/*.c")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(complaints, [name for name in ours if name in sources]):
            yield from found


CHECKS = {
    name.removeprefix("check_"): value
    for name, value in globals().items()
    if name.startswith("check_")
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(CHECKS))
    arguments = parser.parse_args()
    complaints = []
    for name in arguments.checks or CHECKS:
        if name not in CHECKS:
            parser.error(f"unknown check '{name}', expected one of: {', '.join(CHECKS)}")
        complaints += CHECKS[name](arguments.build)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
