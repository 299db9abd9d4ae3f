# SPDX-License-Identifier: MIT
"""The programs under test, run as a user runs them, and what tests compare with.

MOE_PARITY_PROGRAMS names the folder of the built programs: for each recipe in recipes/ its trainer
(NAME) and NAME_gradients.
"""
import json
import os
import pathlib
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


@pytest.fixture(params=models.recipes)
def recipe(request):
    return request.param


@pytest.fixture
def programs(recipe):
    return Programs(recipe)


def pytest_terminal_summary(terminalreporter):
    if found:
        terminalreporter.section("largest relative differences")
        for (what, recipe), difference in sorted(found.items()):
            terminalreporter.write_line(f"{what:12} {recipe:16} {difference:.2e}")


def note(what, recipe, difference):
    found[what, recipe] = max(difference, found.get((what, recipe), 0))
    return difference
