// SPDX-License-Identifier: MIT
// The words from inside one process; tests/program runs them as a user does.
#include <moe/app/program.hpp>

#include <tests/support/small.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

using test::has;

namespace {

// A standard stream goes into a file until the end of the scope.
class redirected {
public:
    redirected(std::FILE* stream, const std::string& path) : stream_(stream) {
        std::fflush(stream);
        kept_ = dup(fileno(stream));
        const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(file, fileno(stream));
        close(file);
    }
    redirected(const redirected&) = delete;
    redirected& operator=(const redirected&) = delete;
    ~redirected() {
        std::fflush(stream_);
        std::clearerr(stream_);
        dup2(kept_, fileno(stream_));
        close(kept_);
    }

private:
    std::FILE* stream_;
    int kept_ = -1;
};

struct told {
    int code = -1;
    std::string out, err;
};

told run(std::vector<std::string> words) {
    const test::folder in;
    told result;
    {
        words.insert(words.begin(), "small");
        std::vector<char*> pointers;
        for (std::string& word : words) pointers.push_back(word.data());
        const redirected out(stdout, in / "out"), err(stderr, in / "err");
        result.code = moe::program<test::small>(int(pointers.size()), pointers.data());
    }
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
    result.out = test::get(in / "out");
    result.err = test::get(in / "err");
    return result;
}

nlohmann::json json_of(std::vector<std::string> words) {
    words.push_back("--json");
    const told result = run(words);
    CAPTURE(result.err);
    CHECK(result.code == 0);
    CHECK(result.out.ends_with("}\n"));
    return nlohmann::json::parse(result.out);
}

std::vector<std::string> train(const test::folder& in, const std::string& out) {
    return {"train",  "--data",      in / "text", "--out",
            in / out, "--steps",     "12",        "--batch",
            "128",    "--lr",        "5e-3",      "--threads",
            "1",      "--log-every", "3",         "--validation-windows",
            "2"};
}

}  // namespace

TEST_CASE("program: help and version are no failure, and reading them needs no flags") {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"--help"}, {"--version"}, {"train", "--help"}}) {
        const told result = run(words);
        CHECK(result.code == 0);
        CHECK(!result.out.empty());
        CHECK(result.err.empty());
    }
    CHECK(has(run({"score", "--help"}).out, "--logits"));
}

TEST_CASE("program: 2 for a line that cannot be followed, 1 for what fails, one line for both") {
    for (const auto& [code, words] :
         {std::pair<int, std::vector<std::string>>{2, {}},
          {2, {"trian"}},
          {2, {"describe", "--bach", "5"}},
          {2, {"describe", "--batch", "100"}},
          {2, {"score", "--model", "nowhere"}},
          {1, {"score", "--model", "no/where", "--text", "a"}},
          {1, {"train", "--data", "no/where", "--out", "/dev/null"}},
          {1, {"import", "--model", "no/where", "--to", "a"}},
          {2,
           {"grow", "--model", "a", "--data", "b", "--replay", "c", "--out",
            "d"}},  // this recipe grows no other
          {2, {"upcycle", "--model", "a", "--to", "b"}},
          {1, {"merge", "--model", "no/where", "--model", "no/where", "--to", "a"}}}) {
        const told result = run(words);
        CAPTURE(result.err);
        CHECK(result.code == code);
        CHECK(has(result.err, "small: "));
        CHECK(result.err.find('\n') == result.err.size() - 1);
    }
}

TEST_CASE("program: output that does not arrive is a failure") {
    const test::folder in;
    test::put(in / "err", "");
    int code = 0;
    {
        const redirected out(stdout, "/dev/full"), err(stderr, in / "err");
        char name[] = "small", word[] = "describe";
        char* words[] = {name, word};
        code = moe::program<test::small>(2, words);
    }
    CHECK(code == 1);
    CHECK(has(test::get(in / "err"), "standard output: cannot write: No space left on device"));
}

TEST_CASE("program: from text to a model, there and back") {
    const test::folder in;
    test::put_domains(in);
    const std::string text = test::put(in / "sample.txt", test::chain_text(1, 300));

    const told words = run(train(in, "run"));
    CHECK(words.code == 0);
    CHECK(has(words.out, "step 12/12  loss "));
    CHECK(has(words.out, "validation at step 12: rivers "));
    CHECK(words.err.empty());
    const auto summary = json_of(train(in, "again"));
    CHECK(summary["steps"] == 12);
    const auto before = nlohmann::json::parse(test::get(in / "run/summary.json"));
    CHECK(summary["weights_hash"] == before["weights_hash"]);
    CHECK(std::filesystem::exists(in / "run/report.html"));
    CHECK(run(train(in, "run")).code == 1);

    // The page again, and two runs side by side.
    const std::string page = test::get(in / "run/report.html");
    CHECK(run({"report", in / "run", "--out", in / "page.html"}).code == 0);
    const std::string again = test::get(in / "page.html");
    for (const char* part : {"What it writes", "Mixture layer 1", "Memory by role", "gzip -9"})
        CHECK_MESSAGE((has(page, part) && has(again, part)), part);
    CHECK(json_of({"report", in / "run"}) == before);
    const auto compared = json_of({"compare", in / "run", in / "again"});
    CHECK(compared["runs"][1]["name"] == "again");
    CHECK(compared["runs"][0]["summary"]["joules"] == before["joules"]);
    CHECK(compared["runs"][0]["losses"].size() == 4);
    CHECK(compared["runs"][0]["losses"][3][0] == 12 * 128);
    CHECK(has(run({"compare", in / "run", in / "again"}).out, "bits per byte, mean"));
    CHECK(run({"compare", in / "run"}).code == 2);
    CHECK(run({"compare", in / "run", in / "nowhere"}).code == 1);

    const auto score = [&](const std::string& model) {
        return json_of({"score", "--model", in / model, "--text", text, "--threads", "1"});
    };
    const auto scored = score("run");
    CHECK(scored["tokens"] == 299);
    CHECK(scored["nats_per_token"].get<double>() < 5.6);
    CHECK(scored["bits_per_byte"].get<double>() ==
          doctest::Approx(scored["nats_per_token"].get<double>() / std::log(2.0)));

    // Of a folder, domain by domain and with the experts that each went to.
    const std::vector<std::string> folder{"score",     "--model",   in / "run", "--text",
                                          in / "text", "--threads", "1",        "--routing"};
    const auto routed = json_of(folder);
    const auto& layer = routed["routing"]["layers"][0];
    CHECK(routed["domains"].size() == 2);
    CHECK(routed["routing"]["domains"] == nlohmann::json{"rivers", "stones"});
    CHECK(layer["counts"]["rivers"].size() == 8);
    CHECK(layer["pairs"].size() == 28);
    CHECK(layer["expert_purity"].get<double>() >= 0.5);
    CHECK(has(run(folder).out, "bits on domain"));
    CHECK(before["routing"]["layers"].size() == 1);
    CHECK(run({"score", "--model", in / "run", "--text", in / "text", "--logits", in / "l"}).code ==
          2);

    const auto made = json_of({"generate", "--model", in / "run", "--prompt", "ab", "--tokens", "7",
                               "--temperature", "0"});
    CHECK(made["tokens"] == 7);
    const told said = run({"generate", "--model", in / "run", "--prompt", "ab", "--tokens", "7",
                           "--temperature", "0"});
    CHECK(said.out == "ab" + made["text"].get<std::string>() + "\n");

    CHECK(json_of({"export", "--model", in / "run", "--to", in / "hf"})["to"] == in / "hf");
    CHECK(run({"import", "--model", in / "hf", "--to", in / "model"}).out ==
          in / "hf" + " -> " + in.path() + "/model\n");
    CHECK(score("model") == scored);
}
