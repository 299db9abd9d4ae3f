#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every C++ file is as clang-format 14 leaves it; another version formats otherwise and is not
asked. 'format.py --write' formats."""
import re
import shutil
import subprocess
import sys

import house


def version_14():
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name):
            words = subprocess.run([name, "--version"], stdout=subprocess.PIPE, text=True).stdout
            if re.search(r"version 14\.", words):
                return name
    return None


def problems(top, program, write=False):
    files = [path for path in house.tracked(top) if path.suffix in (".hpp", ".cpp", ".cuh", ".cu")]
    if write and files:
        subprocess.run([program, "-i", *files], check=True)
    for first in range(0, len(files), 50):
        told = subprocess.run([program, "--dry-run", "--style=file", *files[first:first + 50]],
                              stderr=subprocess.PIPE, text=True).stderr
        for path in dict.fromkeys(re.findall(r"^(\S+?):\d+:\d+: warning", told, re.M)):
            yield f"{path}:1: not as clang-format leaves it (tests/style/format.py --write)"


if __name__ == "__main__":
    if not (clang_format := version_14()):
        print("skipped: clang-format 14 is not here")
    else:
        house.report("format", problems(house.root(), clang_format, write="--write" in sys.argv))
