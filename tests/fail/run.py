#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles each program beside this file, which must fail with the words that it names first.

A program says in a line '// expect: ...' how the first error must begin; '// expect: nothing' means
that it must compile. One mistake, one sentence: no second error of moe's may follow. And every
sentence that the recipe room can say must be provoked by one of the programs.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# The sentence, and the static_assert of the program itself; a mistake that only the compiler finds
# also leaves the recipe without a value.
MOST_ERRORS = 3


def run_compiler(program, command):
    environment = dict(os.environ, LC_ALL="C")
    return subprocess.run(command + [str(program)], capture_output=True, text=True, timeout=120,
                          env=environment)


def first_words(error):
    """What a failed static_assert says, or else the whole error."""
    at = error.find("moe: ")
    return error[at:].replace('\\"', '"') if at >= 0 else error


def judge(program, command):
    """(complaint or None, sentence that was said)"""
    expected = re.search(r"^// expect: (.+)$", program.read_text(encoding="utf-8"), re.MULTILINE)
    if not expected:
        return "has no line '// expect: ...'", ""
    expected = expected.group(1).strip()
    result = run_compiler(program, command)
    errors = [line for line in result.stderr.splitlines() if "error: " in line]
    if expected == "nothing":
        if result.returncode != 0 or result.stderr.strip():
            return "must compile without a word:\n" + result.stderr, ""
        return None, ""
    if result.returncode == 0:
        return "compiles, but must not", ""
    if result.returncode not in (1, 2) or not errors:
        return f"the compiler itself failed ({result.returncode}):\n" + result.stderr, ""
    said = first_words(errors[0])
    found = said.startswith(expected) if expected.startswith("moe: ") else expected in said
    if not found:
        return f"expected: {expected}\n  but first: {errors[0]}", said
    ours = [line for line in errors if "moe: " in line]
    if len(errors) > MOST_ERRORS or (expected.startswith("moe: ") and len(ours) != 1):
        return "a second wave of errors:\n  " + "\n  ".join(errors), said
    return None, said


def sentences(folder):
    """Every message of a static_assert in the headers of a folder."""
    assertion = re.compile(r'static_assert\([^;]*?,\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\);')
    for header in sorted(folder.glob("*.hpp")):
        for match in assertion.finditer(header.read_text(encoding="utf-8")):
            parts = re.findall(r'"((?:[^"\\]|\\.)*)"', match.group(1))
            yield header.name, "".join(parts).replace('\\"', '"')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--include", default=str(HERE.parent.parent / "include"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("programs", nargs="*", type=pathlib.Path, help="default: all of them")
    parser.add_argument("--flags", nargs=argparse.REMAINDER, default=[],
                        help="the rest of the line; default: -std=c++20 -Wall -Wextra")
    options = parser.parse_args()
    flags = options.flags or ["-std=c++20", "-Wall", "-Wextra"]
    command = [options.compiler, *flags, "-fsyntax-only", "-I", options.include]
    programs = options.programs or sorted(HERE.glob("*.cpp"))

    failed = 0
    passed = 0

    def report(name, complaint):
        nonlocal failed, passed
        if complaint is None:
            passed += 1
        else:
            failed += 1
            print(f"{name}: {complaint}")

    said = []
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        for program, (complaint, words) in zip(programs, pool.map(
                lambda program: judge(program, command), programs)):
            report(program.name, complaint)
            said.append(words)
    if not options.programs:
        for header, sentence in sentences(pathlib.Path(options.include) / "moe" / "recipe"):
            complaint = None
            if not sentence.isascii() or "`" in sentence or not sentence.startswith("moe: "):
                complaint = "must be ASCII without backticks and begin with 'moe: '"
            elif "e.g.: " not in sentence:
                complaint = "must show a line to paste"
            elif not any(sentence in words for words in said):
                complaint = "no program provokes it"
            report(f"{header}: '{sentence}'", complaint)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
