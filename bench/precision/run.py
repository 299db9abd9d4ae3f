#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Policies of precision on the same text: run.py PROGRAMS TEXT OUT [options].

PROGRAMS is the folder of the precision_* programs, TEXT a folder of domains. Two tests, because a
run from scratch turns a change of 1e-6 in the weights into half a percent:

scratch  every seed from random weights; excludes gross failures
fork     every policy goes on from checkpoints of bf16 with new orders of the data

Differences are paired: a run against bf16's with the same start and the same data. What OUT holds
already is not run again. bench/README.md explains the table."""
import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys

control = "bf16"
null = "null"  # bf16 from weights that a part in a million was added to


def run(command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


class Bench:
    def __init__(self, options):
        self.programs, self.text, self.out = options.programs, options.text, options.out
        self.options = options

    def program(self, policy):
        return self.programs / f"precision_{control if policy == null else policy}"

    def train(self, policy, name, flags):
        """The summary of a run, which is made if it is not there."""
        folder = self.out / name
        if not (folder / "summary.json").exists():
            print(f"{name} ...", file=sys.stderr, flush=True)
            run([self.program(policy), "train", "--data", self.text, "--out", folder, "--resume",
                 "--threads", self.options.threads, "--checkpoint-every", 0, "--keep", 1,
                 "--validation-windows", self.options.windows, *flags])
        return json.loads((folder / "summary.json").read_text())

    def perturbed(self, model, name, seed):
        folder = self.out / name
        if not folder.exists():
            run([self.programs / "precision_perturb", model, folder, 1e-6, seed])
        return folder

    def scratch(self, policy, seed):
        o = self.options
        flags = ["--steps", o.scratch_steps, "--batch", o.batch, "--lr", o.scratch_rate,
                 "--seed", seed]
        name = f"scratch-{policy}-{seed}"
        if policy == null:
            # Its start is that of bf16 after one step of rate zero.
            start = f"start-{seed}"
            self.train(control, start, ["--steps", 1, "--batch", o.batch, "--lr", 0,
                                        "--seed", seed])
            flags += ["--init", self.perturbed(self.out / start, f"{start}-perturbed", seed)]
        return self.train(policy, name, flags)

    def fork(self, policy, number):
        o = self.options
        base = f"base-{number % o.checkpoints}"
        self.train(control, base, ["--steps", o.base_steps, "--batch", o.batch,
                                   "--lr", o.scratch_rate, "--schedule", "constant",
                                   "--seed", 1 + number % o.checkpoints])
        start = self.out / base
        if policy == null:
            start = self.perturbed(start, f"{base}-perturbed-{number}", number)
        return self.train(policy, f"fork-{policy}-{number}",
                          ["--init", start, "--steps", o.fork_steps, "--batch", o.batch,
                           "--lr", o.fork_rate, "--final-share", 0.05, "--warmup", 10,
                           "--seed", 100 + number])

    def bytes(self, policy):
        """Bytes of state a parameter, of activations a token, and the whole plan."""
        done = subprocess.run([str(self.program(policy)), "describe", "--json", "--batch",
                               str(self.options.batch)], capture_output=True, text=True, check=True)
        about = json.loads(done.stdout)
        state = sum(about["bytes"][role] for role in ("weights", "packed", "gradients", "moments"))
        return (state / about["parameters"], about["bytes"]["activations"] / self.options.batch,
                about["bytes"]["total"])


def mean_and_error(values):
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.fmean(values), error


def difference(runs, against, key):
    return mean_and_error([100 * (one[key] / other[key] - 1) for one, other in zip(runs, against)])


def shown(mean, error):
    return f"{mean:+.3f} ± {error:.3f}"


def table(bench, runs, title):
    rows = []
    for policy, of_policy in runs.items():
        state, activations, plan = bench.bytes(policy)
        row = {"policy": policy, "runs": len(of_policy),
               "validation": statistics.fmean(r["validation_mean"] for r in of_policy),
               "state_bytes_a_parameter": state, "activation_bytes_a_token": activations,
               "planned_bytes": plan,
               "resident_bytes": statistics.median(r["resident_bytes"] for r in of_policy),
               "tokens_per_second": statistics.median(r["tokens_per_second"] for r in of_policy)}
        if policy != control:
            for key, name in (("validation_mean", "validation"), ("train_loss", "training")):
                mean, error = difference(of_policy, runs[control], key)
                row |= {f"{name}_percent": mean, f"{name}_percent_error": error}
        rows.append(row)
    print(f"\n{title}\n")
    print("| policy | runs | validation, bits/byte | validation, % | training, % |"
          " bytes a parameter | activations, bytes a token | plan, MB | resident, MB | tokens/s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        apart = [shown(row[f"{name}_percent"], row[f"{name}_percent_error"])
                 if f"{name}_percent" in row else "-" for name in ("validation", "training")]
        print(f"| {row['policy']} | {row['runs']} | {row['validation']:.4f} | {apart[0]} |"
              f" {apart[1]} | {row['state_bytes_a_parameter']:.2f} |"
              f" {row['activation_bytes_a_token']:.0f} |"
              f" {row['planned_bytes'] / 1e6:.0f} | {row['resident_bytes'] / 1e6:.0f} |"
              f" {row['tokens_per_second']:.0f} |", flush=True)
    return rows


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("programs", type=pathlib.Path)
    arguments.add_argument("text", type=pathlib.Path)
    arguments.add_argument("out", type=pathlib.Path)
    arguments.add_argument("--tests", default="fork,scratch")
    arguments.add_argument("--policies", default="", help="names, with commas between [all]")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--batch", type=int, default=4096)
    arguments.add_argument("--windows", type=int, default=64, help="of validation, a domain")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--scratch-steps", type=int, default=1000)
    arguments.add_argument("--scratch-rate", type=float, default=3e-3)
    arguments.add_argument("--forks", type=int, default=4)
    arguments.add_argument("--checkpoints", type=int, default=2)
    arguments.add_argument("--base-steps", type=int, default=400)
    arguments.add_argument("--fork-steps", type=int, default=150)
    arguments.add_argument("--fork-rate", type=float, default=5e-4)
    options = arguments.parse_args()
    bench = Bench(options)
    every = sorted(path.name.removeprefix("precision_")
                   for path in options.programs.glob("precision_*") if path.suffix == "")
    policies = options.policies.split(",") if options.policies else [
        name for name in every if name != "perturb"] + [null]
    policies = [control] + [name for name in policies if name != control]
    options.out.mkdir(parents=True, exist_ok=True)
    found = {}
    for test in options.tests.split(","):
        runs = {}
        # Start by start, so that an early look compares what is there.
        for number in range(options.forks if test == "fork" else options.seeds):
            for policy in policies:
                one = bench.fork(policy, number) if test == "fork" else bench.scratch(policy,
                                                                                       1 + number)
                runs.setdefault(policy, []).append(one)
        steps = options.fork_steps if test == "fork" else options.scratch_steps
        title = f"{test}: {steps} steps of {options.batch} tokens, against {control} from its start"
        found[test] = table(bench, runs, title)
    (options.out / "precision.json").write_text(json.dumps(found, indent=1) + "\n")


main()
