"""Writes src/data/unicode_classes.h: the classes of characters by which texts are cut.

    python3 scripts/unicode_classes.py > src/data/unicode_classes.h

The classes are Unicode's properties Word_Break, Extended_Pictographic and General_Category, as the
ICU of this machine has them. Whoever writes the file anew changes how texts are cut, and models that
exist would read them otherwise.
"""

import ctypes
import ctypes.util
import re
import textwrap

WORD_BREAK, EXTENDED_PICTOGRAPHIC = 0x1014, 64
# ICU's numbers of the values of Word_Break, in the order of `enum unicode_class`.
VALUES = [0, 8, 9, 10, 13, 12, 21, 2, 3, 7, 14, 1, 15, 16, 11, 4, 5, 6, 22]
PAGE = 256
PICTOGRAPHIC, LETTER, NUMBER = 0x20, 0x40, 0x80
LETTERS, NUMBERS = 0x3E | 0x1C0, 0xE00  # categories L and M, N

path = ctypes.util.find_library("icuuc")
icu = ctypes.CDLL(path)
version = re.search(r"\d+$", path).group()


def function(name):
    return getattr(icu, f"{name}_{version}")


def class_of(code):
    number = VALUES.index(function("u_getIntPropertyValue")(code, WORD_BREAK))
    if function("u_hasBinaryProperty")(code, EXTENDED_PICTOGRAPHIC) & 0xFF:
        number |= PICTOGRAPHIC
    if (1 << (function("u_charType")(code) & 0xFF)) & LETTERS:
        number |= LETTER
    if (1 << (function("u_charType")(code) & 0xFF)) & NUMBERS:
        number |= NUMBER
    return number


def main():
    unicode = (ctypes.c_uint8 * 4)()
    function("u_getUnicodeVersion")(unicode)
    words, pages, before = [], [], None
    for code in range(0x110000):
        number = class_of(code)
        if number != before:
            words.append(f"0x{code << 8 | number:08x},")
            before = number
        if code % PAGE == 0:
            pages.append(f"{len(words) - 1},")
    ascii_classes = ",".join(str(class_of(code)) for code in range(128))
    print(f"/* Made by scripts/unicode_classes.py from Unicode {unicode[0]}.{unicode[1]}: the classes of ASCII,")
    print(" * and where a class of characters begins, as code << 8 | class, ascending. */")
    print("/* clang-format off */")
    print("static const uint8_t ascii_classes[] = {")
    print(*textwrap.wrap(ascii_classes, 99), sep="\n")
    print("};\n")
    print("static const uint32_t class_starts[] = {")
    for at in range(0, len(words), 9):
        print("".join(words[at : at + 9]))
    print("};\n")
    print("/* Of each 256 characters: the item of class_starts that has the first. */")
    print("static const uint16_t class_pages[] = {")
    line = ""
    for page in pages:
        if len(line + page) > 99:
            print(line)
            line = ""
        line += page
    print(line)
    print("};")
    print("/* clang-format on */")


main()
