#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every header compiles alone and without a warning: alone.py COMPILER. Once for this machine and,
where code depends on the instruction set, once for any machine. Parts are left out: every build
compiles each of them alone, and so is what only nvcc understands."""
import concurrent.futures
import os
import subprocess
import sys

import house

flags = "-std=c++20 -Wall -Wextra -Werror -ffp-contract=off -fsyntax-only -x c++".split()


def compiled(compiler, include, path, arch):
    """What the compiler says of a translation unit that is only this header."""
    command = [compiler, *flags, *arch, "-I", include, "-"]
    told = subprocess.run(command, input=f"#include <{path.relative_to(include)}>\n",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=dict(os.environ, LC_ALL="C"))
    return told.stdout or f"exit {told.returncode}" if told.returncode else ""


def problems(top, compiler):
    include = top / "include"
    jobs = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path in house.headers(top):
            if path.name.endswith(("part.hpp", "parts.hpp", ".cuh")):
                continue
            arches = [["-march=native"]]
            if path.parent.name == "device" or path.name.endswith(".cpu.hpp"):
                arches.append([])
            for arch in arches:
                jobs.append((path, pool.submit(compiled, compiler, include, path, arch)))
        for path, job in jobs:
            if words := job.result():
                yield f"{path}:1: does not compile alone with {compiler}:\n{words}"


if __name__ == "__main__":
    house.report("alone", problems(house.here, sys.argv[1]))
