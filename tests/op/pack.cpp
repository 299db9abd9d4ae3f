// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/pack.hpp>

#include <algorithm>
#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

struct shape {
    int out, in;
};

TEST_CASE("the packed places of a weight are all of its own, once each") {
    for (const auto& [out, in] : {shape{1, 1}, {63, 5}, {64, 3}, {65, 4}, {200, 7}}) {
        std::vector<int> uses(std::size_t(out * in));
        for (int o = 0; o < out; ++o)
            for (int i = 0; i < in; ++i) ++uses.at(std::size_t(packed_index(o, i, out, in)));
        CHECK(std::count(uses.begin(), uses.end(), 1) == out * in);
    }
}

TEST_CASE("a panel holds the outputs of one input behind each other") {
    CHECK(packed_index(0, 0, 100, 7) == 0);
    CHECK(packed_index(63, 0, 100, 7) == 63);
    CHECK(packed_index(0, 1, 100, 7) == 64);
    CHECK(packed_index(64, 0, 100, 7) == 64 * 7);       // the second panel
    CHECK(packed_index(64, 1, 100, 7) == 64 * 7 + 36);  // is 100 - 64 wide
    CHECK(packed_index(99, 6, 100, 7) == 100 * 7 - 1);
}

TEST_CASE("packing a strided weight writes each number to its place and nothing else") {
    for (const shape s : {shape{0, 4}, {3, 0}, {1, 1}, {64, 16}, {65, 17}, {200, 33}}) {
        const auto w = random_rows<float>(s.out, s.in, 1);
        guarded<float> expected(1, s.out * s.in);
        op::pack(reference{}, expected.data(), w);
        for (int o = 0; o < s.out; ++o)
            for (int i = 0; i < s.in; ++i)
                CHECK(expected.data()[packed_index(o, i, s.out, s.in)] == w(o, i));
        test::on_every_machine([&](auto on) {
            guarded<float> packed(1, s.out * s.in);
            op::pack(on, packed.data(), w);
            CHECK(test::same_bits(packed, expected));
            CHECK(packed.intact());
        });
    }
}

}  // namespace
