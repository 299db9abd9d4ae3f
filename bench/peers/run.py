#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ours and theirs on the same work, in turns: run.py PROGRAMS PYTHON OUT.json [options].

PROGRAMS is the folder of the bench_* programs, PYTHON that of an environment with torch. Against
each peer ours runs anew: ours, theirs, ours, theirs... so that both meet the same machine, and each
ratio is one of neighbours. The numbers are medians; what they mean is in bench/README.md."""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

peer = pathlib.Path(__file__).with_name("peer.py")
threads = 2

step_variants = [
    "eager-loop-fp32", "eager-grouped-fp32", "eager-padded-fp32", "eager-loop-autocast",
    "eager-grouped-autocast", "eager-loop-bf16", "eager-grouped-bf16", "compiled-loop-fp32",
    "compiled-grouped-fp32", "compiled-padded-fp32", "compiled-loop-autocast",
    "compiled-grouped-autocast", "compiled-loop-bf16", "compiled-grouped-bf16",
    "huggingface-eager-fp32", "huggingface-grouped_mm-fp32", "huggingface-grouped_mm-bf16"]
gemm_variants = ["torch-fp32", "torch-bf16", "onednn-fp32", "onednn-bf16", "openblas-fp32"]
gemm_sizes = ["4096x256x768", "1024x256x256", "2048x512x1024", "1024x1024x1024"]
adamw_size = (32768, 512)


class Failed(Exception):
    pass


class Ours:
    """A case of one of our programs: the name of a benchmark up to its number of repeats. A round
    is a process of its own, which starts in a moment."""

    def __init__(self, program, case, options=()):
        self.command = [program, "--benchmark_format=json", *options,
                        "--benchmark_filter=^" + re.escape(case) + "(/|$)"]

    def round(self):
        done = subprocess.run(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True)
        cases = json.loads(done.stdout)["benchmarks"] if done.returncode == 0 else []
        if len(cases) != 1 or cases[0].get("error_occurred"):
            raise Failed(f"{' '.join(self.command)}: expected one case that runs")
        case = cases[0]
        scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[case["time_unit"]]
        case["seconds"] = case.get("step_ms", 0) / 1e3 or case["real_time"] * scale
        return case


class Theirs:
    """A peer as a process that waits between rounds."""

    def __init__(self, python, work, variant, log, preload=None):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OMP_PROC_BIND="true",
                           MKL_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads),
                           TORCHINDUCTOR_CACHE_DIR=str(log.parent / "inductor"))
        if preload:
            environment["LD_PRELOAD"] = preload
        self.log = log
        self.process = subprocess.Popen(
            [python, peer, work, variant], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=log.open("w"), text=True, env=environment)
        self.about = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            said = self.log.read_text().strip().splitlines()
            raise Failed(said[-1][:200] if said else
                         f"ended with {self.process.wait()} and without a word")
        return json.loads(line)

    def round(self, runs):
        self.process.stdin.write(f"{runs}\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def in_turns(ours, make_theirs, rounds, runs, budget):
    """Rounds of both until there are enough or the time is spent, but two at least."""
    theirs = make_theirs()
    begin, our_rounds, their_rounds = time.monotonic(), [], []
    try:
        while len(their_rounds) < rounds and (
                len(their_rounds) < 2 or time.monotonic() - begin < budget):
            our_rounds.append(ours.round())
            their_rounds.append(theirs.round(runs))
    finally:
        theirs.end()
    seconds = [one for answer in their_rounds for one in answer["seconds"]]
    of_ours = [one["seconds"] for one in our_rounds]
    result = {
        "ours": our_rounds, "theirs": their_rounds, "about": theirs.about, "runs": len(seconds),
        "our_seconds": statistics.median(of_ours), "seconds": statistics.median(seconds),
        "best_seconds": min(seconds), "our_best_seconds": min(of_ours),
        "ratio": statistics.median(statistics.median(answer["seconds"]) / one
                                   for answer, one in zip(their_rounds, of_ours)),
        "peak": statistics.median(one["peak"] for one in our_rounds if "peak" in one)
        if "peak" in our_rounds[0] else None,
        "resident": max(answer["resident"] for answer in their_rounds),
        "load": os.getloadavg()[0]}
    for name in ("optimizer_seconds", "busy_seconds"):
        if all_of_it := [one for answer in their_rounds for one in answer.get(name, [])]:
            result[name] = statistics.median(all_of_it)
    return result


def cases_of(program, pattern):
    listed = subprocess.run([program, "--benchmark_list_tests"], stdout=subprocess.PIPE, text=True,
                            check=True).stdout.splitlines()
    return [name for name in listed if re.match(pattern, name)]


class Comparison:
    def __init__(self, options):
        self.options = options
        self.out = pathlib.Path(options.out)
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.results = []

    def compare(self, work, ours_name, ours, variant, runs, preload=None):
        name = variant + ("+allocator" if preload else "")
        log = self.out.parent / f"{work.replace(':', '_')}-{name}.log"
        result = {"work": work, "ours_is": ours_name, "variant": name}
        print(f"  {work} {ours_name} against {name} ...", file=sys.stderr, flush=True)
        try:
            result |= in_turns(
                ours, lambda: Theirs(self.options.python, work, variant, log, preload),
                self.options.rounds, runs, self.options.seconds)
        except Failed as failure:
            result["failed"] = str(failure)
        self.results.append(result)
        self.save()
        return result

    def save(self):
        self.out.write_text(json.dumps({
            "machine": machine(), "rounds": self.options.rounds, "results": self.results},
            indent=1) + "\n")

    def steps(self, model):
        program = self.options.programs + "/bench_train_step"
        pattern = rf"{model}/[^/]+/threads:{threads}/tokens:\d+/grains:1\b"
        names = [re.match(pattern, name)[0] for name in cases_of(program, pattern)]
        runs = ["--steps=" + str(self.options.steps)]
        ours = {name.split("/")[1]: Ours(program, name, runs) for name in names}
        for variant in self.chosen(step_variants):
            # Against ours of the same number format, if there is one.
            precision = "fp32" if variant.endswith("fp32") else "bf16"
            which = precision if precision in ours else next(iter(ours))
            self.compare(model, which, ours[which], variant, self.options.steps)
        done = self.of(model)
        if not done:
            return
        best = min(done, key=lambda one: one["seconds"])
        for precision, mine in ours.items():
            if precision != best["ours_is"]:
                self.compare(model, precision, mine, best["variant"], self.options.steps)
        # The order may be another one with another allocator.
        for preload in filter(os.path.exists, self.options.preload):
            for one in sorted(done, key=lambda one: one["seconds"])[:2]:
                self.compare(model, one["ours_is"], ours[one["ours_is"]], one["variant"],
                             self.options.steps, preload)

    def gemms(self):
        program = self.options.programs + "/bench_op_linear"
        for size in gemm_sizes:
            tokens, inputs, outputs = size.split("x")
            shape = f"threads:{threads}/tokens:{tokens}/in:{inputs}/out:{outputs}"
            for name in cases_of(program, rf"forward[^/]*/{shape}\b"):
                case = re.match(rf"[^/]*/{shape}", name)[0]
                which = "bf16" if "bfloat16" in case else "fp32"
                mine = Ours(program, case, ["--benchmark_min_time=0.1"])
                for variant in self.chosen(gemm_variants):
                    self.compare(f"gemm:{size}", which, mine, variant, 20)

    def adamw(self):
        rows, width = adamw_size
        case = f"update<float>/threads:{threads}/tokens:{rows}/width:{width}"
        mine = Ours(self.options.programs + "/bench_op_adamw_step", case,
                    ["--benchmark_min_time=0.2"])
        self.compare(f"adamw:{rows * width}", "fp32", mine, "fused", 20)

    def chosen(self, variants):
        return [one for one in variants if re.search(self.options.variants, one)]

    def of(self, work):
        return [one for one in self.results if one["work"] == work and "failed" not in one]

    def print_steps(self, model):
        done = self.of(model)
        if not done:
            return
        first = done[0]["ours"][0]
        tokens, flop = 4096, first["flop_per_token"]
        print(f"\n{model}: {tokens} tokens a step, {flop / 1e6:.1f} MFLOP a token, {threads} "
              f"threads, peak {statistics.median(one['peak'] for one in done) / 1e9:.0f} GFLOP/s")
        print(f"{'':34}{'tokens/s':>10}{'best':>8}{'of peak':>9}{'by CPU':>8}{'RSS MB':>8}"
              f"{'update ms':>11}{'steps':>7}{'ours/it':>9}")

        def line(name, seconds, best, peak, by_cpu, resident, update, runs, ratio=""):
            print(f"{name:34}{tokens / seconds:>10.0f}{tokens / best:>8.0f}"
                  f"{tokens / seconds * flop / peak:>9.1%}{by_cpu:>8.1%}{resident / 1e6:>8.0f}"
                  f"{1e3 * update:>11.1f}{runs:>7}{ratio:>9}")

        for precision in dict.fromkeys(one["ours_is"] for one in done):
            mine = [one for result in done if result["ours_is"] == precision
                    for one in result["ours"]]
            line(f"ours {precision}", statistics.median(one["seconds"] for one in mine),
                 min(one["seconds"] for one in mine),
                 statistics.median(one["peak"] for one in mine),
                 statistics.median(one["share_by_cpu_time"] for one in mine),
                 1e6 * max(one["resident_mb"] for one in mine),
                 statistics.median(one["optimizer_ms"] for one in mine) / 1e3,
                 len(mine) * self.options.steps)
        for one in sorted(done, key=lambda one: one["seconds"]):
            line(f"{one['variant']} ({one['ours_is']})", one["seconds"], one["best_seconds"],
                 one["peak"], tokens * flop / one["busy_seconds"] / one["peak"], one["resident"],
                 one["optimizer_seconds"], one["runs"], f"{one['ratio']:.2f}")

    def print_products(self):
        done = [one for one in self.results if one["work"].startswith(("gemm", "adamw"))
                and "failed" not in one]
        if done:
            print(f"\n{'':50}{'ours us':>10}{'theirs us':>11}{'of peak':>9}{'ours/it':>9}")
        for one in done:
            flop, peak = one["theirs"][0].get("flop"), one["peak"]
            share = f"{flop / one['seconds'] / peak:.1%}" if flop and peak else ""
            print(f"{one['work'] + ' ' + one['variant'] + ' (' + one['ours_is'] + ')':50}"
                  f"{1e6 * one['our_seconds']:>10.0f}{1e6 * one['seconds']:>11.0f}{share:>9}"
                  f"{one['ratio']:>9.2f}")

    def print_all(self):
        for model in ("small", "large"):
            self.print_steps(model)
        self.print_products()
        for one in self.results:
            if "failed" in one:
                print(f"did not run: {one['work']} {one['variant']}: {one['failed']}")
        for model in ("small", "large"):
            done = self.of(model)
            for precision in dict.fromkeys(one["ours_is"] for one in done):
                best = min((one for one in done if one["ours_is"] == precision),
                           key=lambda one: one["seconds"])
                print(f"{model}: ours in {precision} is {best['ratio']:.2f} x the best of theirs, "
                      f"{best['variant']}")
        print(f"everything measured: {self.out}")


def machine():
    with open("/proc/cpuinfo") as about:
        model = next((line.split(":")[1].strip() for line in about if "model name" in line), "")
    return {"processor": model, "cores": os.cpu_count(), "load": os.getloadavg(),
            "time": time.strftime("%Y-%m-%d %H:%M")}


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    words.add_argument("programs")
    words.add_argument("python")
    words.add_argument("out")
    words.add_argument("--work", default="small,large,gemm,adamw")
    words.add_argument("--variants", default=".", help="only those that hold this expression")
    words.add_argument("--rounds", type=int, default=7)
    words.add_argument("--steps", type=int, default=3, help="a round")
    words.add_argument("--seconds", type=float, default=120,
                       help="for a variant, warm-up apart; at least two rounds")
    words.add_argument("--preload", action="append", default=[],
                       help="an allocator, if it is there: the two best variants run with it, too")
    options = words.parse_args()
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, allowed[:threads])
    comparison = Comparison(options)
    for work in options.work.split(","):
        if work == "gemm":
            comparison.gemms()
        elif work == "adamw":
            comparison.adamw()
        else:
            comparison.steps(work)
    comparison.print_all()


if __name__ == "__main__":
    main()
