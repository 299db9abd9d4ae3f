# SPDX-License-Identifier: MIT
"""The trainers under test, run as a user runs them, and what the tests of this folder share.

A script of tests is given the folder of the built trainers: pocket, purse and deepseek."""
import contextlib
import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

context = 32  # of pocket.hpp
set_pipe_size = 1031  # F_SETPIPE_SZ of Linux
patience = 240  # seconds until a trainer counts as hanging; the machine may be busy
programs = pathlib.Path()
words = """the cell divides and its tissue grows while light bends in glass because a compiler
reads every token of this sentence before the poet has found one rhyme""".split()


def main():
    """Runs the tests of the script that calls it: SCRIPT FOLDER [unittest's own words]."""
    global programs
    programs = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()


def sentence(count, seed):
    chance = random.Random(seed)
    return " ".join(chance.choice(words) for _ in range(count)) + "\n"


def defaults():
    """Between fork and exec: signals as a shell leaves them, whatever this script inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class Told:
    """What a command said, and how it ended; below 0: the signal that killed it."""

    def __init__(self, code, out, err):
        self.code, self.bytes = code, out
        self.out, self.err = (text.decode("utf-8", "replace") for text in (out, err))


class Case(unittest.TestCase):
    """A test with a folder of its own, in memory where the system has such a place."""

    def setUp(self):
        place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="moe-test-", dir=place))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def put(self, name, contents):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return path

    def text_folder(self, name="text"):
        """Two domains, three files, easily learnt."""
        for seed, file in enumerate(("rivers/one", "rivers/two", "stones/one")):
            self.put(f"{name}/{file}.txt", sentence(400, seed))
        return self.folder / name

    @classmethod
    def make(cls):
        """A case for setUpClass to work with; its folder is there until the class is done."""
        maker = Case()
        maker.setUp()
        cls.addClassCleanup(maker.doCleanups)
        return maker

    def command(self, *given, trainer="pocket"):
        return [str(programs / trainer), *map(str, given)]

    def run_trainer(self, *given, trainer="pocket", **how):
        done = subprocess.run(self.command(*given, trainer=trainer), stdin=subprocess.DEVNULL,
                              stdout=how.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
                              timeout=patience, cwd=self.folder, **how)
        return Told(done.returncode, done.stdout or b"", done.stderr)

    def done(self, *given, **how):
        """A command that must succeed, and has nothing to complain about."""
        told = self.run_trainer(*given, **how)
        self.assertEqual((told.code, told.err), (0, ""), (given, told.out))
        return told

    def json(self, *given, **how):
        """The JSON of a command that must succeed: standard output holds nothing else."""
        told = self.run_trainer(*given, "--json", **how)
        self.assertEqual(told.code, 0, told.err)
        self.assertTrue(told.out.endswith("}\n"), told.out)
        return json.loads(told.bytes.decode("utf-8", "strict"))

    def refused(self, says, *given, code=1, trainer="pocket", **how):
        """A command that must fail with one line on standard error, which holds each of 'says'."""
        told = self.run_trainer(*given, trainer=trainer, **how)
        self.assertEqual(told.code, code, (told.out, told.err))
        self.assertTrue(told.err.startswith(f"{trainer}: "), told.err)
        self.assertEqual(told.err.count("\n"), 1, told.err)
        self.assertTrue(told.err.endswith("\n"), told.err)
        for piece in [says] if isinstance(says, str) else says:
            self.assertIn(str(piece), told.err)
        return told

    def training(self, *more, out="run", data=None, steps=12):
        """The words of a small run of 4 windows a step, with checkpoints at steps 5 and 10."""
        data = data or self.folder / "text"
        return ["train", "--data", data, "--out", self.folder / out, "--steps", steps, "--batch",
                4 * context, "--lr", 5e-3, "--threads", 1, "--log-every", 1, "--checkpoint-every",
                5, "--validation-windows", 2, *more]

    def train(self, *more, **how):
        """The summary of such a run."""
        return self.json(*self.training(*more, **how))

    @contextlib.contextmanager
    def started(self, *given):
        """A trainer at work, and what it says. It stops in its tracks, some 60 lines ahead of who
        reads that, because the pipe is full: it cannot be done before the test wants it to be."""
        reading, writing = os.pipe()
        fcntl.fcntl(reading, set_pipe_size, 4096)
        with open(reading, "rb", buffering=0) as lines:
            running = subprocess.Popen(self.command(*given), stdin=subprocess.DEVNULL,
                                       stdout=writing, stderr=writing, preexec_fn=defaults,
                                       cwd=self.folder)
            os.close(writing)
            try:
                yield running, lines
            finally:
                running.kill()
                running.wait(patience)

    def read_until(self, lines, piece):
        """The lines up to the first that holds the piece."""
        read = []
        for line in lines:
            read.append(line.decode())
            if piece in read[-1]:
                return read
        self.fail(f"ended before {piece!r}: {read}")

    def wait_until_asleep(self, running):
        """Until a trainer of one thread has filled the pipe: it sleeps for no other reason."""
        status = pathlib.Path(f"/proc/{running.pid}/stat")
        while status.read_text().rpartition(")")[2].split()[0] != "S":
            time.sleep(0.01)

    def checkpoints(self, out="run"):
        return sorted(path.name for path in (self.folder / out / "checkpoints").iterdir())


def read_tensors(path):
    """name -> (dtype, shape, bytes) of a safetensors file."""
    data = pathlib.Path(path).read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        tensors[name] = entry["dtype"], entry["shape"], data[8 + length:][first:last]
    return tensors


def write_tensors(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (dtype, shape, content) in tensors.items():
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        data += content
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def floats(content):
    return struct.unpack(f"<{len(content) // 4}f", content)
