# SPDX-License-Identifier: MIT
"""The io room against the packages whose formats it speaks: safetensors, tensorboard and
sentencepiece. io_tool, beside the other programs, is the C++ side."""
import json
import os
import pathlib
import random
import struct
import subprocess

import numpy
import pytest
import safetensors
import safetensors.numpy
import sentencepiece
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

tool = pathlib.Path(os.environ.get("MOE_PARITY_PROGRAMS", "."), "io_tool")
formats = ["BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0",
           "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64",
           "F64", "I64", "U64"]


def run(*words):
    done = subprocess.run([tool, *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def judged(*files):
    """What our reader says: {name: (dtype, shape, bytes)}, or None where it refuses."""
    verdicts = [json.loads(line) for line in run("judge", *files).splitlines()]
    assert len(verdicts) == len(files)
    return [None if "error" in v else
            {name: (t["dtype"], t["shape"], bytes.fromhex(t["bytes"]))
             for name, t in v["tensors"].items()} for v in verdicts]


def reference(file):
    """The same of the reference implementation."""
    try:
        tensors = safetensors.deserialize(file)
    except safetensors.SafetensorError:
        return None
    return {name: (t["dtype"], list(t["shape"]), bytes(t["data"])) for name, t in tensors}


def packed(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_the_reference_reads_our_file(tmp_path):
    run("write", tmp_path / "ours")
    theirs = reference((tmp_path / "ours").read_bytes())
    assert len(theirs) == len(formats) + 2
    for i, dtype in enumerate(formats):
        *kind, data = theirs[f"tensor.{len(formats) - i}"]
        assert kind == [dtype, [2, 4]]
        expected = [j % 2 if dtype == "BOOL" else (7 * j + i) % 100 for j in range(len(data))]
        assert list(data) == expected
    assert theirs["scalar"][:2] == ("F32", [])
    assert theirs['nothing "\u00e9"'] == ("I64", [0, 3], b"")
    assert judged(tmp_path / "ours") == [theirs]
    with safetensors.safe_open(tmp_path / "ours", "np") as file:
        assert file.metadata() == {"format": "pt"}


def test_we_read_what_numpy_saves_and_write_the_same_bytes(tmp_path):
    chance = numpy.random.default_rng(1)
    for round in range(20):
        tensors = {}
        for i, kind in enumerate("? i1 u1 i2 u2 f2 i4 u4 f4 i8 u8 f8".split()):
            shape = tuple(chance.integers(0, 5, size=chance.integers(0, 4)))
            data = chance.integers(0, 2 if kind == "?" else 100, size=shape)
            tensors[f"t{i * 7 % 12}"] = numpy.asarray(data).astype(kind)
        safetensors.numpy.save_file(tensors, tmp_path / "theirs",
                                    {"round": str(round)} if round % 2 else None)
        ours, = judged(tmp_path / "theirs")
        assert ours == reference((tmp_path / "theirs").read_bytes())
        assert {name: data for name, (_, _, data) in ours.items()} == {
            name: array.tobytes() for name, array in tensors.items()}
        run("copy", tmp_path / "theirs", tmp_path / "ours")
        assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def mutated(good, chance):
    length, = struct.unpack("<Q", good[:8])
    header, data = bytearray(good[8:8 + length]), good[8 + length:]
    pieces = [b"{", b"}", b"[", b"]", b",", b":", b'"', b" ", b"0", b"1", b"9", b"-", b".", b"e1",
              b"null", b"true", b"\\u0000", b"\xff", b'"x":1,', b'"dtype":"U8",', b'"shape":[0]',
              b'"__metadata__":{"a":"b"},', b'"n":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},']
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(len(header))
        kind = chance.randrange(7)
        if kind == 0:
            header[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            header[at:at] = chance.choice(pieces)
        elif kind == 2:
            del header[at:at + chance.randrange(1, 4)]
        elif kind == 3:
            digits = [i for i, b in enumerate(header) if chr(b).isdigit()]
            header[chance.choice(digits)] = ord(chance.choice("0123456789"))
        elif kind == 4:
            at = chance.choice([i for i, b in enumerate(header) if chr(b) in "{}[],:"])
            header[at:at] = chance.choice((b" ", b"\n", b"\t "))
        elif kind == 5:
            data = bytes(chance.randrange(256) for _ in data)
        else:
            data = data[:chance.randrange(len(data) + 1)] if chance.random() < 0.5 else data + b"x"
    return packed(bytes(header), data)


def test_whatever_we_accept_the_reference_accepts_with_the_same_bytes(tmp_path):
    run("write", tmp_path / "ours")
    seeds = [packed({"__metadata__": {"k": "v"},
                     "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
                     "b": {"dtype": "U8", "shape": [3], "data_offsets": [16, 19]},
                     "c": {"dtype": "F4", "shape": [2, 1], "data_offsets": [19, 20]}}, b"x" * 20),
             packed({"a": {"dtype": "I64", "shape": [], "data_offsets": [0, 8]}}, b"y" * 8),
             (tmp_path / "ours").read_bytes()]
    chance = random.Random(int(os.environ.get("MOE_SEED", "1")))
    count, both, stricter = int(os.environ.get("MOE_MUTANTS", "3000")), 0, 0
    for start in range(0, count, 500):
        files = []
        for i in range(start, min(start + 500, count)):
            files.append(tmp_path / str(i))
            files[-1].write_bytes(mutated(seeds[i % len(seeds)], chance))
        for file, ours in zip(files, judged(*files)):
            theirs = reference(file.read_bytes())
            if ours is not None:
                assert ours == theirs, file.read_bytes()
                both += 1
            stricter += ours is None and theirs is not None
            file.unlink()
    assert both > count / 20
    print(f"{count} files: both accept {both}, only the reference {stricter}")


def test_tensorboard_reads_our_events(tmp_path):
    run("events", tmp_path / "events")
    assert len(list((tmp_path / "events").iterdir())) == 1
    events = EventAccumulator(str(tmp_path / "events"),
                              size_guidance={"scalars": 0, "histograms": 0})
    events.Reload()
    assert events.Tags()["scalars"] == ["train/loss", "train/rate"]
    steps = list(range(1, 301))
    for tag, value in (("train/loss", lambda s: -1 / s), ("train/rate", lambda s: 1e-3 * s)):
        assert [s.step for s in events.Scalars(tag)] == steps
        assert [numpy.float32(s.value) for s in events.Scalars(tag)] == [
            numpy.float32(value(s)) for s in steps]
    times = [s.wall_time for s in events.Scalars("train/loss")]
    assert times == sorted(times)
    weights = events.Histograms("weights")
    assert [h.step for h in weights] == steps
    for h in weights:
        values = numpy.float32(numpy.arange(100) * h.step) / numpy.float32(100)
        v = h.histogram_value
        assert (v.min, v.max, v.num) == (values.min(), values.max(), 100)
        assert v.sum == pytest.approx(float(values.sum(dtype=float)))
        assert v.sum_squares == pytest.approx(float((values.astype(float) ** 2).sum()))
        assert sum(v.bucket) == 100 and len(v.bucket) == len(v.bucket_limit) == 10
    load = events.Histograms("load")[11].histogram_value
    assert list(load.bucket) == [12, 0, 3] and list(load.bucket_limit) == [0.5, 1.5, 2.5]


texts = ["the cell divides", "  two  spaces ", "line\nline\n\n", "",
         "caf\u00e9 \u4e2d\u6587 \U0001f600", "\ttab and \u00a0 space", "x" * 300]


@pytest.fixture(scope="module")
def learning_text(tmp_path_factory):
    chance = random.Random(3)
    words = "the a of energy light cell protein function return int river caf\u00e9".split()
    text = "".join(chance.choice(words) + chance.choice("   \n") for _ in range(20000))
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text(text)
    return path


def encoded(model, text, folder):
    (folder / "input").write_bytes(text.encode())
    return json.loads(run("encode", model, folder / "input"))


def test_sentencepiece_reads_our_model(learning_text, tmp_path):
    run("learn", learning_text, 340, tmp_path / "ours.model")
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "ours.model"))
    assert theirs.vocab_size() == 340
    for text in [*texts, learning_text.read_text()[:20000]]:
        ours = encoded(tmp_path / "ours.model", text, tmp_path)
        assert ours["ids"] == theirs.encode(text)
        assert ours["vocab"] == 340
        assert bytes.fromhex(ours["decoded"]) == text.encode()
        assert ours["bytes"] == len(text.encode())


@pytest.mark.parametrize("kind, options", [
    ("unigram", {}), ("bpe", {}), ("unigram", {"byte_fallback": True}),
    ("bpe", {"byte_fallback": True, "add_dummy_prefix": False, "remove_extra_whitespaces": False,
             "normalization_rule_name": "identity"})])
def test_we_read_models_of_sentencepiece(learning_text, tmp_path, kind, options):
    sentencepiece.SentencePieceTrainer.train(
        input=str(learning_text), model_prefix=str(tmp_path / "theirs"), model_type=kind,
        vocab_size=340 if "byte_fallback" in options else 80, minloglevel=2,
        hard_vocab_limit=False, **options)
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "theirs.model"))
    for text in texts:
        ours = encoded(tmp_path / "theirs.model", text, tmp_path)
        assert ours["ids"] == theirs.encode(text)
        if theirs.unk_id() not in ours["ids"]:
            assert bytes.fromhex(ours["decoded"]).decode() == theirs.decode(ours["ids"])
