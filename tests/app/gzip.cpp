// SPDX-License-Identifier: MIT
#include <moe/app/gzip.hpp>
#include <moe/core/random.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>

namespace {
std::string noise(std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) text += char(moe::random_below(256, 3, 0, i));
    return text;
}
}  // namespace

TEST_CASE("gzip: one letter is a file of 21 bytes, as gzip -9 writes it") {
    // 10 bytes before and 8 behind a block of 3 + 8 + 7 bits.
    CHECK(moe::gzip_bits_per_byte("a") == 21 * 8);
}

TEST_CASE("gzip: repetition costs nearly nothing, noise a little more than itself") {
    CHECK(moe::gzip_bits_per_byte(std::string(1 << 20, 'a')) < 0.01);
    const double bits = moe::gzip_bits_per_byte(noise(20000));
    CHECK(bits > 8);
    CHECK(bits < 8.02);
}

TEST_CASE("gzip: what stood there before is found again, within its 32 KiB") {
    const std::string one = noise(20000), far = noise(40000);
    CHECK(moe::gzip_bits_per_byte(one + one) < 4.2);
    CHECK(moe::gzip_bits_per_byte(far + far) > 7.9);
}

TEST_CASE("gzip: an empty text has no bits a byte") {
    CHECK(std::isnan(moe::gzip_bits_per_byte("")));
}
