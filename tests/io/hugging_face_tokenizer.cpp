// SPDX-License-Identifier: MIT
#include <moe/io/hugging_face_tokenizer.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <tests/support/folder.hpp>

using moe::io::read_hugging_face_tokenizer;
using test::error_of;
using test::has;

TEST_CASE("the tokenizer of bytes: 256 letters, each id its byte, no merges") {
    test::folder at;
    write_hugging_face_tokenizer(at.path(), moe::io::tokenizer(), 77);
    const auto text = nlohmann::json::parse(test::get(at / "tokenizer.json"));
    const auto& vocab = text["model"]["vocab"];
    REQUIRE(vocab.size() == 256);
    std::set<int> ids;
    for (const auto& [letter, id] : vocab.items()) {
        ids.insert(id.get<int>());
        if (letter.size() == 1) CHECK(std::uint8_t(letter[0]) == id);  // ASCII stands for itself
    }
    CHECK(ids.size() == 256);
    CHECK(*ids.begin() == 0);
    CHECK(*ids.rbegin() == 255);
    // Three of GPT-2's table: blank, newline, soft hyphen.
    CHECK(vocab["\u0120"] == 32);
    CHECK(vocab["\u010A"] == 10);
    CHECK(vocab["\u0143"] == 173);
    CHECK(vocab["\u00FF"] == 255);
    CHECK(text["model"]["merges"].empty());
    CHECK(text["pre_tokenizer"]["use_regex"] == false);
    CHECK(text["added_tokens"].empty());
    const auto config = nlohmann::json::parse(test::get(at / "tokenizer_config.json"));
    CHECK(config["model_max_length"] == 77);
    CHECK(read_hugging_face_tokenizer(at.path(), 256).is_bytes());
    CHECK(read_hugging_face_tokenizer(at.path(), 300).is_bytes());
}

TEST_CASE("without tokenizer files a vocabulary of 256 means bytes") {
    test::folder at;
    CHECK(read_hugging_face_tokenizer(at.path(), 256).is_bytes());
    CHECK(has(error_of([&] { read_hugging_face_tokenizer(at.path(), 257); }),
              "the vocabulary is 257"));
}

TEST_CASE("a tokenizer that we cannot be is refused by name") {
    test::folder at;
    test::put(at / "tokenizer.json", R"({"model": {"type": "BPE"}})");
    const std::string said = error_of([&] { read_hugging_face_tokenizer(at.path(), 256); });
    CHECK(has(said, at / "tokenizer.json"));
    CHECK(has(said, "tokenizer.model"));
}

TEST_CASE("a sentencepiece model goes out and comes back as it is") {
    const std::string text = "the cell divides\nthe light bends\nthe poet finds a rhyme\n";
    const auto words = moe::io::tokenizer::train(std::span(&text, 1), 290);
    test::folder at;
    write_hugging_face_tokenizer(at.path(), words, 32);
    CHECK(test::get(at / "tokenizer.model") == words.model());
    CHECK_FALSE(std::filesystem::exists(at / "tokenizer.json"));
    const auto again = read_hugging_face_tokenizer(at.path(), words.vocab());
    CHECK_FALSE(again.is_bytes());
    CHECK(again.encode(text) == words.encode(text));
    CHECK(error_of([&] { read_hugging_face_tokenizer(at.path(), words.vocab() - 1); }) != "");
}
