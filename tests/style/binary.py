#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A trainer dispatches nothing at run time: binary.py TRAINER.

It holds no vtable of moe's. And no function that a training step reaches calls through a pointer,
except where indirect_calls.txt allows it, one regular expression a line with its reason; a line
that allows nothing any more is an error, too. Reached is what direct calls lead to from the step
itself and from the work that it hands to the thread pool. A switch's jump table is no call, and
neither is a library function that the linker enters through its table of addresses."""
import collections
import pathlib
import re
import subprocess
import sys

# The second by its mangled name, too: some are too long for the demangler.
roots = re.compile(r"moe::trainer<.*>::step\(|moe::pool::run<|3moe4pool3run")
allowed_file = pathlib.Path(__file__).with_name("indirect_calls.txt")


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE,
                          text=True, errors="replace").stdout


def functions(binary):
    """{address: (name, [instruction, ...])}"""
    found, lines = {}, None
    for line in run("objdump", "-d", "-C", "--no-show-raw-insn", binary).splitlines():
        if head := re.match(r"([0-9a-f]+) <(.*)>:$", line):
            lines = []
            found[int(head[1], 16)] = (head[2], lines)
        elif lines is not None and "\t" in line:
            lines.append(line.split("\t", 1)[1].strip())
    return found


def calls(instructions):
    """(addresses called or jumped to directly, instructions that go where a pointer says)"""
    direct, indirect = set(), []
    for at, line in enumerate(instructions):
        found = re.match(r"(?:notrack |bnd )?(call|jmp)q?\s+(\*?)(\S+)", line)
        if not found:
            if jump := re.match(r"j\w+\s+([0-9a-f]+) <", line):
                direct.add(int(jump[1], 16))
            continue
        kind, star, target = found.groups()
        if not star:
            direct.add(int(re.match(r"[0-9a-f]+", target)[0], 16))
        elif "(%rip)" in target and "@" in line:
            continue  # the address of a library's function
        elif kind == "jmp" and (",8)" in target or is_table(instructions[:at][-8:], target)):
            continue
        else:
            indirect.append(line)
    return direct, indirect


def is_table(before, register):
    """A switch loads an offset from a table and adds the table's address."""
    text = "\n".join(before)
    return bool(re.search(rf"add\s+%\w+,{register}$", text, re.M) and "movs" in text)


def reached(program):
    starts = sorted(program)
    seen = set()
    waiting = collections.deque(at for at in starts if roots.search(program[at][0]))
    while waiting:
        at = waiting.popleft()
        if at in seen or at not in program:
            continue
        seen.add(at)
        name, instructions = program[at]
        waiting.extend(calls(instructions)[0])
    return seen


def check(binary):
    for line in run("nm", "-C", binary).splitlines():
        if "vtable for moe::" in line:
            yield line.strip()
    program = functions(binary)
    step = reached(program)
    names = sorted(program[at][0] for at in step)
    if not any("::step(" in name for name in names):
        yield "found no step of a trainer in it"
    allowed = [line.split("  # ") for line in allowed_file.read_text().splitlines()
               if line and not line.startswith("#")]
    used = set()
    for at in sorted(step):
        name, instructions = program[at]
        for line in calls(instructions)[1] if "@plt" not in name else ():
            match = next((rule for rule, _ in allowed if re.search(rule, name)), None)
            used.add(match)
            if match is None:
                yield f"{line} in {name}"
    for rule, _ in allowed:
        if rule not in used:
            yield f"{allowed_file.name}: '{rule}' allows nothing"
    print(f"{len(step)} functions reached from the step")


if __name__ == "__main__":
    problems = list(check(sys.argv[1]))
    print("\n".join(problems) + ("\n" if problems else "") + f"binary: {len(problems)} found")
    sys.exit(1 if problems else 0)
