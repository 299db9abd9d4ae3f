// SPDX-License-Identifier: MIT
#include <moe/app/arguments.hpp>
#include <moe/core/error.hpp>

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

using namespace moe;

namespace {

using spoken = std::vector<const char*>;

command parsed(spoken given, const command& defaults = {}) {
    given.insert(given.begin(), "/usr/local/bin/nano");
    return parse_arguments(int(given.size()), given.data(), defaults);
}

// What the user reads; "" when the line was followed.
std::string complaint(const spoken& given) {
    try {
        parsed(given);
    } catch (const usage_error& wrong) {
        return wrong.what();
    }
    return "";
}

// With what the word cannot do without.
spoken train(spoken more) {
    more.insert(more.begin(), {"train", "--data", "text", "--out", "run"});
    return more;
}
spoken score(spoken more) {
    more.insert(more.begin(), {"score", "--model", "run", "--text", "a.txt"});
    return more;
}
spoken generate(spoken more) {
    more.insert(more.begin(), {"generate", "--model", "run", "--prompt", "The cell"});
    return more;
}

}  // namespace

TEST_CASE("arguments: train, every flag") {
    const command c = parsed(train({"--init",
                                    "base",
                                    "--tokenizer",
                                    "words.model",
                                    "--steps",
                                    "77",
                                    "--batch",
                                    "2048",
                                    "--lr",
                                    "2.5e-4",
                                    "--schedule",
                                    "warmup-stable-decay",
                                    "--warmup",
                                    "7",
                                    "--final-share",
                                    "0.25",
                                    "--decay-share",
                                    "0.5",
                                    "--seed",
                                    "18446744073709551615",
                                    "--threads",
                                    "3",
                                    "--grains",
                                    "8",
                                    "--ranks",
                                    "4",
                                    "--checkpoint-every",
                                    "11",
                                    "--keep",
                                    "5",
                                    "--validate-every",
                                    "13",
                                    "--validation-windows",
                                    "17",
                                    "--log-every",
                                    "19",
                                    "--watts",
                                    "65.5",
                                    "--price-per-hour",
                                    "0.12",
                                    "--resume",
                                    "--json"}));
    CHECK(c.word == command_word::train);
    CHECK(c.print.empty());
    const settings& s = c.settings;
    CHECK(s.data == "text");
    CHECK(s.out == "run");
    CHECK(s.init == "base");
    CHECK(s.tokenizer == "words.model");
    CHECK(s.steps == 77);
    CHECK(s.batch == 2048);
    CHECK(s.rate == 2.5e-4);
    CHECK(s.curve == decay_curve::warmup_stable_decay);
    CHECK(s.warmup == 7);
    CHECK(s.final_share == 0.25);
    CHECK(s.decay_share == 0.5);
    CHECK(s.seed == 18446744073709551615ULL);
    CHECK(s.threads == 3);
    CHECK(s.grains == 8);
    CHECK(s.ranks == 4);
    CHECK(s.checkpoint_every == 11);
    CHECK(s.keep == 5);
    CHECK(s.validate_every == 13);
    CHECK(s.validation_windows == 17);
    CHECK(s.log_every == 19);
    CHECK(s.watts == 65.5);
    CHECK(s.price_per_hour == 0.12);
    CHECK(s.resume);
    CHECK(s.json);
}

TEST_CASE("arguments: what is not given stays as it was") {
    const settings standard;
    const settings s = parsed(train({})).settings;
    CHECK(s.steps == standard.steps);
    CHECK(s.batch == standard.batch);
    CHECK(s.rate == standard.rate);
    CHECK(s.curve == standard.curve);
    CHECK(s.warmup == standard.warmup);
    CHECK(s.seed == standard.seed);
    CHECK_FALSE(s.resume);
    CHECK_FALSE(s.json);
    command other;
    other.settings.steps = 5, other.settings.resume = true;
    CHECK(parsed(train({}), other).settings.steps == 5);
    CHECK(parsed(train({}), other).settings.resume);
}

TEST_CASE("arguments: the other words, every flag") {
    command c = parsed({"describe"});
    CHECK(c.word == command_word::describe);
    c = parsed({"describe", "--json", "--batch", "512", "--threads", "4", "--grains", "2"});
    CHECK(c.settings.json);
    CHECK(c.settings.batch == 512);
    CHECK(c.settings.threads == 4);
    CHECK(c.settings.grains == 2);

    c = parsed(score({}));
    CHECK(c.word == command_word::score);
    CHECK(c.model == "run");
    CHECK(c.text == "a.txt");
    CHECK(c.logits.empty());
    CHECK(!c.routing);
    CHECK(parsed(score({"--routing"})).routing);
    c = parsed(score({"--logits", "l.safetensors", "--threads", "1", "--json"}));
    CHECK(c.logits == "l.safetensors");
    CHECK(c.settings.threads == 1);
    CHECK(c.settings.json);

    c = parsed(generate({}));
    CHECK(c.word == command_word::generate);
    CHECK(c.prompt == "The cell");
    CHECK(c.tokens == command().tokens);
    c = parsed(generate({"--tokens", "9", "--temperature", "0", "--top-p", "1", "--seed", "3",
                         "--threads", "2", "--json"}));
    CHECK(c.settings.json);
    CHECK(c.tokens == 9);
    CHECK(c.temperature == 0);
    CHECK(c.top_p == 1);
    CHECK(c.settings.seed == 3);
    CHECK(c.settings.threads == 2);

    c = parsed({"export", "--model", "run", "--to", "hf"});
    CHECK(c.word == command_word::export_model);
    CHECK(c.model == "run");
    CHECK(c.to == "hf");
    CHECK(parsed({"export", "--model", "run", "--to", "hf", "--json"}).settings.json);
    c = parsed({"import", "--to", "model", "--model", "hf"});
    CHECK(c.word == command_word::import_model);
    CHECK(c.model == "hf");
    CHECK(c.to == "model");
}

TEST_CASE("arguments: grow, merge and remove") {
    command c = parsed({"grow", "--model", "run",   "--data",    "text/law", "--replay",
                        "old",  "--out",   "grown", "--steps",   "0",        "--batch",
                        "512",  "--lr",    "1e-2",  "--leak",    "0.05",     "--replay-weight",
                        "4",    "--seed",  "7",     "--threads", "2",        "--json"});
    CHECK(c.word == command_word::grow);
    CHECK(c.growth.model == "run");
    CHECK(c.growth.data == "text/law");
    CHECK(c.growth.replay == "old");
    CHECK(c.growth.out == "grown");
    CHECK(c.growth.steps == 0);
    CHECK(c.growth.batch == 512);
    CHECK(c.growth.rate == 1e-2);
    CHECK(c.growth.leak == 0.05);
    CHECK(c.growth.replay_weight == 4);
    CHECK(c.growth.seed == 7);
    CHECK(c.growth.threads == 2);
    CHECK(c.growth.json);
    CHECK(complaint({"grow", "--model", "run", "--data", "a", "--out", "b"})
              .rfind("--replay: expected DIR", 0) == 0);
    CHECK(complaint({"grow", "--leak", "2"}).find("from 0 to 1") != std::string::npos);
    c = parsed({"merge", "--model", "a", "--to", "c", "--model", "b"});
    CHECK(c.word == command_word::merge);
    CHECK(c.models == std::vector<std::string>{"a", "b"});
    CHECK(c.to == "c");
    CHECK(complaint({"merge", "--model", "--model", "b", "--to", "c"}) ==
          "--model: expected a value behind it, found the flag --model");
    c = parsed({"remove", "--model", "a", "--domain", "law", "--to", "b", "--json"});
    CHECK(c.word == command_word::remove);
    CHECK(c.domain == "law");
    CHECK(c.settings.json);
    CHECK(complaint({"remove", "--model", "a", "--to", "b"}).rfind("--domain: expected NAME", 0) ==
          0);
}

TEST_CASE("arguments: forms of a value") {
    CHECK(parsed(train({"--steps=7"})).settings.steps == 7);
    CHECK(parsed(train({"--steps", "7", "--steps", "8"})).settings.steps == 8);
    CHECK(parsed(train({"--lr", "1e-3"})).settings.rate == 1e-3);
    CHECK(parsed(generate({"--prompt", "-x [a,b] {c}"})).prompt == "-x [a,b] {c}");
    CHECK(parsed(generate({"--prompt", "[a,b]"})).prompt == "[a,b]");
    CHECK(parsed(generate({"--prompt", "größe\n\"%%\""})).prompt == "größe\n\"%%\"");
    CHECK(parsed(generate({"--prompt=a=b"})).prompt == "a=b");
    CHECK(parsed({"export", "--model", "a b", "--to", "./--out"}).to == "./--out");
}

TEST_CASE("arguments: folders that are no flags") {
    command c = parsed({"compare", "a", "--out", "c.html", "b", "c/"});
    CHECK(c.word == command_word::compare);
    CHECK(c.runs == std::vector<std::string>{"a", "b", "c/"});
    CHECK(c.to == "c.html");
    c = parsed({"report", "run", "--json"});
    CHECK(c.runs == std::vector<std::string>{"run"});
    CHECK(c.settings.json);
    CHECK(parsed({"report"}).runs.empty());
    CHECK(complaint({"compare", "a", "--ou", "b"}) ==
          "--ou: no such flag here; did you mean --out?");
    CHECK(complaint({"compare", "a", ""}) == "'': expected a flag, which begins with --");
    CHECK(parsed({"compare", "--help"}).print.find("nano compare RUN RUN... [flags]") !=
          std::string::npos);
}

TEST_CASE("arguments: a word that is missing or unknown") {
    const std::string all =
        "describe, train, score, generate, export, import, grow, merge, remove, upcycle, report, "
        "compare";
    CHECK(complaint({}) == "expected a word: " + all + "; --help explains them");
    CHECK(complaint({"trian"}) ==
          "'trian': expected a word, one of " + all + "; did you mean train?");
    CHECK(complaint({"xyzzy"}) == "'xyzzy': expected a word, one of " + all);
    CHECK(complaint({""}) == "'': expected a word, one of " + all);
    CHECK(complaint({"--steps", "5"}) == "'--steps': expected a word, one of " + all);
    CHECK(complaint({"distil"}) == "'distil': expected a word, one of " + all);
}

TEST_CASE("arguments: a flag that is missing") {
    CHECK(complaint({"train", "--out", "run"}) ==
          "--data: expected DIR (folder of text: DIR/<domain>/*.txt, or DIR/*.txt for one domain), "
          "but it is missing");
    CHECK(complaint({"train", "--data", "text"}).rfind("--out: expected DIR (run folder", 0) == 0);
    CHECK(complaint({"score", "--text", "a"}).rfind("--model: expected DIR", 0) == 0);
    CHECK(complaint({"score", "--model", "a"}).rfind("--text: expected FILE", 0) == 0);
    CHECK(complaint({"generate", "--model", "a"}).rfind("--prompt: expected TEXT", 0) == 0);
    CHECK(complaint({"generate", "--prompt", "a"}).rfind("--model: expected DIR", 0) == 0);
    CHECK(complaint({"export", "--model", "a"}).rfind("--to: expected DIR", 0) == 0);
    CHECK(complaint({"import", "--to", "a"}).rfind("--model: expected HF_DIR", 0) == 0);
}

TEST_CASE("arguments: a flag that is unknown, or a word too many") {
    CHECK(complaint(train({"--stesp", "5"})) ==
          "--stesp: no such flag here; did you mean --steps?");
    CHECK(complaint(train({"--frobnicate"})) == "--frobnicate: no such flag here");
    CHECK(complaint(train({"--rate=5"})).rfind("--rate: no such flag here", 0) == 0);
    CHECK(complaint(train({"-s", "5"})) == "-s: no such flag here");
    CHECK(complaint(train({"more"})) == "'more': expected a flag, which begins with --");
    CHECK(complaint({"train", "describe"}) == "'describe': expected a flag, which begins with --");
    CHECK(complaint({"describe", "--steps", "5"}) == "--steps: no such flag here");
    CHECK(complaint({"export", "--model", "a", "--to", "b", "--seed", "1"}) ==
          "--seed: no such flag here");
    CHECK(complaint(train({"--", "x"})) != "");
    CHECK(complaint(train({"a\nb"})) == "'a?b': expected a flag, which begins with --");
}

TEST_CASE("arguments: a value that is missing") {
    CHECK(complaint(train({"--steps"})) == "--steps: expected a value behind it");
    CHECK(complaint(train({"--steps="})) == "--steps: expected a value behind it");
    CHECK(complaint({"train", "--data", "--out", "run"}) ==
          "--data: expected a value behind it, found the flag --out");
    CHECK(complaint(train({"--init", ""})) == "--init: expected MODEL, found nothing");
    CHECK(complaint(generate({"--prompt", ""})) == "--prompt: expected TEXT, found nothing");
    CHECK(complaint(train({"--json=maybe"})) == "--json: expected no value, found 'maybe'");
    CHECK(complaint(train({"--resume=false"})) == "--resume: expected no value, found 'false'");
}

TEST_CASE("arguments: a value that is no number or outside its range") {
    const char *whole0 = "a whole number of at least 0", *whole1 = "a whole number of at least 1",
               *positive = "a number above 0", *share = "a number from 0 to 1";
    const std::vector<std::pair<std::string, const char*>> of_train = {
        {"--steps", whole1},
        {"--batch", whole1},
        {"--grains", "a whole number from 1 to 1048576"},
        {"--lr", positive},
        {"--warmup", whole0},
        {"--final-share", share},
        {"--decay-share", share},
        {"--seed", whole0},
        {"--threads", "a whole number from 0 to 4096"},
        {"--checkpoint-every", whole0},
        {"--keep", "a whole number from 1 to 1048576"},
        {"--validate-every", whole0},
        {"--validation-windows", whole0},
        {"--log-every", whole1},
        {"--watts", "a number of at least 0"},
        {"--price-per-hour", "a number of at least 0"},
    };
    for (const auto& [flag, expected] : of_train)
        for (const char* value : {"-1", "abc", "1x", "0x10", "nan", "inf", "1e999", " 5", "5 "})
            CHECK(complaint(train({flag.c_str(), value})) ==
                  flag + ": expected " + expected + ", found '" + value + "'");
    for (const char* flag : {"--steps", "--batch", "--grains", "--keep", "--log-every", "--lr"})
        CHECK(complaint(train({flag, "0"})).find(", found '0'") != std::string::npos);
    for (const char* flag : {"--steps", "--seed", "--threads"})
        for (const char* value : {"1.5", "1e3", "18446744073709551616", "99999999999999999999999"})
            CHECK(complaint(train({flag, value})).find("expected a whole number") !=
                  std::string::npos);
    CHECK(complaint(train({"--final-share", "1.1"})) ==
          "--final-share: expected a number from 0 to 1, found '1.1'");
    CHECK(complaint(train({"--schedule", "cos"})) ==
          "--schedule: expected constant | cosine | warmup-stable-decay, found 'cos'");
    CHECK(complaint(generate({"--tokens", "0"})) ==
          "--tokens: expected a whole number of at least 1, found '0'");
    CHECK(complaint(generate({"--temperature", "-0.1"})) ==
          "--temperature: expected a number of at least 0, found '-0.1'");
    for (const char* value : {"0", "1.01", "-1", "nan"})
        CHECK(complaint(generate({"--top-p", value})) ==
              std::string("--top-p: expected a number above 0 and at most 1, found '") + value +
                  "'");
}

TEST_CASE("arguments: every complaint is one line") {
    for (const spoken& line : {spoken{"a\nb"}, train({"--steps", "1\n2"}), train({"--a\nb"}),
                               train({"--schedule", "\x1b[31m"})}) {
        const std::string text = complaint(line);
        CHECK(text != "");
        CHECK(text.find('\n') == std::string::npos);
        CHECK(text.find('\x1b') == std::string::npos);
    }
}

TEST_CASE("arguments: help of the program names every word") {
    for (const char* flag : {"--help", "-h"}) {
        const command c = parsed({flag});
        CHECK(c.word == command_word::none);
        for (const char* word : {"describe", "train", "score", "generate", "export", "import",
                                 "grow", "merge", "remove", "upcycle", "report", "compare"})
            CHECK(c.print.find(std::string("\n  ") + word + " ") != std::string::npos);
        CHECK(c.print.rfind("nano", 0) == 0);
        CHECK(c.print.find("Exit code 0") != std::string::npos);
    }
    CHECK(parsed({"--version"}).print.rfind("nano (moe ", 0) == 0);
}

TEST_CASE("arguments: help of a word, before anything else is looked at") {
    CHECK(parsed({"train", "--steps", "abc", "--help"}).print != "");
    CHECK(parsed({"train", "-h"}).print != "");
    const std::string text = parsed({"train", "--help"}).print;
    CHECK(text.find("nano train --data DIR --out DIR [flags]") != std::string::npos);
    // Each flag once, each default as settings has it.
    std::istringstream lines(text);
    int flags = 0;
    for (std::string line; std::getline(lines, line);) {
        CHECK_MESSAGE(line.size() <= 80, line);
        if (line.rfind("  --", 0) == 0) ++flags;
    }
    CHECK(flags == 24);
    for (const char* part :
         {"optimizer steps [1000]", "[4096]", "[0.001]", "[cosine]", "[0.1]", "[0.2]", "[bytes]",
          "[0: one a core]", "only at the end [500]", "checkpoints kept [2]", "[random weights]"})
        CHECK_MESSAGE(text.find(part) != std::string::npos, part);
    command other;
    other.settings.steps = 321, other.settings.curve = decay_curve::constant;
    CHECK(parsed({"train", "--help"}, other).print.find("steps [321]") != std::string::npos);
    CHECK(parsed({"train", "--help"}, other).print.find("[constant]") != std::string::npos);
    CHECK(parsed({"generate", "--help"}).print.find("[0.8]") != std::string::npos);
}
