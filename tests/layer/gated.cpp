// SPDX-License-Identifier: MIT
// What these arguments compute is tested with the ops and with the layers that pass them.
#include "tests/support/coded.hpp"

#include <doctest/doctest.h>
#include <moe/layer/gated.hpp>

namespace {

struct in_bf16 : test::coded {
    moe::bf16 precision{};
};
template <class Part> double bytes_of() {
    moe::arena counts;
    Part().place(counts, 1000);
    return double(counts.bytes());
}

TEST_CASE("a number of an expert's inner half is kept in two bytes instead of six") {
    using numbers = moe::gated<in_bf16, 256>;
    using codes = moe::gated<test::coded, 256>;
    CHECK(bytes_of<numbers::kept>() == 6 * 256 * 1000);
    CHECK(bytes_of<codes::kept>() == doctest::Approx(2 * 256 * 1000).epsilon(0.01));
    CHECK(bytes_of<numbers::work>() == 0);
    CHECK(bytes_of<codes::work>() == doctest::Approx(256 * 1000).epsilon(0.01));
}

TEST_CASE("both ways read an expert's result from where they computed it") {
    using codes = moe::gated<test::coded, 256>;
    moe::e4m3 there[256 * 3], back[256 * 3];
    codes::work w;
    codes::delta d;
    w.h.code = {there, 3, 256}, w.h.width = 256;
    d.h.code = {back, 3, 256}, d.h.width = 256;
    CHECK(codes::h({}, w, 2).from.code.at == there);
    CHECK(codes::h({}, d, 2).from.code.at == back);
    CHECK(codes::h({}, d, 2).from.code.count == 2);
}

}  // namespace
