// SPDX-License-Identifier: MIT
#include <moe/core/random.hpp>
#include <moe/io/file.hpp>
#include <moe/io/tokenizer.hpp>

#include <algorithm>

#include <doctest/doctest.h>

#include <tests/support/folder.hpp>

using namespace moe::io;
using test::error_of;
using test::has;

namespace {

std::string random_bytes(std::size_t count, std::uint64_t stream) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes += char(moe::random_bits(5, stream, i));
    return bytes;
}

}  // namespace

TEST_CASE("the byte tokenizer gives every byte its own number and inserts nothing") {
    const tokenizer bytes;
    CHECK(bytes.is_bytes());
    CHECK(bytes.vocab() == 256);
    CHECK(bytes.model().empty());
    std::string all;
    for (int i = 0; i < 256; ++i) all += char(i);
    const std::vector<int> ids = bytes.encode(all);
    REQUIRE(ids.size() == 256);
    for (int i = 0; i < 256; ++i) CHECK(ids[std::size_t(i)] == i);
    CHECK(bytes.decode(ids) == all);
    CHECK(bytes.encode("").empty());
    CHECK(bytes.decode({}).empty());
    CHECK(bytes.bytes_of(200) == 1);
    // A model may have more rows than there are bytes.
    CHECK(bytes.text_of(255) == "\xFF");
    CHECK(bytes.text_of(256).empty());
    CHECK(bytes.decode(std::vector<int>{'a', 319, 'b'}) == "ab");
}

TEST_CASE("a tokenizer that the vocabulary has no rows for is refused") {
    const tokenizer bytes;
    bytes.require_fits(256);
    bytes.require_fits(1000);
    CHECK(
        error_of([&] { bytes.require_fits(255); }) ==
        "model.vocab is 255, but the tokenizer has 256 tokens: raise model.vocab or use a smaller "
        "tokenizer");
}

namespace {

const std::string& sample() {
    static const std::string text = [] {
        const char* words[] = {"the",      "cell",   "energy", "of",
                               "function", "return", "light",  "and",
                               "int",      "river",  "\tcode", "gr\xC3\xBC\xC3\x9F"};
        std::string all;
        for (std::uint64_t i = 0; i < 20000; ++i) {
            all += words[moe::random_below(std::size(words), 1, 1, i)];
            all += moe::random_below(9, 1, 2, i) ? " " : "\n";
        }
        return all;
    }();
    return text;
}
const tokenizer& learnt() {
    static const tokenizer made = tokenizer::train({{sample()}}, 350);
    return made;
}

}  // namespace

TEST_CASE("learnt pieces give every text back, whatever its bytes, with the bytes of each") {
    if (!tokenizer::has_sentencepiece()) return;
    const tokenizer& words = learnt();
    CHECK(!words.is_bytes());
    CHECK(words.vocab() == 350);
    std::vector<std::string> texts = {"",
                                      " ",
                                      "  two  spaces  ",
                                      "\n\n",
                                      "a\r\nb\tc",
                                      "\xE2\x96\x81 the mark itself \xE2\x96\x81",
                                      "\xFF\xFE broken \xC3",
                                      "<s></s><unk><0x41>",
                                      "\xEF\xBC\xA1\xCC\x81",
                                      std::string("nul\0byte", 8),
                                      sample()};
    for (std::uint64_t i = 0; i < 200; ++i) texts.push_back(random_bytes(i, i));
    for (const std::string& text : texts) {
        const std::vector<int> ids = words.encode(text);
        CHECK(words.decode(ids) == text);
        std::size_t bytes = 0;
        for (const int id : ids) {
            REQUIRE(id >= 0);
            REQUIRE(id < words.vocab());
            bytes += std::size_t(words.bytes_of(id));
        }
        CHECK(bytes == text.size());
    }
    CHECK(words.encode(sample()).size() * 2 < sample().size());
    CHECK(words.text_of(350).empty());
}

TEST_CASE("a piece loses its space at the beginning of a text, and nowhere else") {
    if (!tokenizer::has_sentencepiece()) return;
    // normalizer_spec: add_dummy_prefix (3) and remove_extra_whitespaces (4), false both.
    std::string model = learnt().model();
    const std::size_t at = model.find(std::string("\x18\0\x20\0", 4));
    REQUIRE(at != model.npos);
    model[at + 1] = 1;
    const tokenizer words = tokenizer::from_model(model, "some.model");
    const std::vector<int> ids = words.encode("the river");
    CHECK(words.decode(ids) == "the river");
    std::string behind;
    for (const int id : ids) behind += words.text_of(id);
    CHECK(behind == " the river");
}

TEST_CASE("a long text is encoded as its lines are") {
    if (!tokenizer::has_sentencepiece()) return;
    const tokenizer& words = learnt();
    std::string text;
    while (text.size() < 300'000) text += sample();
    std::vector<int> by_line;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        for (const int id : words.encode(std::string_view(text).substr(at, end - at)))
            by_line.push_back(id);
        at = end;
    }
    CHECK(words.encode(text) == by_line);
}

TEST_CASE("training gives the same model every time, and it loads from its file") {
    if (!tokenizer::has_sentencepiece()) return;
    const test::folder folder;
    const tokenizer& words = learnt();
    CHECK(tokenizer::train({{sample()}}, 350).model() == words.model());
    CHECK(!has(words.model(), "moe-tokenizer"));  // nor does it hold a path of the machine
    const std::string path = test::put(folder / "some.model", words.model());
    const tokenizer loaded = tokenizer::load(path);
    CHECK(loaded.vocab() == words.vocab());
    CHECK(loaded.encode("the river") == words.encode("the river"));
    tokenizer copy = loaded, other;
    other = copy;
    copy = tokenizer();
    CHECK(copy.is_bytes());
    CHECK(other.encode("light") == words.encode("light"));
}

TEST_CASE("a file that is no model, and texts that give no model") {
    if (!tokenizer::has_sentencepiece()) return;
    const test::folder folder;
    const std::string path = test::put(folder / "some.model", "not a model");
    CHECK(error_of([&] { tokenizer::load(path); }) == path + ": not a sentencepiece model");
    CHECK(has(error_of([&] { tokenizer::load(folder / "none"); }), "cannot open"));
    test::put(path, "");
    CHECK(!error_of([&] { tokenizer::load(path); }).empty());
    test::put(path, learnt().model().substr(0, learnt().model().size() / 2));
    CHECK(!error_of([&] { tokenizer::load(path); }).empty());
    CHECK(has(error_of([&] { tokenizer::train({}, 400); }), "no text"));
    CHECK(has(error_of([&] { tokenizer::train({{sample()}}, 100); }), "cannot learn 100 pieces"));
    CHECK(error_of([&] {
              tokenizer::train({{sample()}}, 4000);
          }).starts_with("tokenizer: cannot learn 4000 pieces: Vocabulary size"));
}

TEST_CASE("without sentencepiece a model file is refused with the reason") {
    if (tokenizer::has_sentencepiece()) return;
    const test::folder folder;
    const std::string path = test::put(folder / "some.model", "x");
    CHECK(has(error_of([&] { tokenizer::load(path); }), "built without sentencepiece"));
    CHECK(has(error_of([&] { tokenizer::train({}, 400); }), "built without sentencepiece"));
}
