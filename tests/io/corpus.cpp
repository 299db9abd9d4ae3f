// SPDX-License-Identifier: MIT
#include <moe/io/corpus.hpp>
#include <moe/io/file.hpp>

#include <initializer_list>
#include <numeric>

#include <doctest/doctest.h>

#include <tests/support/folder.hpp>

using namespace moe::io;
using test::error_of;
using test::has;

namespace {

// Text whose every place is known: byte i is a letter that depends on i.
std::string letters(std::size_t count, int start = 0) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += char('a' + (i * 7 + i / 26 + std::size_t(start)) % 26);
    return text;
}
corpus read(const std::string& folder, corpus_shape shape = {8}) {
    return corpus(folder, tokenizer(), shape);
}

}  // namespace

TEST_CASE(
    "a sub-folder is a domain, files come in the order of their names, other files not at all") {
    const test::folder folder;
    test::put(folder / "data/biology/b.txt", letters(100, 1));
    test::put(folder / "data/biology/a.txt", letters(50, 2));
    test::put(folder / "data/law/x.txt", letters(70, 3));
    test::put(folder / "data/law/notes.md", std::string(3, '\0'));
    test::put(folder / "data/.hidden/x.txt", "");
    test::put(folder / "data/README.md", "");
    const corpus text = read(folder / "data");
    REQUIRE(text.domains() == 2);
    CHECK(text.domain(0) == "biology");
    CHECK(text.domain(1) == "law");
    REQUIRE(text.documents().size() == 3);
    CHECK(text.documents()[0].path == folder / "data/biology/a.txt");
    CHECK(text.documents()[2].domain == 1);
    CHECK(text.tokens() == 220);
    CHECK(text.text(0, 220) == letters(50, 2) + letters(100, 1) + letters(70, 3));
    CHECK(text.bytes(10, 20) == 20);
    int tokens[3];
    text.read(50, 3, tokens);
    CHECK((tokens[0] == letters(1, 1)[0] && tokens[2] == letters(3, 1)[2]));
}

TEST_CASE("a folder of text files is one domain, named after the folder however it is spelt") {
    const test::folder folder;
    test::put(folder / "physics/a.txt", letters(100));
    test::put(folder / "physics/b.txt", letters(100));
    for (const char* name : {"physics", "physics/", "physics/.", "physics/../physics"}) {
        const corpus text = read(folder / name);
        CHECK(text.domains() == 1);
        CHECK(text.domain(0) == "physics");
        CHECK(text.documents().size() == 2);
    }
}

TEST_CASE("what is no text is refused with the file's name") {
    const test::folder folder;
    const auto said = [&](std::string_view name, corpus_shape shape = {8}) {
        return error_of([&] { read(folder / name, shape); });
    };
    CHECK(has(said("none"), folder / "none" + ": no such folder"));
    test::put(folder / "file", "x");
    CHECK(has(said("file"), "no such folder"));
    make_folders(folder / "empty");
    CHECK(has(said("empty"), folder / "empty" + ": empty"));
    test::put(folder / "domains/one/a.txt", letters(100));
    make_folders(folder / "domains/two");
    CHECK(has(said("domains"), folder / "domains/two" + ": holds no .txt file"));
    test::put(folder / "domains/two/b.txt", "");
    CHECK(has(said("domains"), folder / "domains/two/b.txt" + ": 0 tokens; at least 9"));
    test::put(folder / "domains/two/b.txt", letters(8));
    CHECK(has(said("domains"), "8 tokens; at least 9 were expected, one window of context 8"));
    test::put(folder / "domains/two/b.txt", letters(9));
    CHECK(said("domains").empty());
    CHECK(has(said("domains", {8, 2}), "9 tokens; at least 10"));
    test::put(folder / "domains/two/b.txt", letters(9) + '\0' + "x");
    CHECK(said("domains") ==
          folder / "domains/two/b.txt" +
              ": a NUL byte at offset 9: text was expected, this is a binary file");
    // Behind the first piece that is read at once.
    test::put(folder / "domains/two/b.txt", letters(3'000'000) + '\0');
    CHECK(has(said("domains"), "a NUL byte at offset 3000000"));
    test::put(folder / "domains/two/b.txt", letters(100));
    test::put(folder / "domains/stray.txt", letters(100));
    CHECK(has(said("domains"), folder / "domains/stray.txt" + ": stands beside domain folders"));
}

TEST_CASE("any bytes but NUL are text") {
    const test::folder folder;
    std::string all;
    for (int i = 1; i < 256; ++i) all += char(i);
    test::put(folder / "d/a.txt", all);
    CHECK(read(folder / "d").text(0, 255) == all);
}

TEST_CASE("the last part of every file is held out, and no token of it is trained on") {
    const test::folder folder;
    for (const int context : {4, 8, 50})
        for (const int lookahead : {1, 2})
            for (const double share : {0.0, 0.05, 0.3, 1.0})
                for (int bytes = context + lookahead; bytes < 40 * context;
                     bytes += 1 + bytes / 9) {
                    test::put(folder / "d/a.txt", letters(std::size_t(bytes)));
                    const corpus_shape shape{context, lookahead, share};
                    const corpus text(folder / "d", tokenizer(), shape);
                    const document& one = text.documents()[0];
                    const std::int64_t held = one.tokens - one.trained;
                    CHECK(one.trained >= context + lookahead);
                    CHECK(text.validation_windows(0) == one.validation_windows);
                    CHECK(held == (one.validation_windows
                                       ? one.validation_windows * context + lookahead
                                       : 0));
                    if (share == 0)
                        CHECK(held == 0);
                    else if (bytes >= 2 * (context + lookahead))
                        CHECK(one.validation_windows >= 1);
                    // Whole windows, as close to the share as a window.
                    if (share == 0.05 && one.validation_windows > 1)
                        CHECK(std::abs(double(one.validation_windows) * context - share * bytes) <=
                              context);
                    for (std::int64_t i = 0; i < one.validation_windows; ++i) {
                        const window w = text.validation(0, i);
                        CHECK(w.first == one.trained + i * context);
                        CHECK(w.first + context + lookahead <= one.tokens);
                    }
                    CHECK(text.held_out_text(0) == text.text(one.trained, held));
                }
}

TEST_CASE("held-out windows of several files follow each other, by domain") {
    const test::folder folder;
    test::put(folder / "d/one/a.txt", letters(400));
    test::put(folder / "d/one/b.txt", letters(9));  // too little to hold any out
    test::put(folder / "d/one/c.txt", letters(300));
    test::put(folder / "d/two/a.txt", letters(200));
    const corpus text = read(folder / "d");
    CHECK(text.validation_windows(0) == 3 + 0 + 2);
    CHECK(text.validation_windows(1) == 1);
    const auto& documents = text.documents();
    CHECK(documents[1].validation_windows == 0);
    CHECK(documents[1].trained == 9);
    CHECK(text.validation(0, 3).document == 2);
    CHECK(text.validation(0, 3).first == documents[2].first + documents[2].trained);
    CHECK(text.validation(1, 0).domain == 1);
    CHECK(text.held_out_text(0).size() == 3 * 8 + 1 + 2 * 8 + 1);
}

TEST_CASE("the fingerprint sees every token and every boundary") {
    const test::folder folder;
    const std::string file = test::put(folder / "d/a.txt", letters(200));
    const hash128 print = read(folder / "d").fingerprint();
    CHECK(read(folder / "d").fingerprint() == print);
    CHECK(read(folder / "d", {9}).fingerprint() != print);
    CHECK(read(folder / "d", {8, 2}).fingerprint() != print);
    CHECK(read(folder / "d", {8, 1, 0.1}).fingerprint() != print);
    std::string other = letters(200);
    other[150] ^= 1;
    test::put(file, other);
    CHECK(read(folder / "d").fingerprint() != print);
    test::put(file, letters(200).substr(0, 90));
    test::put(folder / "d/b.txt", letters(200).substr(90));
    CHECK(read(folder / "d").fingerprint() != print);
}

TEST_CASE("learnt pieces: fewer tokens, the same bytes") {
    if (!tokenizer::has_sentencepiece()) return;
    const test::folder folder;
    std::string text;
    for (int i = 0; i < 3000; ++i)
        text += i % 7 ? "the river and " : "a \xFF broken \xC3\xA9 line\n";
    test::put(folder / "d/a.txt", text);
    const tokenizer words = tokenizer::train({{text}}, 300);
    const corpus pieces(folder / "d", words, {16});
    CHECK(pieces.tokens() * 2 < std::int64_t(text.size()));
    CHECK(pieces.bytes(0, pieces.tokens()) == std::int64_t(text.size()));
    CHECK(pieces.text(0, pieces.tokens()) == text);
    std::int64_t bytes = 0;
    for (std::int64_t i = 0; i < pieces.validation_windows(0); ++i) {
        const window w = pieces.validation(0, i);
        CHECK(pieces.bytes(w.first + 1, 16) == std::int64_t(pieces.text(w.first + 1, 16).size()));
        bytes += pieces.bytes(w.first + 1, 16);
    }
    const document& one = pieces.documents()[0];
    CHECK(bytes == pieces.bytes(one.first + one.trained + 1, one.tokens - one.trained - 1));
}
