#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The gate finds each kind of drift: gate_can_fail.py LOG CUBIN NVDISASM. The manifest, or the
words of the compiler, are changed in one place, and the gate must name it."""
import json
import pathlib
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
log, cubin, nvdisasm = sys.argv[1:4]


def gate(words, manifest):
    with tempfile.TemporaryDirectory() as folder:
        changed_log, changed = pathlib.Path(folder) / "log", pathlib.Path(folder) / "manifest.json"
        changed_log.write_text(words)
        changed.write_text(json.dumps(manifest))
        told = subprocess.run([sys.executable, here / "gate.py", changed_log, cubin, nvdisasm,
                               changed], stdout=subprocess.PIPE, text=True)
        return told.returncode, told.stdout


def changed(path, by):
    manifest = json.loads((here / "manifest.json").read_text())
    *way, last = path.split("/")
    at = manifest["kernels"]
    for key in way:
        at = at[key]
    at[last] = by(at.get(last))
    return manifest


words = pathlib.Path(log).read_text()
sound = json.loads((here / "manifest.json").read_text())
cases = [
    (words, sound, 0, "0 found"),
    (words, changed("gemm/registers", lambda n: n - 1), 1, "the manifest allows"),
    (words, changed("gemm/loop/HMMA.16816.F32.BF16", lambda n: n + 1), 1, "gemm: loop"),
    (words, changed("rms_norm/instructions/SHFL.BFLY", lambda n: n - 1), 1, "instructions"),
    (words, changed("other", lambda _: {}), 1, "other: is gone"),
    (words.replace("0 bytes spill stores", "8 bytes spill stores", 1), sound, 1, "of spills"),
    (words.replace("0 bytes stack frame", "16 bytes stack frame", 1), sound, 1, "of stack"),
    (words + "ptxas info : (C7510) serialized\n", sound, 1, "C7510"),
]
failed = 0
for log_words, manifest, code, expected in cases:
    got, told = gate(log_words, manifest)
    if got != code or expected not in told:
        print(f"expected exit {code} and '{expected}', got exit {got} and:\n{told}")
        failed += 1
print(f"{len(cases) - failed} passed, {failed} failed")
sys.exit(failed > 0)
