# SPDX-License-Identifier: MIT
"""The programs under test, run as a user runs them, and what tests compare with.

MOE_PARITY_PROGRAMS names the folder of the built programs: for each recipe in recipes/ its trainer
(NAME) and NAME_gradients.
"""
import json
import os
import pathlib
import random
import subprocess

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import numpy
import pytest
import safetensors.numpy
import torch

import models

torch.set_num_threads(2)
found = {}  # (what, recipe) -> the largest relative difference, for the summary


class Programs:
    """The programs of one recipe."""

    def __init__(self, recipe):
        self.recipe = recipe
        self.folder = pathlib.Path(os.environ["MOE_PARITY_PROGRAMS"])

    def run(self, *words, program="", code=0):
        command = [str(self.folder / (self.recipe + program)), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, f"{command} ended with {done.returncode}: {done.stderr}"
        return done

    def score(self, model, text, logits):
        """The keys that score prints, and the logits it writes."""
        done = self.run("score", "--model", model, "--text", text, "--logits", logits, "--json")
        tensors = safetensors.numpy.load_file(logits)
        assert set(tensors) == {"logits"} and tensors["logits"].dtype == numpy.float32
        return json.loads(done.stdout), torch.from_numpy(tensors["logits"])

    def gradients(self, model, text, to):
        self.run(model, text, to, program="_gradients")
        return {k: torch.from_numpy(v) for k, v in safetensors.numpy.load_file(to).items()}


@pytest.fixture(params=models.recipes, scope="session")
def recipe(request):
    return request.param


@pytest.fixture(scope="session")
def programs(recipe):
    return Programs(recipe)


vocabulary = """the cell divides and tissue grows while light bends in glass because a
compiler reads every token of this sentence before the poet has found one rhyme""".split()


def sentence(count, seed):
    chance = random.Random(seed)
    return " ".join(chance.choice(vocabulary) for _ in range(count))


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory):
    """Two domains of text that is easily learnt."""
    folder = tmp_path_factory.mktemp("text")
    for seed, domain in enumerate(("left", "right")):
        (folder / domain).mkdir()
        (folder / domain / "text.txt").write_text(sentence(6000, seed))
    return folder


def train(programs, data, out, *more):
    programs.run("train", "--data", data, "--out", out, "--steps", 30, "--batch",
                 16 * models.context, "--lr", 0.01, "--seed", 7, "--threads", 2, *more)


@pytest.fixture(scope="session")
def run_folder(programs, text_folder, tmp_path_factory):
    """A run of a few steps."""
    folder = tmp_path_factory.mktemp(programs.recipe) / "run"
    train(programs, text_folder, folder)
    return folder


def pytest_terminal_summary(terminalreporter):
    if found:
        terminalreporter.section("largest relative differences")
        for (what, recipe), difference in sorted(found.items()):
            terminalreporter.write_line(f"{what:12} {recipe:16} {difference:.2e}")


def note(what, recipe, difference):
    found[what, recipe] = max(difference, found.get((what, recipe), 0))
    return difference
