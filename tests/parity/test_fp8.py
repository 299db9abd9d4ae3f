# SPDX-License-Identifier: MIT
"""Weights in e4m3 with scales of blocks, exported: transformers loads them with nothing missing or
unexpected, and computes what the imported model computes; torch finds the same numbers in them."""
import json

import pytest
import safetensors.torch
import torch

import models
from conftest import note, sentence

# Where a weight of more than 128 rows is no multiple of 128, transformers (5.23) spreads its scales
# evenly over the rows, so it misreads the 160 of parity_deepseek.
whole_blocks = ["parity_yarn", "parity_qwen", "parity_mixtral"]


@pytest.fixture(scope="module")
def coded(programs, run_folder, tmp_path_factory):
    exported = tmp_path_factory.mktemp("coded") / "model"
    programs.run("export", "--model", run_folder, "--to", exported, "--fp8")
    again = tmp_path_factory.mktemp("coded") / "again"
    programs.run("import", "--model", exported, "--to", again)
    return exported, again


def numbers(code, scale):
    rows, columns = code.shape
    spread = scale.repeat_interleave(128, 0)[:rows].repeat_interleave(128, 1)[:, :columns]
    return code.float() * spread


def test_torch_reads_the_same_numbers(coded, programs, tmp_path):
    exported, again = coded
    programs.run("export", "--model", again, "--to", tmp_path / "plain")
    plain = safetensors.torch.load_file(tmp_path / "plain" / "model.safetensors")
    stored = safetensors.torch.load_file(exported / "model.safetensors")
    found = 0
    for name, weight in plain.items():
        if stored[name].dtype == torch.float8_e4m3fn:
            found += 1
            scale = stored[name + "_scale_inv"]
            assert torch.equal(scale, torch.exp2(torch.round(torch.log2(scale))))
            assert torch.equal(numbers(stored[name], scale), weight)
        else:
            assert torch.equal(stored[name], weight)
    assert found > 10 and len(stored) == len(plain) + found


@pytest.mark.parametrize("recipe", whole_blocks, indirect=True, scope="session")
def test_transformers_computes_the_same(coded, programs, recipe, tmp_path):
    exported, again = coded
    config = json.loads((exported / "config.json").read_text())["quantization_config"]
    assert config["quant_method"] == "fp8" and config["weight_block_size"] == [128, 128]
    text = sentence(100, seed=6).encode()
    (tmp_path / "text").write_bytes(text)
    _, logits = programs.score(again, tmp_path / "text", tmp_path / "logits.safetensors")
    theirs = models.logits_of(models.load(exported), text)
    assert note("way back in e4m3", recipe, models.difference(logits, theirs)) < 2e-5
