// SPDX-License-Identifier: MIT
#include <moe/io/hash.hpp>

#include <doctest/doctest.h>

using namespace moe::io;

TEST_CASE("hashes are those of xxHash, in one piece or in many") {
    // Printed by xxhsum 0.8 (-H2, -H3) for the same bytes.
    CHECK(text_of(hash_of("")) == "99aa06d3014798d86001c324468d497f");
    CHECK(text_of(hash_of("abc")) == "06b05ab6733a618578af5f94892f3950");
    CHECK(hash64_of("") == 0x2d06800538d394c2U);
    CHECK(hash64_of("abc") == 0x78af5f94892f3950U);

    std::string bytes;
    for (int i = 0; i < 5000; ++i) bytes += char(i * 7 + i / 256);
    for (const std::size_t piece : {1U, 3U, 64U, 1000U, 4999U}) {
        hasher pieces;
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            pieces.add(bytes.data() + at, std::min(piece, bytes.size() - at));
        CHECK(pieces.result() == hash_of(bytes));
    }
    for (std::size_t i = 0; i < bytes.size(); i += 611) {
        std::string other = bytes;
        other[i] ^= 1;
        CHECK(hash_of(other) != hash_of(bytes));
    }
}

TEST_CASE("a hash is read back from its text, and from nothing else") {
    const hash128 hash = hash_of("some text");
    hash128 read;
    CHECK(parse_hash(text_of(hash), read));
    CHECK(read == hash);
    CHECK(!parse_hash("", read));
    CHECK(!parse_hash(text_of(hash) + "0", read));
    CHECK(!parse_hash(text_of(hash).substr(1), read));
    CHECK(!parse_hash("00000000000000000000000000000g00", read));
    CHECK(!parse_hash("0000000000000000000000000000AB00", read));
}

TEST_CASE("the combined hash depends on names and bytes, not on their order") {
    float a[] = {1, 2, 3}, b[] = {4, 5};
    const tensor_list list{make_tensor("a", a, {3}), make_tensor("b", b, {2})};
    const auto hashes = hashes_of(list);
    CHECK(combined_hash(hashes) == combined_hash({hashes[1], hashes[0]}));
    CHECK(combined_hash(hashes) != combined_hash({hashes[0]}));
    CHECK(combined_hash(hashes) != combined_hash({{"a", hashes[1].hash}, {"b", hashes[0].hash}}));
    b[1] = -5;
    CHECK(combined_hash(hashes) != combined_hash(hashes_of(list)));
    CHECK(combined_hash(hashes) ==
          hash_of("a " + text_of(hashes[0].hash) + "\nb " + text_of(hashes[1].hash) + "\n"));
}
