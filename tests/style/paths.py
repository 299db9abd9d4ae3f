#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing in the repository names a path of one machine, and nothing is left undone."""
import re

import house

# Written so that this file does not find itself.
machine = re.compile(r"(?<![\w.}])/(wor[k]|roo[t]|hom[e]/\w+|tm[p])/\w")
undone = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X])\b|not implemente[d]")


def problems(top):
    for path in house.tracked(top):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if machine.search(line):
                yield f"{path}:{number}: a path of one machine: {line.strip()}"
            if undone.search(line):
                yield f"{path}:{number}: left undone: {line.strip()}"


if __name__ == "__main__":
    house.report("paths", problems(house.root()))
