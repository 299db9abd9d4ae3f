# SPDX-License-Identifier: MIT
"""A model trained here, exported, loaded by transformers: nothing missing, nothing unexpected, the
same logits, the same tokens."""
import random

import pytest
import sentencepiece
import torch
import transformers

import models
from conftest import note, sentence, train


@pytest.fixture(scope="module")
def trained(programs, run_folder, tmp_path_factory):
    """A run of a few steps, and its export."""
    exported = tmp_path_factory.mktemp("exported") / "model"
    programs.run("export", "--model", run_folder, "--to", exported)
    return run_folder, exported


def test_the_export_computes_the_same(trained, programs, recipe, tmp_path):
    run, exported = trained
    model = models.load(exported)
    assert type(model).__name__ == model.config.architectures[0]
    biases = [b for name, b in model.named_buffers() if name.endswith("e_score_correction_bias")]
    assert all(bias.abs().max() > 0 for bias in biases)  # moved by training, and carried over

    text = sentence(100, seed=6).encode()
    (tmp_path / "text").write_bytes(text)
    score, logits = programs.score(run, tmp_path / "text", tmp_path / "logits.safetensors")
    theirs = models.logits_of(model, text)
    assert note("way back", recipe, models.difference(logits, theirs)) < 2e-5
    loss = float(models.loss_of(theirs, text))
    assert abs(score["nats_per_token"] - loss) < 2e-5 * loss
    assert loss < 5.0  # below the 5.5 nats of a coin with 256 sides: it has learnt


def test_the_way_back_is_exact(trained, programs, tmp_path):
    """Exported and imported again, and once more through what transformers itself saves."""
    run, exported = trained
    models.load(exported).save_pretrained(tmp_path / "saved")
    text = random.Random(8).randbytes(3 * models.context)
    (tmp_path / "text").write_bytes(text)
    _, expected = programs.score(run, tmp_path / "text", tmp_path / "logits.safetensors")
    for folder in (exported, tmp_path / "saved"):
        again = tmp_path / ("again-" + folder.name)
        programs.run("import", "--model", folder, "--to", again)
        _, logits = programs.score(again, tmp_path / "text", tmp_path / "logits.safetensors")
        assert torch.equal(logits, expected)


def test_the_tokenizer_is_bytes(trained):
    _, exported = trained
    tokenizer = transformers.AutoTokenizer.from_pretrained(exported)
    text = "".join(map(chr, range(0x500))) + "  two\n\n\t\u4e00\U0001f642 <s></s>[PAD] "
    ids = tokenizer(text)["input_ids"]
    assert ids == list(text.encode())
    assert tokenizer.decode(ids) == text
    assert len(tokenizer) == 256


def test_it_generates(trained):
    _, exported = trained
    model, tokenizer = models.load(exported), transformers.AutoTokenizer.from_pretrained(exported)
    made = model.generate(**tokenizer("the cell", return_tensors="pt"), max_new_tokens=8,
                          do_sample=False)
    assert made.shape == (1, len("the cell") + 8)


def test_a_full_folder_is_not_overwritten(trained, programs):
    run, exported = trained
    before = (exported / "model.safetensors").read_bytes()
    done = programs.run("export", "--model", run, "--to", exported, code=1)
    assert str(exported) in done.stderr
    assert (exported / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize("recipe", ["parity_mixtral"], indirect=True, scope="session")
def test_sentencepiece_keeps_its_ids(recipe, programs, text_folder, tmp_path):
    """A model on sub-words: transformers finds the tokenizer, and the same ids."""
    sentencepiece.SentencePieceTrainer.train(
        input=text_folder / "left" / "text.txt", model_prefix=str(tmp_path / "words"),
        model_type="bpe", vocab_size=120, normalization_rule_name="identity",
        add_dummy_prefix=False, remove_extra_whitespaces=False, bos_id=-1, eos_id=-1,
        max_sentence_length=1 << 20, minloglevel=2)
    train(programs, text_folder, tmp_path / "run", "--tokenizer", tmp_path / "words.model")
    programs.run("export", "--model", tmp_path / "run", "--to", tmp_path / "exported")

    text = sentence(60, seed=9)
    (tmp_path / "text").write_text(text)
    ids = sentencepiece.SentencePieceProcessor(str(tmp_path / "words.model")).encode(text)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "exported")
    assert tokenizer(text)["input_ids"] == ids
    assert tokenizer.decode(ids) == text

    theirs = models.logits_of(models.load(tmp_path / "exported"), ids)
    programs.run("import", "--model", tmp_path / "exported", "--to", tmp_path / "again")
    for folder in ("run", "again"):
        score, logits = programs.score(tmp_path / folder, tmp_path / "text",
                                       tmp_path / "logits.safetensors")
        assert score["tokens"] == len(ids) - 1
        assert models.difference(logits, theirs) < 2e-5
