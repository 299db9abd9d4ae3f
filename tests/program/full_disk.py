#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks that are full, or take no file of such a size: one line says so, what was saved before is
whole, and with room again everything goes on as if nothing had been.

The full disk is a small one in memory, mounted where nobody else sees it: the script runs itself
again in a namespace of its own. Where the system allows none, those tests are skipped."""
import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys

import trainers
from trainers import Case

inside = "MOE_TEST_OWN_MOUNTS"
own_mounts = ["unshare", "--user", "--map-root-user", "--mount"]


def small_files():
    """Between fork and exec: no file above 20 kB; without the signal, writing fails."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))


class Saving(Case):
    @classmethod
    def setUpClass(cls):
        maker = cls.make()
        maker.text_folder()
        cls.whole = maker.train("--keep", 3)
        cls.made = maker.folder

    def setUp(self):
        super().setUp()
        shutil.copytree(self.made / "text", self.folder / "text")
        self.sample = self.put("sample.txt", trainers.sentence(20, 9))

    def begin(self):
        """A run of 12 steps that was killed behind its first checkpoint, of step 5."""
        shutil.copytree(self.made / "run", self.folder / "run", dirs_exist_ok=True)
        for path in (self.folder / "run/checkpoints").glob("step-00001?"):
            shutil.rmtree(path)
        self.assertEqual(self.checkpoints(), ["step-000005"])

    def goes_on(self):
        told = self.train("--resume")
        for key in "weights_hash", "state_hash", "train_loss", "validation":
            self.assertEqual(told[key], self.whole[key], key)


class FileTooLarge(Saving):
    def test_checkpoint(self):
        self.begin()
        self.refused(["run/checkpoints/step-000010.tmp-", "model.safetensors: cannot write: "
                      "File too large"], *self.training("--resume"), preexec_fn=small_files)
        self.assertEqual(self.checkpoints(), ["step-000005"])
        self.goes_on()

    def test_models(self):
        model = self.made / "run"
        self.refused(["hf", "model.safetensors", ": cannot write: File too large"], "export",
                     "--model", model, "--to", "hf", preexec_fn=small_files)
        self.done("export", "--model", model, "--to", "hf")
        self.refused("model.safetensors: cannot write: File too large", "import", "--model", "hf",
                     "--to", "model", preexec_fn=small_files)
        self.refused(["logits.safetensors", ": cannot write: File too large"], "score", "--model",
                     model, "--text", self.sample, "--logits", "logits.safetensors",
                     preexec_fn=small_files)
        self.assertEqual(sorted(os.listdir(self.folder)), ["hf", "sample.txt", "text"])


class FullDisk(Saving):
    def setUp(self):
        if not os.environ.get(inside):
            self.skipTest("no file system of one's own can be mounted here")
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)
        (self.disk / "run").mkdir()
        (self.folder / "run").symlink_to("disk/run")

    def fill(self, leaving=0):
        with open(self.disk / "ballast", "wb", buffering=0) as ballast:
            with contextlib.suppress(OSError):
                while True:
                    ballast.write(bytes(4096))
            ballast.truncate(ballast.tell() - leaving)

    def room_again(self):
        (self.disk / "ballast").unlink()

    def test_no_room_for_a_checkpoint(self):
        self.begin()
        self.fill(leaving=1 << 20)
        self.refused(["run/checkpoints: ", " bytes are needed to save, but the disk has only ",
                      " free"], *self.training("--resume"))
        self.assertEqual(self.checkpoints(), ["step-000005"])
        self.done("score", "--model", "run", "--text", self.sample)
        self.room_again()
        self.goes_on()

    def test_not_even_room_for_a_line(self):
        self.begin()
        with self.started(*self.training("--resume", "--checkpoint-every", 0, steps=2000)) as (
                running, lines):
            self.read_until(lines, "step 7/2000 ")
            self.fill()
            last = lines.read().decode().splitlines()[-1]
            self.assertEqual(running.wait(trainers.patience), 1)
        self.assertRegex(last, r"^pocket: .*/run/.*: cannot write: No space left on device$")
        self.assertEqual(self.checkpoints(), ["step-000005"])
        self.refused("run/", *self.training("--resume"))
        self.done("score", "--model", "run", "--text", self.sample)
        self.room_again()
        self.goes_on()

    def test_models(self):
        self.done("export", "--model", self.made / "run", "--to", "hf")
        self.fill()
        for given in (("export", "--model", self.made / "run", "--to", "disk/hf"),
                      ("import", "--model", "hf", "--to", "disk/model"),
                      ("score", "--model", self.made / "run", "--text", self.sample, "--logits",
                       "disk/logits.safetensors")):
            self.refused("disk/", *given)
        self.assertEqual(sorted(os.listdir(self.disk)), ["ballast", "run"])

    def test_a_finished_run(self):
        self.train()
        before = (self.folder / "run/summary.json").read_bytes()
        self.fill()
        self.refused("No space left on device", *self.training("--resume"))
        self.assertEqual((self.folder / "run/summary.json").read_bytes(), before)
        self.room_again()
        self.goes_on()


def main():
    if not os.environ.get(inside):
        able = subprocess.run([*own_mounts, "mount", "-t", "tmpfs", "none", "/mnt"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0 if shutil.which("unshare") else False
        if able:
            os.environ[inside] = "yes"
            os.execvp("unshare", [*own_mounts, sys.executable, *sys.argv])
    trainers.main()


if __name__ == "__main__":
    main()
