#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every header compiles alone and without a warning: alone.py COMPILER [together]. Once for this
machine and, where code depends on the instruction set, once for any machine. 'together': all of
them in one translation unit, for a second compiler, since what a header forgets to include the
first one has said already. Parts are left out: every build compiles each of them alone, and so is
what only nvcc understands."""
import concurrent.futures
import os
import subprocess
import sys

import house

flags = "-std=c++20 -Wall -Wextra -Werror -ffp-contract=off -fsyntax-only -x c++".split()


def compiled(compiler, include, paths, arch):
    """What the compiler says of a translation unit that is only these headers."""
    command = [compiler, *flags, *arch, "-I", include, "-"]
    text = "".join(f"#include <{path.relative_to(include)}>\n" for path in paths)
    told = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env=dict(os.environ, LC_ALL="C"))
    return told.stdout or f"exit {told.returncode}" if told.returncode else ""


def problems(top, compiler, together):
    include = top / "include"
    headers = [path for path in house.headers(top)
               if not path.name.endswith(("part.hpp", "parts.hpp", ".cuh"))]
    some = [path for path in headers
            if path.parent.name == "device" or path.name.endswith(".cpu.hpp")]
    jobs = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for paths, arch in ((headers, ["-march=native"]), (some, [])):
            for unit in [paths] if together else [[path] for path in paths]:
                jobs.append((unit, pool.submit(compiled, compiler, include, unit, arch)))
        for unit, job in jobs:
            if words := job.result():
                yield f"{unit[0]}:1: does not compile alone with {compiler}:\n{words}"


if __name__ == "__main__":
    house.report("alone", problems(house.here, sys.argv[1], sys.argv[2:] == ["together"]))
