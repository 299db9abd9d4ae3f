#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a trainer cannot follow it refuses: in one line that names the file, flag or field and what
was expected, with exit code 2 for the command line and 1 for all else, and with nothing lost."""
import json
import os
import random
import shutil

import trainers
from trainers import Case, context, read_tensors, sentence, write_tensors


class CommandLine(Case):
    def test_words_and_flags(self):
        score = "score", "--model", "run", "--text", "a.txt"
        for says, *given in (
                ("expected a word: describe, train, score", ),
                ("'trian': expected a word, one of describe, train", "trian"),
                ("did you mean train?", "trian"),
                ("--stpes: no such flag here; did you mean --steps?", "train", "--data", "text",
                 "--out", "run", "--stpes", 3),
                ("--prompt: no such flag here", *score, "--prompt", "a"),
                ("--data: expected DIR", "train", "--out", "run"),
                ("--to: expected DIR", "export", "--model", "run"),
                ("--steps: expected a whole number of at least 1, found '0'", "train", "--data",
                 "text", "--out", "run", "--steps", 0),
                ("--lr: expected a number above 0, found 'fast'", "train", "--data", "text",
                 "--out", "run", "--lr", "fast"),
                ("--top-p: expected a number above 0 and at most 1, found '1.5'", "generate",
                 "--model", "run", "--prompt", "a", "--top-p", 1.5),
                ("--threads: expected a value behind it", *score, "--threads"),
                ("'more': expected a flag", *score, "more"),
                ("--prompt: expected TEXT, found nothing", "generate", "--model", "run", "--prompt",
                 ""),
                ("a multiple of 32, found 100", "describe", "--batch", 100),
                ("--grains: expected 1 to 2 (the sequences of a batch), found 3", "describe",
                 "--batch", 2 * context, "--grains", 3)):
            for json_too in [], ["--json"] * bool(given) * (given[-1:] != ["--threads"]):
                told = self.refused(says, *given, *json_too, code=2)
                self.assertEqual(told.out, "", given)
        self.assertEqual(os.listdir(self.folder), [])

    def test_standard_output_that_takes_nothing(self):
        with open("/dev/full", "w") as full:
            for given in ["describe"], ["describe", "--json"], ["--help"]:
                self.refused("standard output: cannot write: No space left on device", *given,
                             stdout=full)

    def test_more_memory_than_there_is(self):
        self.put("text/long.txt", sentence(2000, 1))
        told = self.refused(["the plan takes 1", " GB of memory, this machine has "], "train",
                            "--data", "text", "--out", "run", trainer="deepseek")
        self.assertEqual(told.out.count("\n"), 1, told.out)


class Data(Case):
    def data_refused(self, says, data="text"):
        self.refused(says, *self.training(data=data))
        # Progress goes to standard error then, and the complaint is its last line.
        told = self.run_trainer(*self.training("--json", data=data))
        self.assertEqual((told.code, told.out), (1, ""))
        self.assertIn(says, told.err.splitlines()[-1])

    def test_folders(self):
        self.data_refused("nowhere: no such folder; one with .txt files", "nowhere")
        (self.folder / "text").mkdir()
        self.data_refused("text: empty; .txt files, or a sub-folder of them")
        (self.folder / "text/rivers").mkdir()
        self.data_refused("text/rivers: holds no .txt file")
        self.put("text/rivers/notes.md", sentence(100, 1))
        self.data_refused("text/rivers: holds no .txt file")
        self.put("text/rivers/one.txt", sentence(100, 1))
        lone = self.put("text/one.txt", sentence(100, 1))
        self.data_refused("text/one.txt: stands beside domain folders")
        self.data_refused("one.txt: no such folder", lone)
        # Once it is right, nothing of the refusals is in its way.
        lone.unlink()
        self.train()

    def test_files(self):
        self.text_folder()
        broken = self.put("text/rivers/broken.txt", sentence(100, 1) + "\0\1")
        size = broken.stat().st_size
        self.data_refused(f"rivers/broken.txt: a NUL byte at offset {size - 2}: text was expected")
        broken.write_bytes(b"a" * context)
        self.data_refused(f"rivers/broken.txt: {context} tokens; at least {context + 1} were")
        broken.write_bytes(b"")
        self.data_refused("rivers/broken.txt: 0 tokens; at least")
        broken.unlink()
        broken.symlink_to("nowhere")
        self.data_refused("rivers/broken.txt: cannot open: No such file or directory")
        broken.unlink()
        os.mkfifo(broken)
        self.data_refused("rivers/broken.txt: cannot open")
        broken.unlink()
        # A window and what it predicts is enough.
        broken.write_bytes(b"a" * (context + 1))
        self.train()

    def test_other_folders(self):
        self.text_folder()
        self.put("file", "")
        self.refused("file: is a file, a folder was expected", *self.training(out="file"))
        self.refused("file: is a file, a folder was expected", *self.training(out="file/run"))
        self.refused("nowhere: does not exist; a model folder", *self.training("--init", "nowhere"))
        self.refused("words.model: cannot open", *self.training("--tokenizer", "words.model"))
        self.put("words.model", "no tokenizer")
        self.refused("words.model: ", *self.training("--tokenizer", "words.model"))

    def test_a_step_that_leaves_the_numbers(self):
        self.text_folder()
        # Five steps are good and saved; then the rate arrives where no weight survives it.
        told = self.refused("is not finite; the step was not taken",
                            *self.training("--lr", 1e38, "--warmup", 0))
        self.assertRegex(told.err, r"^pocket: step \d+: ")


class Trained(Case):
    """With a trained model, which every test gets unharmed."""

    @classmethod
    def setUpClass(cls):
        maker = cls.make()
        maker.text_folder()
        maker.train()
        maker.done("export", "--model", "run", "--to", "hf")
        cls.made = maker.folder

    def setUp(self):
        super().setUp()
        shutil.copytree(self.made, self.folder, dirs_exist_ok=True)
        self.sample = self.put("sample.txt", sentence(20, 9))
        self.newest = self.folder / "run/checkpoints/step-000012"

    def score(self, model="run"):
        return "score", "--model", model, "--text", self.sample, "--json"

    def damage(self, file, at, bits=1):
        content = bytearray(file.read_bytes())
        content[at] ^= bits
        file.write_bytes(content)

    def tensors_changed(self, change):
        file = self.folder / "hf/model.safetensors"
        tensors = read_tensors(self.made / "hf/model.safetensors")
        change(tensors)
        write_tensors(file, tensors)


class Models(Trained):
    def test_no_model(self):
        self.refused("nowhere: does not exist; a model folder or a run", *self.score("nowhere"))
        self.refused("text: holds neither a model (manifest.json) nor a run's checkpoints",
                     *self.score("text"))
        self.refused("sample.txt: does not exist", *self.score("sample.txt"))

    def test_another_recipe(self):
        says = "made with another recipe: model.vocab is 256 there and 320 here"
        for given in (self.score(), ("generate", "--model", "run", "--prompt", "a"),
                      ("export", "--model", "run", "--to", "new"), self.training("--resume")):
            self.refused(["run/checkpoints/step-000012: ", says], *given, trainer="purse")
        self.refused("no Hugging Face class computes what this recipe computes: ", "import",
                     "--model", "hf", "--to", "new", trainer="purse")
        self.refused('model.safetensors: tensor "model.embed_tokens.weight" has the shape [256, 32]'
                     ", [320, 32] was expected", *self.training("--init", "run", out="new"),
                     trainer="purse")
        self.assertFalse((self.folder / "new/checkpoints").exists())
        self.json(*self.score()[:-1])

    def test_damage_in_a_model_folder(self):
        model = self.folder / "run/checkpoints/step-000012"
        weights, about = model / "model.safetensors", model / "manifest.json"
        sound, said = weights.read_bytes(), about.read_bytes()
        for says, file, content in (
                ("model.safetensors: damaged: ", weights, sound[:-1]),
                ("model.safetensors: damaged: ", weights, sound + b"\0"),
                ("model.safetensors: damaged: ", weights, b""),
                ("manifest.json: ", about, said[:-10]),
                ("manifest.json: ", about, b""),
                ("manifest.json: ", about, said.replace(b'["model.hidden","32"]',
                                                        b'["model.hidden","64"]'))):
            before = file.read_bytes()
            self.assertTrue(before != content)
            file.write_bytes(content)
            self.refused(says, *self.score(model))
            file.write_bytes(before)
        for at in random.Random(1).sample(range(len(sound)), 8):
            self.damage(weights, at)
            self.refused("model.safetensors: ", *self.score(model))
            self.damage(weights, at)
        self.damage(weights, -1)
        self.refused("model.safetensors: damaged: the hash of tensor \"model.norm.weight\"",
                     *self.score(model))
        self.damage(weights, -1)
        for name in "model.safetensors", "optimizer.safetensors", "losses.f64":
            (model / name).rename(self.folder / "aside")
            self.refused(f"{name}: cannot open: No such file", *self.score(model))
            (self.folder / "aside").rename(model / name)
        # Whole again; and tensors that the manifest does not know.
        self.json(*self.score(model)[:-1])
        tensors = read_tensors(weights)
        tensors["extra"] = "F32", [1], bytes(4)
        write_tensors(weights, tensors)
        self.refused("model.safetensors: damaged", *self.score(model))

    def test_damage_in_a_run(self):
        before = self.json(*self.score("run/checkpoints/step-000010")[:-1])
        self.damage(self.newest / "optimizer.safetensors", -5)
        told = self.run_trainer(*self.score())
        self.assertEqual((told.code, json.loads(told.out)), (0, before))
        self.assertRegex(told.err, r"^run/checkpoints/step-000012/optimizer.safetensors: damaged: "
                                   r"the hash of tensor \"moment2.*; passed over\n$")
        self.damage(self.folder / "run/checkpoints/step-000010/model.safetensors", 100)
        self.refused("run/checkpoints: no checkpoint is good; the newest: run/checkpoints/"
                     "step-000012/optimizer.safetensors: damaged", *self.score())
        # Nobody starts afresh by mistake.
        kept = self.checkpoints()
        self.refused("no checkpoint is good", *self.training("--resume"))
        self.assertEqual(self.checkpoints(), kept)

    def test_what_would_not_continue_the_run(self):
        for says, *change in ((": holds a run already; --resume continues it", ),
                              ("the run has seed 1, and --seed gives 2", "--resume", "--seed", 2),
                              ("the run has batch 128, and --batch gives 64", "--resume", "--batch",
                               64)):
            self.refused(says, *self.training(*change))
        self.put("text/stones/more.txt", sentence(100, 1))
        self.refused("the run has text ", *self.training("--resume"))
        self.json(*self.score()[:-1])

    def test_text(self):
        self.refused("nowhere.txt: cannot open: No such file", "score", "--model", "run", "--text",
                     "nowhere.txt")
        self.put("empty/rivers/notes.md", "no text")
        for folder, says in (("empty", "empty/rivers: holds no .txt file"),
                             ("empty/rivers", "empty/rivers: empty; .txt files")):
            self.refused(says, "score", "--model", "run", "--text", folder)
        self.refused("--logits: expected a file at --text", "score", "--model", "run", "--text",
                     "text", "--logits", "l.safetensors", code=2)
        for few in "", "a":
            self.sample.write_text(few)
            self.refused(f"sample.txt: expected a text of at least two tokens, found {len(few)}",
                         *self.score())
        self.sample.write_text("ab")
        self.refused("no/logits.safetensors", *self.score(), "--logits", "no/logits.safetensors")


    def test_runs(self):
        self.refused("compare: expected at least two run folders, found 1", "compare", "run",
                     code=2)
        self.refused("report: expected one run folder, found 0", "report", code=2)
        self.refused("nowhere: expected a run that ended or was stopped", "compare", "run",
                     "nowhere")
        summary = self.folder / "run/summary.json"
        summary.write_text(summary.read_text().replace('"joules":', '"jules":'))
        self.refused('run/summary.json: the key "joules" is missing', "report", "run")


class HuggingFace(Trained):
    def imported(self, says):
        self.refused(says, "import", "--model", "hf", "--to", "new", "--json")
        left = [name for name in os.listdir(self.folder) if name.startswith("new")]
        self.assertEqual(left, [])

    def test_config(self):
        file = self.folder / "hf/config.json"
        config = json.loads(file.read_text())
        for key, value, source in (("n_routed_experts", 8, "ffn.routed"),
                                   ("hidden_size", 64, "model.hidden"),
                                   ("routed_scaling_factor", 2.5, "routing.scale"),
                                   ("rope_theta", 5e5, "model.rope_base"),
                                   ("vocab_size", 300, "model.vocab")):
            file.write_text(json.dumps({**config, key: value}))
            self.imported([f"hf/config.json: {key} is {json.dumps(value)}, but the recipe's "
                           f"{source} makes it {json.dumps(config[key])}"])
        file.write_text(file.read_text()[:-5])
        self.imported("hf/config.json: ")
        file.write_text("[]")
        self.imported("hf/config.json: expected a JSON object")
        file.unlink()
        self.imported("hf/config.json: cannot open: No such file")
        shutil.rmtree(self.folder / "hf")
        self.imported("hf/config.json: cannot open: No such file")

    def test_tensors(self):
        name = "model.layers.1.mlp.experts.3.down_proj.weight"

        def set_to(tensor):
            return lambda tensors: tensors.update({name: tensor})

        self.tensors_changed(lambda tensors: tensors.pop(name))
        self.imported(f'hf/model.safetensors: tensor "{name}" is missing')
        self.tensors_changed(lambda tensors: tensors.update(one_more=("F32", [1], bytes(4))))
        self.imported('hf/model.safetensors: tensor "one_more" is one too many')
        self.tensors_changed(set_to(("F32", [16, 32], bytes(4 * 16 * 32))))
        self.imported([f'tensor "{name}" has the shape [16, 32], [32, 16] was expected'])
        self.tensors_changed(set_to(("I32", [32, 16], bytes(4 * 16 * 32))))
        self.imported(f'tensor "{name}" is I32, F32 was expected')
        self.tensors_changed(set_to(("F32", [32, 16], bytes(4))))
        self.imported(f'tensor "{name}" of F32 [32, 16] takes 2048 bytes, but its data_offsets')
        (self.folder / "hf/model.safetensors").unlink()
        self.imported("hf: holds neither model.safetensors nor model.safetensors.index.json")
        # Half precision widens, exactly.
        self.tensors_changed(set_to(("BF16", [32, 16], bytes(2 * 16 * 32))))
        self.done("import", "--model", "hf", "--to", "new")

    def test_damaged_files(self):
        file = self.folder / "hf/model.safetensors"
        sound = file.read_bytes()
        length = int.from_bytes(sound[:8], "little")
        for size in 0, 7, 8, length, 8 + length, len(sound) - 1:
            file.write_bytes(sound[:size])
            self.imported("hf/model.safetensors: ")
        # A bit of the header, anywhere: either it says what is wrong, or it was of no importance.
        for at in random.Random(2).sample(range(8 + length), 40):
            file.write_bytes(sound)
            self.damage(file, at, 1 << at % 8)
            told = self.run_trainer("import", "--model", "hf", "--to", "new")
            self.assertIn((told.code, told.err.count("\n")), [(0, 0), (1, 1)], (at, told.err))
            if told.code:
                self.assertIn("hf/model.safetensors: ", told.err)
            shutil.rmtree(self.folder / "new", ignore_errors=True)

    def test_tokenizer(self):
        self.put("hf/tokenizer.json", "{}")
        self.imported("hf/tokenizer.json: ")

    def test_folders_that_hold_something(self):
        for given in (("export", "--model", "run"), ("import", "--model", "hf")):
            self.refused("text: is not empty, a new or empty folder was expected", *given, "--to",
                         "text")
            self.refused("sample.txt: is a file, a new or empty folder was expected", *given,
                         "--to", "sample.txt")
        self.assertEqual(sorted(os.listdir(self.folder / "text")), ["rivers", "stones"])

    def test_a_recipe_that_no_class_holds(self):
        self.done("train", *self.training(out="other")[1:], trainer="purse")
        self.refused("no Hugging Face class computes what this recipe computes: ", "export",
                     "--model", "other", "--to", "new", trainer="purse")
        self.assertFalse((self.folder / "new").exists())


if __name__ == "__main__":
    trainers.main()
