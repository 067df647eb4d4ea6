"""Manual pages of the library's declarations: man_pages.py VERSION FOLDER HEADER...

Each function, type and group of constants of the headers gets its own page in FOLDER, made from its
comment, as `make docs` makes the reference: man 3 recur_model_load.
"""

import re
import sys
from pathlib import Path

COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
# A comment that begins so continues the one before.
ALIKE = ("Likewise", "The same", "The other way")
BEGINS = re.compile(r"(RECUR_API|static inline|typedef|enum)\b")


def text_of(comment):
    """A comment without its frame."""
    return re.sub(r"^ ?\*(?: |$)", "", comment, flags=re.MULTILINE).strip()


def bare(code):
    """A declaration without its comments and without what is between braces."""
    return re.sub(r"\{.*\}", "{}", COMMENT.sub("", code), flags=re.DOTALL)


def name_of(code):
    """The name that a declaration declares; None where there is none."""
    called = re.search(r"\b(recur_\w+)\s*\(", bare(code))
    names = re.findall(r"\brecur_\w+", bare(code))
    return called[1] if called else names[-1] if names else None


def roff(line):
    """Escapes a line so that it is printed unchanged; text `quoted` so is a parameter's name."""
    line = re.sub(r"`([^`]*)`", r"\\fI\1\\fR", line.replace("\\", "\\e").replace("-", "\\-"))
    return "\\&" + line if line[:1] in (".", "'") else line


def prose(text):
    """Formats paragraphs, and leaves indented text as it is."""
    lines, block = [], []

    def close():
        while block and not block[-1]:
            block.pop()
        if block:
            lines.extend([".PP", ".in +4n", ".EX", *map(roff, block), ".EE", ".in", ".PP"])
            block.clear()

    for line in text.split("\n"):
        if line.startswith("    ") or (block and not line):
            block.append(line[4:])
            continue
        close()
        lines.append(roff(line) if line else ".PP")
    close()
    return "\n".join(lines)


def first_sentence(text):
    """The text about a page in the index of pages."""
    sentence = re.split(r"(?<=[^.])[.:;](?:\s|$)|\n\n", text, maxsplit=1)[0]
    return " ".join(sentence.split())


def page(version, header, brief, name, code, text, others):
    like = re.match(r"(recur_\w+): ", text)
    what = f"like {like[1]}" if like else first_sentence(text)
    if len(what) < 10:
        what = brief
    bold = [f"\\fB{roff(line)}\\fR" if line.strip() else "" for line in code.split("\n")]
    parts = [
        f'.TH {name.upper()} 3 "" "recur {version}" "Library Functions"',
        ".SH NAME", roff(f"{name} - {what}"),
        ".SH SYNOPSIS", ".nf", f".B #include <recur/{header}>", ".PP", *bold, ".fi",
        ".SH DESCRIPTION", prose(text) if text else roff(f"See recur/{header}."),
        ".SH SEE ALSO", *(f".BR {other} (3)," for other in others), ".BR recur (3)",
    ]
    return "\n".join(parts) + "\n"


def pieces(lines):
    """Separate comments, and declarations with the comments after them, in order."""
    piece = []
    for line in lines:
        if not piece and not line.startswith("/*") and not BEGINS.match(line):
            continue
        piece.append(line)
        code = "\n".join(piece)
        if code.count("/*") > code.count("*/"):
            continue
        plain = COMMENT.sub("", code).strip()
        ends = bare(code).strip()[-1:]
        if not plain or (plain.count("{") == plain.count("}") and ends in (";", "}")):
            yield code
            piece = []


def without_prefix(code):
    """A declaration without what a program does not write; alignment is kept."""
    prefix = re.match(r"(?:RECUR_API |static inline )?", code)[0]
    return code[len(prefix):].replace("\n" + " " * len(prefix), "\n")


def declarations(header):
    """(name, code, comment) of each of a header's declarations, in its order."""
    found, comment, before = [], "", ("", "")
    for piece in pieces(header[COMMENT.search(header).end():].split("\n")):
        if piece.startswith("/*"):
            comment = text_of(piece[2:-2])
            continue
        code = piece
        behind = re.search(r"(?<=;)[ \t]*/\*((?:(?!\*/).)*)\*/\Z", code, re.DOTALL)
        if behind:
            code, comment = code[: behind.start()], comment or text_of(behind[1])
        if code.startswith("static inline"):
            code = re.sub(r"\s*\{.*", ";", code, flags=re.DOTALL)
        if name_of(code):
            if not comment.startswith(ALIKE):
                before = name_of(code), comment
            elif found:
                comment = f"{before[0]}: {before[1]}\n\n{comment}"
            found.append((name_of(code), without_prefix(code), comment))
        comment = ""
    return found


def main():
    version, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.3"):
        old.unlink()
    for path in map(Path, sys.argv[3:]):
        header = path.read_text(encoding="utf-8")
        brief = first_sentence(text_of(COMMENT.search(header)[1]).partition(" - ")[2])
        found = declarations(header)
        for name, code, text in found:
            others = [other for other, _, _ in found if other != name]
            made = page(version, path.name, brief, name, code, text, list(dict.fromkeys(others)))
            with open(folder / f"{name}.3", "a", encoding="utf-8") as out:
                out.write(made)


if __name__ == "__main__":
    main()
