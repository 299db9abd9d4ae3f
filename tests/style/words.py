#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No dispatch at run time and no float atomics in include/; every file says its licence first."""
import re

import house

banned = {
    r"\bvirtual\b": "virtual", r"\bstd::function\b": "std::function", r"\btypeid\b": "typeid",
    r"\bdynamic_cast\b": "dynamic_cast", r"\bstd::any\b": "std::any",
    r"\bstd::variant\b": "std::variant", r"\batomic<\s*(float|double)": "a float atomic",
    r"\bfetch_add\s*\(\s*[\d.]+[fF]\b": "a float atomic",
}
in_bodies = {r"\bstd::exp\b": "std::exp: exponential() gives the same bits everywhere"}
in_headers = {r"^using namespace\b": "using namespace"}
comments = re.compile(r"@(param|tparam|return|brief)\b")
licence = "SPDX-License-Identifier: MIT"


def problems(top):
    for path in house.headers(top):
        text = path.read_text()
        code = house.without_comments(text)
        for number, line in enumerate(code.splitlines(), 1):
            rules = banned | (in_bodies if path.name.endswith(".cpu.hpp") else in_headers)
            for pattern, name in rules.items():
                if re.search(pattern, line):
                    yield f"{path}:{number}: {name}"
        for number, line in enumerate(text.splitlines(), 1):
            if comments.search(line):
                yield f"{path}:{number}: a comment says why, a unit, a shape or a promise"
        if text.splitlines()[:1] != [f"// {licence}"]:
            yield f"{path}:1: the first line must be // {licence}"
        if "#pragma once" not in text:
            yield f"{path}:1: no #pragma once"
    for path in house.tracked(top):
        if path.suffix in (".cpp", ".py") and licence not in path.read_text()[:200]:
            yield f"{path}:1: does not say {licence}"


if __name__ == "__main__":
    house.report("words", problems(house.root()))
