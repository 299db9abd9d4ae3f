#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Levels of use in examples/, and a router of one's own: each is short and does what it says."""
import math
import pathlib
import re

import trainers
from trainers import Case

sources = pathlib.Path(__file__).resolve().parents[2] / "examples"


class Examples(Case):
    def test_each_fits_on_a_screen(self):
        files = sorted(sources.glob("*.cpp"))
        self.assertEqual([file.stem for file in files], ["01_train", "02_own_loop", "03_one_op",
                                                     "own_router"])
        for file in files:
            self.assertLessEqual(len(file.read_text().splitlines()), 60, file)

    def test_the_whole_trainer(self):
        run = self.folder / "run"
        self.done("train", "--data", self.text_folder(), "--out", run, "--steps", 3, "--batch", 256,
                  trainer="01_train")
        told = self.done("generate", "--model", run, "--prompt", "the ", "--tokens", 4,
                         trainer="01_train")
        self.assertIn("the ", told.out)

    def test_a_loop_of_ones_own(self):
        told = self.done(self.text_folder(), trainer="02_own_loop")
        losses = [float(loss) for loss in re.findall(r"loss (\d+\.\d+)", told.out)]
        self.assertEqual(len(losses), 3, told.out)
        self.assertEqual(losses, sorted(losses, reverse=True))
        self.assertLess(losses[2], 0.5 * math.log(256))
        self.assertIn("lm_head.weight: 256 x 64", told.out)
        self.assertEqual(self.run_trainer(trainer="02_own_loop").code, 2)

    def test_a_router_of_ones_own(self):
        self.assertLess(len((sources / "own_router.cpp").read_text().splitlines()), 40)
        told = self.done(self.text_folder(), trainer="own_router")
        losses = [float(loss) for loss in re.findall(r"loss (\d+\.\d+)", told.out)]
        self.assertEqual(len(losses), 20)
        self.assertLess(losses[-1], 0.75 * losses[0])

    def test_a_single_op(self):
        told = self.done(trainer="03_one_op")
        fast, reference = map(float, re.findall(r"-?\d\.\d+", told.out))
        self.assertAlmostEqual(fast, reference, places=5)
        self.assertNotEqual(fast, 0)


if __name__ == "__main__":
    trainers.main()
