"""Writes a text as a C array: embed.py INPUT OUTPUT NAME."""

import sys

source, target, name = sys.argv[1:]
with open(source, "rb") as file:
    text = file.read()
with open(target, "w", encoding="ascii") as file:
    file.write(f"static const unsigned char {name}[] = {{\n")
    for start in range(0, len(text), 24):
        file.write(",".join(map(str, text[start : start + 24])) + ",\n")
    file.write("0};\n")
