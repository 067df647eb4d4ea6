"""Doxygen's input filter: doxygen_filter.py HEADER prints the header as Doxygen reads it.

The headers' comments are prose without any markup. The first comment becomes a page, the topic that
has the header's declarations; every other comment belongs to the declaration before or after it.
Indented pieces are programs or tables and stay as they are. recur.h becomes the main page.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
HEADERS = sorted((ROOT / "include/recur").glob("*.h"))
TITLE = re.compile(r"recur/(\w+)\.h - ")


def body(comment):
    """A comment's text without its frame."""
    text = re.sub(r"^ ?\*(?: |$)", "", comment, flags=re.MULTILINE)
    return text.strip()


def declared():
    """The functions, constants and macros that can be linked to."""
    text = COMMENT.sub("", "".join(path.read_text(encoding="utf-8") for path in HEADERS))
    functions = re.findall(r"^RECUR_API[^;{]*?\b(\w+)\s*\(", text, re.MULTILINE)
    return {*functions, *re.findall(r"^(?:    |#define )(RECUR_\w+)(?:,| =| )", text, re.MULTILINE)}


DECLARED = declared()


def escape(text):
    """Escapes prose, so that Doxygen finds only names and quoted text in it."""
    pieces = re.split(r"""(`[^`]*`|"[^"]*")""", text)
    for i in range(0, len(pieces), 2):
        piece = re.sub(r"([\\@#%$&<>])", r"\\\1", pieces[i])
        piece = piece.replace("et al. ", "et al.&nbsp;")  # no end of a sentence
        piece = re.sub(r"(?<![\w*])(\*\w+)", r"`\1`", piece)
        pieces[i] = re.sub(
            r"\b(?:recur|RECUR)_\w+", lambda name: "#" * (name[0] in DECLARED) + name[0], piece
        )
    return "".join(pieces)


def marked_up(text):
    """Marks the programs and tables of a text."""
    lines, block = [], []

    def close():
        if block:
            kind = ("code{.c}", "endcode") if ";" in "".join(block) else ("verbatim", "endverbatim")
            lines.extend([f"@{kind[0]}", *(line[4:] for line in block), f"@{kind[1]}"])
            block.clear()

    for line in text.split("\n"):
        if line.startswith("    "):
            block.append(line)
            continue
        close()
        opens = not lines or not lines[-1]
        lines.append(re.sub(r"^(\w+:)(?= )", r"<b>\1</b>", escape(line)) if opens else escape(line))
    close()
    return "\n".join(lines)


def title_of(header):
    """(stem, brief, the rest) of a header's first comment."""
    text = body(COMMENT.search(header)[1])
    title = TITLE.match(text)
    brief, _, rest = text[title.end():].partition("\n\n")
    return title[1], brief[0].upper() + brief[1:].replace("\n", " "), rest


def main_page(header):
    """The main page: the text of recur.h, a table of the headers, and the examples."""
    _, brief, rest = title_of(header)
    rows = []
    for path in HEADERS:
        stem, what, _ = title_of(path.read_text(encoding="utf-8"))
        if stem != "recur":
            rows.append(f"| @ref group_{stem} \"recur/{stem}.h\" | {escape(what)} |")
    table = "\n".join(["| header | what it is about |", "|---|---|", *rows])
    page = [
        "@mainpage librecur", escape(brief), table,
        '<a href="examples.html">Examples</a> are whole programs that use these headers alone; tests run them.',
        marked_up(rest),
    ]
    examples = [f"/** @example {path.name} */" for path in sorted((ROOT / "examples").glob("*.c"))]
    return "\n\n".join(["/**", *page, "*/", *examples])


def members(text):
    """Splits members into one declaration each: a comment after several is about all of them."""

    def split(match):
        indent, kind, names, comment = match.groups()
        return "\n".join(f"{indent}{kind} {name.strip()}; {comment}" for name in names.split(","))

    return re.sub(r"^( +)([\w ]+?) (\w+(?:, \w+)+); *(/\*\*<.*?\*/)", split, text,
                  flags=re.DOTALL | re.MULTILINE)


def topic(header):
    """Makes a topic of a header that declares something."""
    stem, brief, rest = title_of(header)
    code = header[COMMENT.search(header).end():]
    code = re.sub(r"^#(?:ifndef|define) RECUR_\w+_H$|\A.*\Z(?!.)", "", code, flags=re.MULTILINE)
    code = code[: code.rindex("#endif")]

    def comment(match):
        line = code[code.rfind("\n", 0, match.start()) + 1 : match.start()]
        if not line.strip():
            return f"/** {marked_up(body(match[1]))} */"
        return f"/**< {escape(' '.join(match[1].split()))} */"

    code = members(COMMENT.sub(comment, code))
    opening = f"@defgroup group_{stem} recur/{stem}.h\n@brief {escape(brief)}\n\n{marked_up(rest)}"
    return f"/** @file */\n/** {opening}\n@{{ */\n{code}\n/** @}} */\n"


def main():
    path = Path(sys.argv[1])
    header = path.read_text(encoding="utf-8")
    print(main_page(header) if path.name == "recur.h" else topic(header))


if __name__ == "__main__":
    main()
