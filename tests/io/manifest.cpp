// SPDX-License-Identifier: MIT
#include <moe/io/file.hpp>
#include <moe/io/manifest.hpp>

#include <doctest/doctest.h>

#include <tests/support/folder.hpp>

using namespace moe::io;
using test::error_of;
using test::has;

namespace {

manifest example() {
    manifest about;
    about.recipe = {{"model.vocab", "256"}, {"b", ""}, {"a", "quote \" and\nline"}};
    about.settings = {{"lr", "0.001"}};
    about.state = {{"best", "1.5"}};
    about.step = 1200;
    about.data_position = 18446744073709551615U;
    about.files.push_back({"model.safetensors",
                           1000,
                           hash_of("head"),
                           {{"layer.0", hash_of("0")}, {"layer.1", hash_of("1")}}});
    about.files.push_back({"tokenizer.model", 3, hash_of("abc"), {}});
    return about;
}

// A text with a hash that agrees, whatever it says.
std::string signed_text(const std::string& body) {
    return body + ",\n  \"manifest_hash\": \"" + text_of(hash_of(body + ",\n")) + "\"\n}\n";
}

}  // namespace

TEST_CASE("a manifest comes back from its text, lists in their order") {
    const manifest about = example(), read = parse_manifest(text_of(about), "m");
    CHECK(read.version == 1);
    CHECK(read.recipe == about.recipe);
    CHECK(read.settings == about.settings);
    CHECK(read.state == about.state);
    CHECK(read.step == about.step);
    CHECK(read.data_position == about.data_position);
    REQUIRE(read.files.size() == 2);
    CHECK(read.files[0].tensors == about.files[0].tensors);
    CHECK(read.files[0].head == about.files[0].head);
    CHECK(read.files[1].bytes == 3);
    CHECK(read.file("tokenizer.model") == &read.files[1]);
    CHECK(read.file("none") == nullptr);
    CHECK(text_of(read) == text_of(about));
}

TEST_CASE("every flipped bit and every truncation of a manifest is noticed") {
    const std::string good = text_of(example());
    int accepted = 0;
    for (std::size_t i = 0; i < good.size(); ++i)
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[i] = char(bad[i] ^ (1 << bit));
            accepted += error_of([&] { parse_manifest(bad, "m"); }).empty();
        }
    for (std::size_t length = 0; length < good.size(); ++length)
        accepted += error_of([&] { parse_manifest(good.substr(0, length), "m"); }).empty();
    accepted += error_of([&] { parse_manifest(good + "\n", "m"); }).empty();
    CHECK(accepted == 0);
    CHECK(has(error_of([&] { parse_manifest("{}", "m"); }), "m: damaged"));
}

TEST_CASE("a manifest with the right hash may still be wrong") {
    const auto said = [](const std::string& body) {
        return error_of([&] { parse_manifest(signed_text(body), "m"); });
    };
    const std::string files = R"("files":[{"name":"model.safetensors","bytes":1,"head":")" +
                              text_of(hash128{}) + R"(","tensors":{}}])";
    const std::string lists = R"("recipe":[],"settings":[],"state":[])";
    const std::string all = R"({"version":1,"step":1,"data_position":2,)" + lists + "," + files;
    CHECK(said(all).empty());
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string changed = all;
        const std::size_t at = changed.find(from);
        REQUIRE(at != std::string::npos);
        return said(changed.replace(at, from.size(), to));
    };
    CHECK(has(with(R"("version":1)", R"("version":2)"), "m: format version 2, this program reads"));
    CHECK(has(with(R"("version":1,)", ""), "'version' is missing"));
    CHECK(has(with(R"("step":1)", R"("step":-1)"), "'step'"));
    CHECK(has(with(R"("step":1)", R"("step":9223372036854775808)"), "'step'"));
    CHECK(has(with(R"("step":1)", R"("step":1.0)"), "'step'"));
    CHECK(has(with(R"("step":1)", R"("step":1,"step":1)"), "twice"));
    CHECK(has(with(R"("recipe":[])", R"("recipe":[["a"]])"), "'recipe'"));
    CHECK(has(with(R"("recipe":[])", R"("recipe":{})"), "'recipe'"));
    CHECK(has(with("model.safetensors", "other.safetensors"), "lists no model.safetensors"));
    for (const char* name :
         {"../model.safetensors", "a/b", "", ".", "..", ".hidden", "a b", "a\\n"})
        CHECK(has(with("model.safetensors", name), "a plain file name"));
    CHECK(has(with(R"("tensors":{})", R"("tensors":{"a":"12"})"), "32 hexadecimal digits"));
    CHECK(has(with(R"("tensors":{})", R"("tensors":[])"), "'tensors'"));
    CHECK(has(with(R"("bytes":1)", R"("bytes":"1")"), "'bytes'"));
}

TEST_CASE("a manifest is not written with a name that leads out of its folder") {
    manifest about = example();
    about.files[1].name = "../x";
    CHECK(has(error_of([&] { text_of(about); }), "plain file name"));
}

TEST_CASE("the manifest of a folder that has none") {
    const test::folder folder;
    CHECK(has(error_of([&] { read_manifest(folder.path()); }), "manifest.json: cannot open"));
}
