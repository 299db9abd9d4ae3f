#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A roofline table: roofline.py WHAT... [--filter EXPRESSION] [--json OUT.json]. Each WHAT is a
program of bench/, which is run, or a file with what one wrote for --benchmark_format=json.

bound     what the op cannot beat: the time of its FLOP at the measured peak, or that of its bytes
          at the speed of a copy of the same size, whichever is longer
reached   the speed in the unit of the bound, in the median
share     of the bound; by CPU time where the machine was shared, see bench/README.md"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def document(what, expression):
    if not os.access(what, os.X_OK):
        return json.loads(pathlib.Path(what).read_text())
    command = [what, "--benchmark_format=json"]
    if expression:
        command.append("--benchmark_filter=" + expression)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode != 0:
        sys.exit(f"{what}: ended with {done.returncode}")
    return json.loads(done.stdout or '{"context": {}, "benchmarks": []}')


def short(number, unit):
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= factor:
            return f"{number / factor:.3g} {prefix}{unit}"
    return f"{number:.3g} {unit}"


def rows_of(documents):
    """One a case that states a limit. What a case does not measure itself (a GEMM no copy, a norm
    no peak) is the median of the cases that do, with the same number of threads."""
    cases = []
    for one in documents:
        program = pathlib.Path(one["context"].get("executable", "")).name.removeprefix("bench_")
        for case in one["benchmarks"]:
            if case.get("run_type") == "aggregate" or not {"peak", "copy"} & case.keys():
                continue
            family, *words = case["name"].split("/")
            shape = [word for word in words
                     if not re.match(r"manual_time|min_time|iterations", word)]
            threads = next((word for word in shape if word.startswith("threads:")), "")
            cases.append((program, family, shape, threads, case))
    peaks = {}
    for *_, threads, case in cases:
        if "peak" in case:
            peaks.setdefault(threads, []).append(case["peak"])
    for program, family, shape, threads, case in cases:
        flop, moved = case.get("flop", 0), case.get("bytes", 0)
        seconds = case["real_time"] * units[case["time_unit"]]
        peak = case.get("peak") or (statistics.median(peaks[threads]) if threads in peaks else 0)
        by_flop = flop / peak if peak else 0
        by_bytes = moved / case["copy"] if "copy" in case else 0
        # Of medians, and of the time that passed: the case's own share is that of each repeat.
        of_peak = by_flop > by_bytes
        own = case.get("share_of_peak" if of_peak else "share_of_copy")
        share = own if own is not None else by_flop / seconds
        yield {"op": f"{program} {family}", "shape": " ".join(shape), "flop": flop, "bytes": moved,
               "bound": "peak" if of_peak else "copy",
               "limit": peak if of_peak else case.get("copy", 0),
               "reached": share * (peak if of_peak else case.get("copy", 0)), "share": share,
               "share_by_cpu_time": case.get("share_by_cpu_time"), "seconds": seconds}


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse
                                    .RawDescriptionHelpFormatter)
    words.add_argument("what", nargs="+")
    words.add_argument("--filter", help="cases that hold this expression, of programs")
    words.add_argument("--json")
    options = words.parse_args()
    rows = list(rows_of([document(what, options.filter) for what in options.what]))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    header = ("op", "shape", "FLOP", "bytes", "bound", "reached", "share", "by CPU time")
    table = [header]
    for row in rows:
        unit = "FLOP/s" if row["bound"] == "peak" else "B/s"
        by_cpu = row["share_by_cpu_time"]
        table.append((row["op"], row["shape"], short(row["flop"], ""),
                      short(row["bytes"], "B") if row["bytes"] else "",
                      f"{row['bound']} {short(row['limit'], unit)}", short(row["reached"], unit),
                      f"{row['share']:.1%}", f"{by_cpu:.1%}" if by_cpu is not None else ""))
    widths = [max(len(line[i]) for line in table) for i in range(len(header))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


if __name__ == "__main__":
    main()
