#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every word of a trainer, in words for people and in JSON, from text to a model and back."""
import json
import math
import shutil

import trainers
from trainers import Case, context, floats, read_tensors, sentence

described = """parameters parameters_active parameters_active_without_input_embedding
parameters_active_without_embeddings train_flop_per_token kv_bytes_per_token bytes
instruction_set""".split()
summarised = """steps tokens train_loss validation tokens_per_second flop_per_second peak_share
planned_bytes peak_bytes resident_bytes joules joules_source money weights_hash
state_hash""".split()


class Describe(Case):
    def test_in_json(self):
        told = self.json("describe", "--batch", 256, "--grains", 2)
        for key in described:
            self.assertIn(key, told)
        # Two vocabulary matrices; the attention of two layers with their norms; a dense layer, a
        # router, a shared and four routed experts of three matrices each; the last norm.
        attention = 32 * 2 * 16 + 32 * 24 + 16 + 16 * 2 * 24 + 2 * 16 * 32 + 2 * 32
        once = 2 * 256 * 32 + 2 * attention + 3 * 32 * 32 + 32 * 4 + 32
        self.assertEqual(told["parameters"], once + 5 * 3 * 32 * 16)
        self.assertEqual(told["parameters_active"], once + 3 * 3 * 32 * 16)
        self.assertEqual(told["recipe"]["model.context"], context)
        *roles, total = told["bytes"].values()
        self.assertEqual(sum(roles), total)

    def test_in_words(self):
        told = self.run_trainer("describe")
        self.assertEqual(told.code, 0)
        self.assertTrue(told.out.startswith("pocket\n\n"), told.out)
        for piece in ("attention.kv_rank", "parameters", "activations", "instruction set: "):
            self.assertIn(piece, told.out)

    def test_what_no_machine_holds(self):
        told = self.json("describe", trainer="deepseek")
        self.assertEqual(told["parameters"], 671_026_404_352)
        self.assertGreater(told["bytes"]["total"], 16 * told["parameters"])

    def test_help_and_version(self):
        told = self.done("--help")
        for word in ("describe", "train", "score", "generate", "export", "import", "grow", "merge",
                     "remove", "upcycle", "report", "compare"):
            self.assertIn(f"\n  {word} ", told.out)
            self.assertIn("--json", self.done(word, "--help").out)
        self.assertRegex(self.done("--version").out, r"^pocket \(moe \d+\.\d+\.\d+\)\n$")


class Train(Case):
    def test_what_a_run_leaves(self):
        told = self.done(*self.training("--validate-every", 6, data=self.text_folder()))
        for piece in ("step 12/12  loss ", "validation at step 6: rivers ", " stones ",
                      "report.html"):
            self.assertIn(piece, told.out)
        run = self.folder / "run"
        self.assertEqual(sorted(path.name for path in run.iterdir()),
                         ["checkpoints", "metrics.jsonl", "report.html", "report.json",
                          "run.lock", "summary.json", "tensorboard"])
        self.assertEqual(self.checkpoints(), ["step-000010", "step-000012"])
        self.assertEqual(sorted(path.name for path in (run / "checkpoints/step-000012").iterdir()),
                         ["losses.f64", "manifest.json", "model.safetensors",
                          "optimizer.safetensors"])

        summary = json.loads((run / "summary.json").read_text())
        for key in summarised:
            self.assertIn(key, summary)
        self.assertEqual((summary["steps"], summary["tokens"]), (12, 12 * 4 * context))
        self.assertEqual(list(summary["validation"]), ["rivers", "stones"])
        self.assertLess(summary["train_loss"], math.log(256))
        self.assertEqual(summary["peak_bytes"], summary["planned_bytes"])

        metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        steps = [line["step"] for line in metrics if "loss" in line]
        self.assertEqual(steps, list(range(1, 13)))
        self.assertEqual([line["step"] for line in metrics if "validation" in line], [6, 12])
        page = (run / "report.html").read_text()
        self.assertIn("stones", page)
        self.assertNotIn("http", page.replace("http://www.w3.org/", ""))

    def test_json_is_the_summary(self):
        told = self.run_trainer(*self.training("--json", data=self.text_folder()))
        self.assertEqual(told.code, 0)
        self.assertEqual(told.out, (self.folder / "run/summary.json").read_text())
        self.assertIn("step 12/12", told.err)

    def test_same_bits_from_other_threads_and_another_folder(self):
        self.text_folder()
        one, two = (self.train("--threads", threads, "--grains", 2, out=f"run{threads}")
                    for threads in (1, 3))
        for key in "weights_hash", "state_hash", "train_loss", "validation":
            self.assertEqual(one[key], two[key], key)
        self.assertNotEqual(one["weights_hash"], self.train("--seed", 2)["weights_hash"])

    def test_a_folder_of_texts_is_one_domain(self):
        self.put("essays/first.txt", sentence(300, 5))
        self.put("essays/second.txt", sentence(300, 6))
        for out, name in ("one", "essays"), ("two", "essays/"), ("three", "./essays/."):
            self.assertEqual(list(self.train(data=name, out=out)["validation"]), ["essays"])

    def test_any_utf8_is_text(self):
        letters = "".join(map(chr, [*range(1, 0xD800, 97), *range(0xE000, 0x110000, 997)]))
        self.put("text/strange/all.txt", letters + "\r\n\ufeff" + "naïve Ωμέγα 語 🙂 " * 40)
        self.assertEqual(list(self.train()["validation"]), ["strange"])

class Model(Case):
    """What is done with a trained model."""

    @classmethod
    def setUpClass(cls):
        maker = cls.make()
        maker.text_folder()
        cls.summary = maker.train(steps=40)
        cls.made = maker.folder

    def setUp(self):
        super().setUp()
        shutil.copytree(self.made, self.folder, dirs_exist_ok=True)
        self.sample = self.put("sample.txt", sentence(20, 9))

    def score(self, model, *more):
        return self.json("score", "--model", model, "--text", self.sample, *more)

    def test_score(self):
        told = self.score("run", "--logits", "logits.safetensors")
        text = self.sample.read_bytes()
        self.assertEqual(told["tokens"], len(text) - 1)
        self.assertLess(told["nats_per_token"], 4)
        self.assertAlmostEqual(told["bits_per_byte"], told["nats_per_token"] / math.log(2), 12)

        (name, (dtype, shape, content)), = read_tensors(self.folder / "logits.safetensors").items()
        self.assertEqual((name, dtype, shape), ("logits", "F32", [len(text), 256]))
        logits, nats = floats(content), 0
        for i, target in enumerate(text[1:]):
            row = logits[256 * i:256 * (i + 1)]
            nats += max(row) + math.log(sum(math.exp(x - max(row)) for x in row)) - row[target]
        self.assertAlmostEqual(told["nats_per_token"], nats / (len(text) - 1), 9)

        words = self.done("score", "--model", "run", "--text", self.sample).out.split()
        self.assertEqual(words, ["tokens", str(told["tokens"]), "nats", "per", "token",
                                 str(told["nats_per_token"]), "bits", "per", "byte",
                                 str(told["bits_per_byte"])])

    def test_score_starts_afresh_in_each_window(self):
        text = self.sample.read_bytes()[:context]
        self.sample.write_bytes(text + text)
        self.score("run", "--logits", "logits.safetensors")
        _, _, content = read_tensors(self.folder / "logits.safetensors")["logits"]
        self.assertTrue(content[:len(content) // 2] == content[len(content) // 2:])

    def test_a_run_stands_for_its_newest_checkpoint(self):
        newest = self.score("run/checkpoints/step-000040")
        self.assertEqual(newest, self.score("run"))
        self.assertNotEqual(newest, self.score("run/checkpoints/step-000035"))
        # A model folder has no moments.
        shutil.copytree(self.folder / "run/checkpoints/step-000040", self.folder / "copy")
        self.assertEqual(newest, self.score("copy"))

    def test_generate(self):
        def generate(*more, prompt="the cell "):
            return self.json("generate", "--model", "run", "--prompt", prompt, "--tokens", 50,
                             *more)

        told = generate()
        self.assertEqual((told["prompt"], told["tokens"]), ("the cell ", 50))
        self.assertEqual(told, generate("--threads", 1))
        self.assertNotEqual(told["text"], generate("--seed", 2)["text"])
        likeliest = generate("--temperature", 0)
        self.assertEqual(likeliest, generate("--temperature", 0, "--seed", 2))
        self.assertEqual(likeliest, generate("--top-p", 1e-9))
        # Longer than the context, one letter, any letters.
        for prompt in sentence(30, 3), "t", "日本 \"quoted\"\n\t🙂":
            self.assertEqual(generate(prompt=prompt)["prompt"], prompt)

        command = ["generate", "--model", "run", "--prompt", "the cell ", "--tokens", 50,
                   "--temperature", 0]
        words = self.done(*command)
        self.assertEqual(len(words.bytes), len("the cell ") + 50 + 1)
        self.assertEqual(words.out, "the cell " + likeliest["text"] + "\n")

    def test_a_model_that_knows_nothing_still_speaks_json(self):
        """Hot noise is no UTF-8, and holds quotes and control characters."""
        told = self.json("generate", "--model", "run", "--prompt", "a", "--tokens", 400,
                         "--temperature", 1000, "--top-p", 1)
        self.assertIn("\ufffd", told["text"])

    def test_export_import_and_init(self):
        told = self.json("export", "--model", "run", "--to", "hf")
        self.assertEqual(told["to"], "hf")
        self.assertTrue(told["from"].endswith("run/checkpoints/step-000040"), told)
        config = json.loads((self.folder / "hf/config.json").read_text())
        self.assertEqual(config["architectures"], ["DeepseekV3ForCausalLM"])
        tensors = read_tensors(self.folder / "hf/model.safetensors")
        self.assertIn("model.layers.1.mlp.experts.3.down_proj.weight", tensors)
        self.assertTrue((self.folder / "hf/tokenizer_config.json").exists())

        told = self.json("import", "--model", "hf", "--to", "model")
        self.assertEqual(told, {"from": "hf", "to": "model"})
        same = (read_tensors(self.folder / "model/model.safetensors") ==
                read_tensors(self.folder / "run/checkpoints/step-000040/model.safetensors"))
        self.assertTrue(same)
        self.assertEqual(self.score("model"), self.score("run"))
        self.assertEqual(self.train("--init", "model", out="again", steps=2)["weights_hash"],
                         self.train("--init", "run", out="other", steps=2)["weights_hash"])
        first = json.loads((self.folder / "again/metrics.jsonl").read_text().splitlines()[0])
        self.assertEqual(first["step"], 1)
        self.assertLess(first["loss"], self.summary["train_loss"] + 0.3)

        # In words, and without tokenizer files: bytes.
        for path in (self.folder / "hf").glob("*token*"):
            path.unlink()
        words = self.done("import", "--model", "hf", "--to", "bare").out
        self.assertEqual(words, "hf -> bare\n")
        self.assertEqual(self.score("bare"), self.score("run"))
        words = self.done("export", "--model", "bare", "--to", "back").out
        self.assertEqual(words, "bare -> back\n")
        self.assertTrue(read_tensors(self.folder / "back/model.safetensors") == tensors)


class Pieces(Case):
    """With a tokenizer that is learnt from the text."""

    def test_learnt_with_the_run(self):
        self.text_folder()
        train = self.training("--tokenizer", "train", "--json")
        self.assertEqual(self.run_trainer(*train, trainer="purse").code, 0)
        text = self.put("sample.txt", sentence(20, 9) + "naïve 🙂\n\ttext")
        score = "score", "--model", "run", "--text", text
        told = self.json(*score, trainer="purse")
        size = len(text.read_bytes())
        self.assertLess(told["tokens"], size / 1.5)
        nats = told["tokens"] * told["nats_per_token"]
        self.assertAlmostEqual(told["bits_per_byte"], nats / math.log(2) / size, delta=0.3)
        generate = ["generate", "--model", "run", "--prompt", "the cell ", "--tokens", 20]
        told = self.json(*generate, trainer="purse")
        self.assertEqual(told["tokens"], 20)
        self.assertGreater(len(told["text"]), 20)
        self.assertEqual(self.done(*generate, trainer="purse").out,
                         "the cell " + told["text"] + "\n")
        # A run that goes on has the same one; the recipe that knows bytes alone has no row for it.
        self.json(*train[:-1], "--resume", trainer="purse")
        self.refused("320", *self.training("--tokenizer", self.folder / "run/tokenizer.model",
                                           out="bytes"))

    def test_learnt_anew_until_there_is_a_run(self):
        text = self.text_folder()
        short = self.put("text/rivers/short.txt", "zzz qqq " * 2)
        train = self.training("--tokenizer", "train")
        told = self.run_trainer(*train, trainer="purse")
        self.assertEqual((told.code, told.err.count("\n")), (1, 1), told.err)
        self.assertIn("rivers/short.txt: ", told.err)
        left = self.folder / "run/tokenizer.model"
        before = left.read_bytes() if left.exists() else b""
        short.unlink()
        for path in text.rglob("*.txt"):
            path.write_text(path.read_text().upper())
        self.assertEqual(self.run_trainer(*train, trainer="purse").code, 0)
        self.assertTrue(left.read_bytes() != before)

    def test_rows_without_a_token(self):
        """Bytes in a vocabulary of 320: the model may say what stands for nothing."""
        self.text_folder()
        self.run_trainer(*self.training(steps=2), trainer="purse")
        generate = ["generate", "--model", "run", "--prompt", "a", "--tokens", 300, "--temperature",
                    1000, "--top-p", 1]
        words = self.done(*generate, trainer="purse").bytes
        self.assertIn(len(words), range(200, 299))

    def test_pieces_that_begin_with_a_space(self):
        """As of Llama's tokenizer: one that stands in front of a text is not of the text."""
        self.text_folder()
        self.run_trainer(*self.training("--tokenizer", "train", steps=2), trainer="purse")
        learnt = (self.folder / "run/tokenizer.model").read_bytes()
        without, with_space = b"\x18\x00\x20\x00", b"\x18\x01\x20\x00"  # add_dummy_prefix
        self.assertEqual(learnt.count(without), 1)
        words = self.put("words.model", learnt.replace(without, with_space))
        train = self.training("--tokenizer", words, out="other", steps=40)
        self.assertEqual(self.run_trainer(*train, trainer="purse").code, 0)
        generate = ["generate", "--model", "other", "--prompt", "the cell", "--tokens", 30]
        told = self.json(*generate, trainer="purse")
        self.assertGreater(told["text"].count(" "), 2)
        self.assertEqual(self.done(*generate, trainer="purse").out,
                         "the cell" + told["text"] + "\n")


if __name__ == "__main__":
    trainers.main()
