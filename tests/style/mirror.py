#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""include/moe/<room>/<file>.hpp is tested in tests/<room>/<file>.cpp, and every such test has its
header. Without a test of their own: umbrellas (nothing but includes), bodies (.cpu.hpp), whose op's
test compares them with the reference, parts (.part.hpp), tested with what they define, and what
only nvcc compiles (.cuh), tested by tests/cuda."""
import re

import house


def is_umbrella(path):
    return not re.search(r"^(?!\s*$|\s*//|\s*#)", path.read_text(), re.M)


def problems(top):
    rooms = house.rooms(top)
    stems = set()
    for path in house.headers(top):
        parts = path.relative_to(top / "include/moe").parts
        stems.add("/".join(parts).removesuffix(path.suffix))
        if len(parts) < 2 or path.name.count(".") > 1 or is_umbrella(path):
            continue
        if path.suffix == ".cuh":
            continue
        test = top.joinpath("tests", *parts[:-1], path.stem + ".cpp")
        if not test.is_file():
            yield f"{path}:1: no test {test.relative_to(top)}"
    for room in rooms:
        for test in sorted((top / "tests" / room).rglob("*.cpp")):
            stem = str(test.relative_to(top / "tests").with_suffix(""))
            if stem not in stems:
                yield f"{test}:1: no header include/moe/{stem}.hpp"
            if "TEST_CASE" not in test.read_text():
                yield f"{test}:1: tests nothing"


if __name__ == "__main__":
    house.report("mirror", problems(house.root()))
