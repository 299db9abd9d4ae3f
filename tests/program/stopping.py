#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs that are stopped, killed and resumed, and runs that meet: whatever happens, the run that is
resumed ends with the bits of the one that nobody disturbed."""
import json
import shutil
import signal
import time

import trainers
from trainers import Case

steps = 150  # more than a stopped run is ahead of the test that reads its lines


def losses(run):
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [(line["step"], line["loss"]) for line in lines if "loss" in line]


class Undisturbed(Case):
    """With a run that nobody disturbed."""

    @classmethod
    def setUpClass(cls):
        maker = cls.make()
        cls.text = maker.text_folder()
        cls.whole = maker.train(steps=steps)
        cls.run_of_whole = maker.folder / "run"

    def words(self, *more, out="run"):
        return self.training(*more, data=self.text, out=out, steps=steps)

    def stopped(self, request=signal.SIGINT, after=3, out="run"):
        """A run that is asked to stop; the step at which it did."""
        with self.started(*self.words(out=out)) as (running, lines):
            self.read_until(lines, f"step {after}/{steps} ")
            running.send_signal(request)
            last = lines.read().decode().splitlines()[-1]
            self.assertEqual(running.wait(trainers.patience), 0)
        step = json.loads((self.folder / out / "summary.json").read_text())["steps"]
        self.assertEqual(last, f"stopped at step {step} of {steps}; --resume continues")
        self.assertIn(step, range(after, steps))
        return step

    def resumed(self, *more, out="run"):
        """Goes on to the end, which must be that of the undisturbed run."""
        run = self.folder / out
        told = self.json(*self.words("--resume", *more, out=out))
        self.assertEqual(told, json.loads((run / "summary.json").read_text()))
        for key in "steps", "tokens", "weights_hash", "state_hash", "train_loss", "validation":
            self.assertEqual(told[key], self.whole[key], key)
        self.assertEqual(losses(run), losses(self.run_of_whole))
        self.assertEqual(self.checkpoints(out), [f"step-{steps - 5:06}", f"step-{steps:06}"])
        self.assertEqual(list(run.rglob("*.tmp-*")), [])


class Stopped(Undisturbed):
    def test_a_request_saves_and_stops(self):
        for request in signal.SIGINT, signal.SIGTERM:
            step = self.stopped(request, out=request.name)
            self.assertIn(f"step-{step:06}", self.checkpoints(request.name))
            self.assertEqual(losses(self.folder / request.name)[-1][0], step)
            self.resumed("--threads", 2, out=request.name)

    def test_stopped_again_and_again(self):
        first = self.stopped()
        with self.started(*self.words("--resume")) as (running, lines):
            self.read_until(lines, f"step {first + 1}/{steps} ")
            running.send_signal(signal.SIGINT)
            lines.read()
            self.assertEqual(running.wait(trainers.patience), 0)
        self.resumed()

    def test_a_second_request_ends_it_at_once(self):
        with self.started(*self.words()) as (running, lines):
            self.read_until(lines, f"step 7/{steps} ")
            self.wait_until_asleep(running)
            # The first must have arrived before the second counts, so there are some more.
            for _ in range(500):
                if running.poll() is None:
                    running.send_signal(signal.SIGINT)
                    time.sleep(0.01)
            self.assertEqual(running.poll(), -signal.SIGINT)
        self.resumed()

    def test_killed(self):
        for after in 1, 5, 12:
            out = f"killed{after}"
            with self.started(*self.words(out=out)) as (running, lines):
                self.read_until(lines, f"step {after}/{steps} ")
                running.kill()
                running.wait(trainers.patience)
            # What a save leaves that never came to its end, and half a line.
            run = self.folder / out
            (run / "checkpoints/step-000070.tmp-1-0").mkdir(parents=True, exist_ok=True)
            with open(run / "metrics.jsonl", "a") as metrics:
                metrics.write('{"step":1')
            self.resumed(out=out)

    def test_killed_while_it_saves(self):
        """A checkpoint at every step, and the end at any moment of it."""
        for after in 2, 3, 4, 5:
            out = f"killed{after}"
            with self.started(*self.words("--checkpoint-every", 1, out=out)) as (running, lines):
                self.read_until(lines, f"step {after}/{steps} ")
                running.kill()
                running.wait(trainers.patience)
            self.done("score", "--model", out, "--text", self.text / "rivers/one.txt")
            self.resumed(out=out)


class Meeting(Undisturbed):
    def test_two_runs_in_one_folder(self):
        with self.started(*self.words()) as (running, lines):
            self.read_until(lines, f"step 1/{steps} ")
            says = "run: another run is using this folder (process ", f"{running.pid} on "
            for more in [], ["--resume"]:
                self.refused(says, *self.words(*more))
            # Reading is free, while the checkpoint is there.
            self.read_until(lines, f"step 6/{steps} ")
            self.wait_until_asleep(running)
            self.done("score", "--model", "run", "--text", self.text / "rivers/one.txt")
            running.send_signal(signal.SIGINT)
            lines.read()
            self.assertEqual(running.wait(trainers.patience), 0)
        self.resumed()

    def test_a_finished_run_tells_again(self):
        run = self.folder / "run"
        shutil.copytree(self.run_of_whole, run)
        before = json.loads((run / "summary.json").read_text())
        kept = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
        told = self.run_trainer(*self.words("--resume", "--json"))
        self.assertEqual((told.code, json.loads(told.out)), (0, before))
        self.assertIn("this run is finished; summary.json is written again", told.err)
        for path in kept:
            if path.name != "run.lock":
                self.assertEqual(path.read_bytes(), kept[path], path)
        # Without one, or with that of an earlier stop, it is made anew.
        (run / "summary.json").unlink()
        self.resumed()
        (run / "summary.json").write_text(json.dumps({**before, "steps": 30, "train_loss": 1}))
        self.resumed()
        (run / "summary.json").unlink()
        self.done(*self.words("--resume"))
        self.assertEqual(json.loads((run / "summary.json").read_text())["steps"], steps)

    def test_resume_without_a_checkpoint_starts_fresh(self):
        told = self.run_trainer(*self.words("--resume"))
        self.assertEqual(told.code, 0)
        self.assertIn("run: no checkpoint yet; starting fresh\n", told.out)
        self.resumed()


if __name__ == "__main__":
    trainers.main()
