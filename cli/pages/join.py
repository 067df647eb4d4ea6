"""Joins a page with its style and its scripts into one file that needs no other: join.py PAGE OUTPUT."""

import re
import sys
from pathlib import Path

source, target = map(Path, sys.argv[1:])


def read(name):
    text = (source.parent / name).read_text(encoding="utf-8")
    if "</script" in text or "</style" in text:
        sys.exit(f"join.py: {name} would end its element")
    return text


page = source.read_text(encoding="utf-8")
page = re.sub(r'<link rel="stylesheet" href="([\w.]+)">', lambda m: f"<style>\n{read(m[1])}</style>", page)
page = re.sub(r'<script src="([\w.]+)"></script>', lambda m: f"<script>\n{read(m[1])}</script>", page)
target.write_text(page, encoding="utf-8")
