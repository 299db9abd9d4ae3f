#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trainers whose recipe has a mesh: the ranks are threads, or processes under mpirun, and the run
is that of one rank."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "program"))
import trainers
from trainers import Case

mpirun = [word for word in os.environ.get("MOE_MPIRUN", "").split("\n") if word]
same = "steps", "tokens", "train_loss", "validation", "weights_hash", "state_hash"


class Ranks(Case):
    @classmethod
    def setUpClass(cls):
        maker = cls.make()
        cls.text = maker.text_folder()
        cls.one = maker.json(*maker.training("--grains", 4), trainer="solo")

    def words(self, *more, **how):
        return self.training("--grains", 4, *more, data=self.text, **how)

    def require_same(self, told):
        for key in same:
            self.assertEqual(told[key], self.one[key], key)


class Threads(Ranks):
    def test_two_and_four_ranks_give_the_bits_of_one(self):
        for trainer, ranks in ("pair", 2), ("quartet", 4):
            told = self.json(*self.words(out=trainer), trainer=trainer)
            self.assertEqual((told["ranks"], told["threads"]), (ranks, 1))
            self.require_same(told)

    def test_one_progress_line_and_one_folder(self):
        told = self.done(*self.words("--ranks", 4), trainer="quartet")
        self.assertEqual(told.out.count("step 7/12 "), 1)
        metrics = (self.folder / "run/metrics.jsonl").read_text().splitlines()
        self.assertEqual([json.loads(line)["step"] for line in metrics][:12], [*range(1, 13)])

    def test_as_many_grains_as_ranks_unless_told(self):
        told = self.json(*self.training(data=self.text), trainer="quartet")
        self.assertEqual(told["grains"], 4)
        self.require_same(told)

    def test_a_run_goes_on_with_other_ranks(self):
        told = self.json(*self.words(steps=5), trainer="pair")
        self.assertEqual(told["steps"], 5)
        # The rate's curve belongs to all 12 steps, so only the end of the first part differs.
        with_four = self.json(*self.words("--resume"), trainer="quartet")
        with_one = self.json(*self.words(steps=5, out="one"), trainer="solo")
        with_one = self.json(*self.words("--resume", out="one"), trainer="solo")
        self.assertEqual(with_four["state_hash"], with_one["state_hash"])

    def test_bad_input_is_one_line(self):
        self.refused("--ranks: expected 4, the ranks of the recipe's mesh, found 2",
                     *self.words("--ranks", 2), trainer="quartet", code=2)
        self.refused("--ranks: expected 1, ", *self.words("--ranks", 2), trainer="solo", code=2)
        self.refused("--batch: expected", *self.words("--batch", 33), trainer="quartet", code=2)
        self.refused("nowhere", *self.training(data="nowhere"), trainer="pair")


@unittest.skipUnless(mpirun, "no MPI")
class Processes(Ranks):
    def by_mpirun(self, count, *given, trainer="pair"):
        return [*mpirun, str(count), *self.command(*given, trainer=trainer)]

    def run_processes(self, count, *given, trainer="pair"):
        done = subprocess.run(self.by_mpirun(count, *given, trainer=trainer),
                              stdin=subprocess.DEVNULL, capture_output=True, cwd=self.folder,
                              timeout=trainers.patience)
        return trainers.Told(done.returncode, done.stdout, done.stderr)

    def test_processes_give_the_bits_of_one(self):
        for trainer, ranks in ("pair", 2), ("quartet", 4):
            told = self.run_processes(ranks, *self.words("--json", out=trainer), trainer=trainer)
            self.assertEqual(told.code, 0, told.err)
            told = json.loads(told.out)
            self.assertEqual(told["ranks"], ranks)
            self.require_same(told)

    def test_one_process_is_a_mesh_of_threads(self):
        told = self.run_processes(1, *self.words("--json"))
        self.assertEqual(told.code, 0, told.err)
        self.require_same(json.loads(told.out))

    def test_bad_input_is_told_once(self):
        for trainer, says in (
                ("quartet", "mpirun: expected 4 processes, the ranks of the recipe's mesh, found"),
                ("solo", "mpirun: expected 1 process, the rank of the recipe's mesh, found 2"),
                ("pair", "--batch: expected")):
            told = self.run_processes(2, *self.words("--batch", 33), trainer=trainer)
            self.assertEqual(told.code, 2, told.err)
            self.assertEqual(told.err.count(f"{trainer}: {says}"), 1, told.err)

    def test_a_problem_of_rank_0_ends_the_job(self):
        told = self.run_processes(2, *self.training(data="nowhere"))
        self.assertEqual(told.code, 1, told.err)
        self.assertEqual(told.err.count("pair: "), 1, told.err)
        self.assertIn("nowhere", told.err)

    def ranks_of(self, job):
        """The processes that mpirun started; before it stands 'cmake -E env'."""
        family = [job.pid]
        while len(family) == 1:
            listed = pathlib.Path(f"/proc/{family[0]}/task/{family[0]}/children")
            family = [int(child) for child in listed.read_text().split()]
        return family

    def test_the_death_of_a_rank_ends_the_job_and_the_run_goes_on(self):
        words = self.words(steps=1500)
        words[words.index("--log-every") + 1] = 100
        whole = self.json(*words, "--out", "whole", trainer="solo")
        job = subprocess.Popen(self.by_mpirun(2, *words), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               cwd=self.folder)
        try:
            saved = self.folder / "run/checkpoints/step-000010"
            while not saved.exists():
                self.assertIsNone(job.poll(), "ended before it could be disturbed")
                time.sleep(0.002)
            ranks = self.ranks_of(job)
            self.assertEqual(len(ranks), 2, ranks)
            os.kill(ranks[1], signal.SIGKILL)
            killed = time.monotonic()
            self.assertNotEqual(job.wait(trainers.patience), 0)
            print(f"the job ended {time.monotonic() - killed:.1f} s after its rank")
        finally:
            job.kill()
            job.wait()
        told = self.run_processes(2, *words, "--resume", "--json")
        self.assertEqual(told.code, 0, told.err)
        told = json.loads(told.out)
        for key in "weights_hash", "state_hash", "validation":
            self.assertEqual(told[key], whole[key], key)


if __name__ == "__main__":
    trainers.main()
