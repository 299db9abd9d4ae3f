// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/pack.hpp>

#include <algorithm>
#include <memory>
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

TEST_CASE("pairs of inputs lie together, an odd last one beside a zero") {
    CHECK(packed_index<bfloat16>(0, 0, 100, 7) == 0);
    CHECK(packed_index<bfloat16>(0, 1, 100, 7) == 1);
    CHECK(packed_index<bfloat16>(1, 0, 100, 7) == 2);
    CHECK(packed_index<bfloat16>(0, 2, 100, 7) == 128);
    CHECK(packed_index<bfloat16>(64, 0, 100, 7) == 64 * 8);       // the second panel
    CHECK(packed_index<bfloat16>(64, 2, 100, 7) == 64 * 8 + 72);  // is 100 - 64 wide
    CHECK(packed_size<bfloat16>(100, 7) == 800);
    CHECK(packed_size<float>(100, 7) == 700);
}

TEST_CASE("a streamed copy is the same copy") {
    test::on_every_isa(1, [](auto on) {
        using isa = typename decltype(on)::instructions;
        for (const shape s : {shape{64, 256}, {65, 17}, {130, 300}}) {
            const auto w = random_rows<float>(s.out, s.in, 1);
            const int size = int(packed_size<float>(s.out, s.in));
            guarded<float> plain(1, size);
            std::vector<float> room(std::size_t(size) + 32);
            // on a line, where streams need it, and off it
            void* line = room.data();
            std::size_t left = room.size() * sizeof(float);
            for (const int off : {0, 1}) {
                auto* const streamed = static_cast<float*>(std::align(64, 64, line, left)) + off;
                op::pack(reference{}, weight_copies<float>{plain.data(), nullptr}, w.view());
                for (int o = 0; o < s.out; o += panel_width)
                    for (int i = 0; i < s.in; i += op::detail::packed_columns)
                        op::detail::pack_tile<isa>(weight_copies<float>{streamed, nullptr},
                                                   w.view(), o, i, true);
                CHECK(std::equal(streamed, streamed + size, plain.data()));
            }
        }
    });
}

template <class T> void check_packing() {
    for (const shape s : {shape{0, 4}, {3, 0}, {1, 1}, {64, 16}, {65, 17}, {130, 300}, {200, 33}}) {
        CAPTURE(s.out);
        CAPTURE(s.in);
        const auto w = random_rows<float>(s.out, s.in, 1);
        guarded<T> packed(1, int(packed_size<T>(s.out, s.in)));
        guarded<T> across(1, int(packed_size<T>(s.in, s.out)));
        op::pack(reference{}, weight_copies<T>{packed.data(), across.data()}, w.view());
        for (int o = 0; o < s.out; ++o)
            for (int i = 0; i < s.in; ++i) {
                const T number(w(o, i));
                CHECK(test::same_bits(packed.data()[packed_index<T>(o, i, s.out, s.in)], number));
                CHECK(test::same_bits(across.data()[packed_index<T>(i, o, s.in, s.out)], number));
            }
        CHECK(test::all_finite(packed));  // no place left out
        test::on_every_machine([&](auto on) {
            for (const int which : {1, 2, 3}) {
                guarded<T> got(1, int(packed_size<T>(s.out, s.in)));
                guarded<T> got_across(1, int(packed_size<T>(s.in, s.out)));
                op::pack(on,
                         weight_copies<T>{which & 1 ? got.data() : nullptr,
                                          which & 2 ? got_across.data() : nullptr},
                         w.view());
                if (which & 1) CHECK(test::same_bits(got, packed));
                if (which & 2) CHECK(test::same_bits(got_across, across));
                CHECK(got.intact());
                CHECK(got_across.intact());
            }
        });
    }
}
TEST_CASE("packing writes each number to its place and nothing else") {
    check_packing<float>();
    check_packing<bfloat16>();
}

}  // namespace
