#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A header has at most 400 lines, a line of code at most 100 columns. Wider may be what is written
as a table (between clang-format off and on) and the text of another language in a raw string."""
import re

import house


def problems(top):
    for path in house.headers(top):
        count = len(path.read_text().splitlines())
        if count > 400:
            yield f"{path}:1: {count} lines; 400 is the limit: one noun a file"
    for path in house.tracked(top):
        if path.suffix not in (".hpp", ".cpp", ".py", ".cmake") and path.name != "CMakeLists.txt":
            continue
        text = re.sub(r"clang-format off.*?clang-format on|R\"(\w*)\(.*?\)\1\"",
                      lambda found: "\n" * found[0].count("\n"), path.read_text(), flags=re.S)
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > 100:
                yield f"{path}:{number}: {len(line)} columns; 100 is the limit"


if __name__ == "__main__":
    house.report("lengths", problems(house.root()))
