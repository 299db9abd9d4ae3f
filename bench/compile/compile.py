#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a user's compiler pays, against a budget: compile.py COMPILER REPOSITORY. One JSON line a
case: processor seconds and peak memory, the best of three. Exit code 1 above a budget."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

flags = "-std=c++20 -O3 -march=native -ffp-contract=off -pthread".split()
trainer = ('#include "domains.hpp"\n#include <moe/app/main.hpp>\n'
           "int main(int n, char** words) {{ return moe::program<domains>(n, words); }}\n")


def cases(top):
    """(name, source, flags, seconds, MB)"""
    rooms = re.search(r"set\(MOE_ROOMS ([^)]*)\)", (top / "cmake/rooms.cmake").read_text())
    light = rooms[1].partition(" recipe")[0].split() + ["recipe"]
    umbrella = (top / "include/moe/moe.hpp").read_text()
    lines = "".join(f"{line}\n" for line in umbrella.splitlines()
                    if (found := re.match(r"#include <moe/(\w+)/", line)) and found[1] in light)
    yield "rooms_up_to_recipe", lines, ["-fsyntax-only"], 1.0, 500
    yield "umbrella", "#include <moe/moe.hpp>\n", ["-fsyntax-only"], 1.5, 500
    yield "trainer", trainer.format(), [f"-I{top / 'examples'}", "-c", "-o", os.devnull], 20, 1500


def measure(command):
    """(processor seconds, peak MB)"""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"does not compile: {' '.join(map(str, command))}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    compiler, top = sys.argv[1], pathlib.Path(sys.argv[2])
    over = False
    for name, source, more, seconds_budget, memory_budget in cases(top):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder, f"{name}.cpp")
            unit.write_text(source)
            seconds, memory = min(measure([compiler, *flags, f"-I{top / 'include'}", *more, unit])
                                  for _ in range(3))
        over |= seconds > seconds_budget or memory > memory_budget
        print(json.dumps({"case": name, "compiler": compiler, "seconds": round(seconds, 2),
                          "seconds_budget": seconds_budget, "peak_mb": round(memory),
                          "peak_mb_budget": memory_budget}))
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
