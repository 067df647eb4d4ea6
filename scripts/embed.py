"""Makes a C source of files that a server hands out: embed.py NAME OUTPUT [PATH TYPE FILE ...]

NAME becomes a list of struct http_file (cli/http/http.h) that ends with a path of NULL: of each FILE its
bytes, which the server finds at PATH and sends as TYPE.
"""

import sys
from pathlib import Path


def array(number, data):
    """The bytes as an array of C; an empty file has one byte that nobody reads."""
    lines = [
        ", ".join(str(byte) for byte in data[at : at + 24]) for at in range(0, max(len(data), 1), 24)
    ]
    text = ",\n".join(lines) or "0"
    return f"static const unsigned char file_{number}[] = {{\n{text}}};\n"


def quoted(text):
    if '"' in text or "\\" in text or not text.isascii():
        sys.exit(f"embed.py: {text!r} cannot stand in a C string")
    return f'"{text}"'


def main():
    name, output, *rest = sys.argv[1:]
    source, rows = ['#include "http/http.h"\n'], []
    for number, (path, kind, file) in enumerate(zip(rest[::3], rest[1::3], rest[2::3])):
        data = Path(file).read_bytes()
        source.append(array(number, data))
        rows.append(f"    {{{quoted(path)}, {quoted(kind)}, file_{number}, {len(data)}}},\n")
    source.append(f"const struct http_file {name}[] = {{\n{''.join(rows)}    {{0}},\n}};\n")
    Path(output).write_text("\n".join(source), encoding="ascii")


if __name__ == "__main__":
    main()
