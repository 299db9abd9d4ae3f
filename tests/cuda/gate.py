#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the compiler made of the kernels is what it made of them before:
gate.py LOG CUBIN NVDISASM MANIFEST [--write]

LOG holds the words of nvcc -Xptxas -v. For each kernel the manifest says registers, stack, spills,
barriers, and how many instructions of the families below it has, in all and in its main loop (the
longest loop with tensor instructions, else with loads). Any drift fails; with another release of
nvcc than the manifest's, registers may also be fewer and only tensor instructions, copies and
barriers are counted. --write writes the manifest anew; its change belongs to the commit that caused
it."""
import json
import pathlib
import re
import subprocess
import sys

families = ("HMMA LDSM LDGSTS LDGDEPBAR DEPBAR LDG STG LDS STS BAR SHFL MUFU CALL LDL STL ATOM "
            "ATOMG RED LD ST").split()
always_the_same = ("HMMA", "LDSM", "LDGSTS", "LDGDEPBAR", "BAR", "SHFL")
never = ("LDL", "STL", "ATOM", "ATOMG", "RED", "LD", "ST")


def kernel_of(symbol):
    """entryIN4test4gemmE... -> gemm"""
    found = re.search(r"4test(\d+)", symbol)
    return symbol[found.end():][:int(found[1])] if found else symbol


def from_log(text):
    """{kernel: what ptxas says of it}, [lines that are no good]"""
    kernels, bad, name = {}, [], None
    for line in text.splitlines():
        if found := re.search(r"Compiling entry function '(\S+)' for '(\S+)'", line):
            name = kernel_of(found[1])
            kernels[name] = {"architecture": found[2]}
        elif found := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, "
                                r"(\d+) bytes spill loads", line):
            kernels[name] |= {"stack": int(found[1]), "spills": int(found[2]) + int(found[3])}
        elif found := re.search(r"Used (\d+) registers(?:, used (\d+) barriers)?", line):
            kernels[name] |= {"registers": int(found[1]), "barriers": int(found[2] or 0)}
        elif re.search(r"warning|error|\bC75\d\d\b", line):
            bad.append(line)
    return kernels, bad


def counts(opcodes):
    table = {}
    for opcode in opcodes:
        if opcode.split(".")[0] in families:
            table[opcode] = table.get(opcode, 0) + 1
    return dict(sorted(table.items()))


def from_sass(text):
    """{kernel: {"instructions": {...}, "loop": {...}}}"""
    kernels, body, labels, loops, name = {}, [], {}, [], None

    def finish():
        if name is None:
            return
        tensor = [l for l in loops if any(o.startswith("HMMA") for o in l)]
        loads = [l for l in loops if any(o.startswith("LDG") for o in l)]
        main = max(tensor or loads or [[]], key=len)
        kernels[name] = {"instructions": counts(body), "loop": counts(main),
                         "loop_length": len(main)}

    for line in text.splitlines():
        if found := re.match(r"\.text\.(\S+):", line):
            finish()
            name, body, labels, loops = kernel_of(found[1]), [], {}, []
        elif found := re.match(r"(\.L_\w+):", line):
            labels[found[1]] = len(body)
        elif found := re.match(r"\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)(.*)", line):
            if "@!PT" in line:  # never executed
                continue
            body.append(found[1])
            target = re.search(r"`\((\.L_\w+)\)", found[2])
            if found[1].startswith("BRA") and target and target[1] in labels:
                loops.append(body[labels[target[1]]:])
    finish()
    return kernels


def same_families(table):
    return {o: n for o, n in table.items() if o.split(".")[0] in always_the_same}


def problems(now, before, same_release):
    for name in sorted(now.keys() | before.keys()):
        if name not in now or name not in before:
            yield f"{name}: {'is new' if name in now else 'is gone'}; write the manifest anew"
            continue
        is_, was = now[name], before[name]
        for key in ("stack", "spills"):
            if is_[key]:
                yield f"{name}: {is_[key]} bytes of {key}; none are allowed"
        for opcode in is_["instructions"]:
            if opcode.split(".")[0] in never:
                yield f"{name}: has {opcode}"
        if is_["registers"] > was["registers"]:
            yield f"{name}: {is_['registers']} registers; the manifest allows {was['registers']}"
        keys = is_ if same_release else ("architecture", "barriers", "instructions", "loop")
        for key in keys:
            a, b = is_[key], was[key]
            if not same_release and isinstance(a, dict):
                a, b = same_families(a), same_families(b)
            if a != b:
                yield f"{name}: {key} {json.dumps(a)}; the manifest says {json.dumps(b)}"


def main():
    log, cubin, nvdisasm, manifest = map(pathlib.Path, sys.argv[1:5])
    text = log.read_text()
    now, bad = from_log(text)
    sass = subprocess.run([nvdisasm, "-c", cubin], check=True, stdout=subprocess.PIPE, text=True)
    for name, seen in from_sass(sass.stdout).items():
        now[name] |= seen
    release = re.search(r"release (\S+),", text)
    release = release[1] if release else "unknown"
    if "--write" in sys.argv:
        words = {"nvcc": release, "kernels": now}
        manifest.write_text(json.dumps(words, indent=1, sort_keys=True) + "\n")
    before = json.loads(manifest.read_text())
    found = bad + list(problems(now, before["kernels"], before["nvcc"] == release))
    for line in found:
        print(line)
    print(f"gate: {len(now)} kernels by nvcc {release}, {len(found)} found")
    return 1 if found or not now else 0


if __name__ == "__main__":
    sys.exit(main())
