"""What the kernels' PTX must not have, whatever clang makes of them: ptx_text.py TEXT... prints TAP.

No kernel may keep variables in local memory, which is global memory. No float may be multiplied or
added without a rounding, because a driver may then fuse the two, and another one not.
"""

import re
import sys

NOT_ALLOWED = {
    "local memory": r"^.*(?:\.local\b|__local_depot).*$",
    "unrounded mul or add": r"^.*\b(?:mul|add|sub|mad)\.f(?:32|64)\b.*$",
    "rounding left to the driver": r"^.*\b(?:mul|add|sub|fma)\.(?:ftz|sat)\b.*$",
    "atomic addition of floats": r"^.*\b(?:atom|red)\..*\.f(?:32|64|16x2)\b.*$",
    "products in tf32": r"^.*\.tf32\b.*$",
}


def main():
    texts = sys.argv[1:]
    print(f"1..{len(texts) * (len(NOT_ALLOWED) + 1)}")
    number = 0
    for path in texts:
        with open(path, encoding="ascii") as file:
            text = file.read()
        kernels = len(re.findall(r"^\.visible \.entry ", text, re.MULTILINE))
        number += 1
        print("ok" if kernels > 30 else "not ok", number, f"- {path}: has {kernels} kernels")
        for what, pattern in NOT_ALLOWED.items():
            found = re.findall(pattern, text, re.MULTILINE)
            number += 1
            print("not ok" if found else "ok", number, f"- {path}: {what}")
            for line in found[:5]:
                print("#", line.strip())


main()
