#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every C++ block of the documents is cut from a file that a test compiles. Above the block stands

    <!-- from: examples/01_train.cpp -->                the whole file behind its first comment
    <!-- from: tests/op/rms_norm.cpp own_op -->         what stands between two lines // [own_op]

and the block equals the text there, indentation of the region taken off. 'docs.py --write' cuts the
blocks anew."""
import pathlib
import re
import sys
import textwrap

import house

block = re.compile(r"(?:<!-- from: (\S+)(?: (\w+))? -->\n+)?```(cpp|c\+\+|cuda)\n(.*?)^```$",
                   re.S | re.M)


def documents(top):
    named = [top / "README.md", top / "CONTRIBUTING.md"]
    return [path for path in named + sorted((top / "docs").rglob("*.md")) if path.is_file()]


def cut(text, region):
    """The text of a region, or of a file without its licence and first comment; None if missing."""
    if not region:
        return re.sub(r"\A(//[^\n]*\n)+\n*", "", text)
    mark = rf"^[ \t]*// \[{region}\]\n"
    pieces = re.split(mark, text, flags=re.M)
    if len(pieces) < 3:
        return None
    return textwrap.dedent("".join(pieces[1::2]))


def source_of(top, name, region):
    """(text, None) or (None, what is wrong)"""
    path = top / name
    if not path.is_file():
        return None, f"{name} does not exist"
    if path.relative_to(top).parts[0] not in ("examples", "tests", "bench"):
        return None, f"{name} is not under examples/, tests/ or bench/"
    text = cut(path.read_text(), region)
    return (text, None) if text else (None, f"{name} has no region // [{region}] ... // [{region}]")


def problems(top, write=False):
    for document in documents(top):
        text = document.read_text()

        def renewed(found):
            source, _ = source_of(top, found[1], found[2]) if found[1] else (None, None)
            if source is None:
                return found[0]
            before, after = found.start(4) - found.start(), found.end(4) - found.start()
            return found[0][:before] + source.strip() + "\n" + found[0][after:]

        if write:
            document.write_text(text := block.sub(renewed, text))
        for found in block.finditer(text):
            where = f"{document}:{text[:found.start()].count(chr(10)) + 1}:"
            if not found[1]:
                yield f"{where} a block of code without a line <!-- from: FILE --> above it"
                continue
            source, wrong = source_of(top, found[1], found[2])
            if wrong:
                yield f"{where} {wrong}"
            elif source.strip() != found[4].strip():
                yield f"{where} differs from {found[1]} {found[2] or ''}: docs.py --write renews it"


if __name__ == "__main__":
    house.report("docs", problems(house.root(), write="--write" in sys.argv))
