# SPDX-License-Identifier: MIT
"""A model that transformers made and saved, imported here: the same logits, loss and gradients."""
import json
import random
import shutil

import pytest
import safetensors.torch
import torch

import models
from conftest import note


def random_bytes(count, seed):
    return random.Random(seed).randbytes(count)


@pytest.fixture
def saved(recipe, tmp_path):
    model = models.random_model(recipe)
    model.save_pretrained(tmp_path / "theirs")
    return model, tmp_path / "theirs"


@pytest.fixture
def imported(saved, programs, tmp_path):
    model, folder = saved
    programs.run("import", "--model", folder, "--to", tmp_path / "imported")
    return model, tmp_path / "imported"


def test_logits_and_loss(imported, programs, recipe, tmp_path):
    model, folder = imported
    text = random_bytes(5 * models.context + 19, seed=2)
    (tmp_path / "text").write_bytes(text)
    score, logits = programs.score(folder, tmp_path / "text", tmp_path / "logits.safetensors")
    theirs = models.logits_of(model, text)
    assert note("logits", recipe, models.difference(logits, theirs)) < 2e-5
    loss = float(models.loss_of(theirs, text))
    assert score["tokens"] == len(text) - 1
    assert note("loss", recipe, abs(score["nats_per_token"] - loss) / loss) < 2e-5


def test_gradients(imported, programs, recipe, tmp_path):
    model, folder = imported
    text = random_bytes(6 * models.context, seed=3)
    (tmp_path / "text").write_bytes(text)
    ours = programs.gradients(folder, tmp_path / "text", tmp_path / "gradients.safetensors")

    tokens = torch.tensor(list(text)).reshape(-1, models.context)
    loss = model(tokens, labels=tokens).loss
    loss.backward()
    loss = float(loss.detach())
    theirs = models.ours(model, lambda weight: weight.grad)

    assert abs(float(ours.pop("loss")) - loss) < 2e-5 * loss
    assert set(ours) == set(theirs)
    differences = {name: models.norm_difference(ours[name], theirs[name]) for name in theirs}
    worst = max(differences, key=differences.get)
    assert note("gradients", recipe, differences[worst]) < 1e-4, worst
    assert sum(float(theirs[name].norm()) > 0 for name in theirs) > 0.9 * len(theirs)


def test_shards_and_bf16(saved, programs, recipe, tmp_path):
    """Files of another format, and many of them."""
    model, _ = saved
    model.to(torch.bfloat16).save_pretrained(tmp_path / "shards", max_shard_size="60KB")
    assert (tmp_path / "shards" / "model.safetensors.index.json").exists()
    programs.run("import", "--model", tmp_path / "shards", "--to", tmp_path / "imported")
    text = random_bytes(2 * models.context, seed=4)
    (tmp_path / "text").write_bytes(text)
    _, logits = programs.score(tmp_path / "imported", tmp_path / "text",
                               tmp_path / "logits.safetensors")
    theirs = models.logits_of(models.load(tmp_path / "shards"), text)
    assert note("BF16 shards", recipe, models.difference(logits, theirs)) < 2e-5


@pytest.mark.parametrize("field, value", [
    ("hidden_size", 72), ("num_experts_per_tok", 1), ("hidden_act", "gelu"),
    ("rms_norm_eps", 1e-4), ("attention_bias", True), ("rope_theta", 12345.0),
    ("model_type", "llama"), ("num_hidden_layers", 4),
])
def test_another_config_is_refused_by_name(saved, programs, tmp_path, field, value):
    _, folder = saved
    config = json.loads((folder / "config.json").read_text())
    inside = config if field != "rope_theta" else config["rope_parameters"]
    inside[field] = value
    (folder / "config.json").write_text(json.dumps(config))
    done = programs.run("import", "--model", folder, "--to", tmp_path / "imported", code=1)
    assert field in done.stderr and "config.json" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "imported").exists()


def test_missing_and_extra_tensors_are_refused_by_name(saved, programs, tmp_path):
    _, folder = saved
    file = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(file)

    def refusal(changed):
        safetensors.torch.save_file(changed, file, {"format": "pt"})
        done = programs.run("import", "--model", folder, "--to", tmp_path / "imported", code=1)
        assert not (tmp_path / "imported").exists()
        return done.stderr

    without = {k: v for k, v in tensors.items() if k != "model.norm.weight"}
    assert "model.norm.weight" in refusal(without)
    assert "model.more.weight" in refusal({**tensors, "model.more.weight": torch.ones(3)})
    assert "model.norm.weight" in refusal({**without, "model.norm.weight": torch.ones(3)})
    shutil.copy(file, tmp_path / "copy")
    file.write_bytes((tmp_path / "copy").read_bytes()[:-100])
    done = programs.run("import", "--model", folder, "--to", tmp_path / "imported", code=1)
    assert "model.safetensors" in done.stderr
