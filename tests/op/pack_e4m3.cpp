// SPDX-License-Identifier: MIT
#include "tests/support/e4m3.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/pack_e4m3.hpp>

#include <limits>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

struct shape {
    int out, in;
};

// Both copies, in guarded memory.
struct copies {
    guarded<e4m3> packed, across;

    copies(int out, int in)
        : packed(1, int(packed_size<e4m3>(out, in))), across(1, int(packed_size<e4m3>(in, out))) {}
    weight_copies<e4m3> view() { return {packed.data(), across.data()}; }
    bool same(const copies& other) const {
        return test::same_bits(packed, other.packed) && test::same_bits(across, other.across) &&
               packed.intact() && across.intact();
    }
};

TEST_CASE("a weight in e4m3 holds in both copies its blocks' nearest numbers") {
    for (const shape s : {shape{0, 4}, {3, 0}, {1, 1}, {64, 16}, {130, 300}, {257, 33}}) {
        CAPTURE(s.out);
        CAPTURE(s.in);
        auto w = random_rows<float>(s.out, s.in, 1, 1e-3);
        if (s.in > 200)
            for (int o = 0; o < 128; ++o)
                for (int i = 128; i < 256; ++i) w(o, i) = 0;  // a block of zeros
        const auto rounded = test::rounded_in<float>(w.view(), 128, 128);
        copies expected(s.out, s.in);
        op::pack(reference{}, expected.view(), w.view());
        const matrix<e4m3> both{nullptr, expected.packed.data(), s.out, s.in, nullptr};
        const matrix<e4m3> across{nullptr, nullptr, s.out, s.in, expected.across.data()};
        for (int o = 0; o < s.out; ++o)
            for (int i = 0; i < s.in; ++i) {
                CHECK(double(weight_at(both, o, i)) == rounded(o, i));
                CHECK(double(weight_at(across, o, i)) == rounded(o, i));
            }
        for (const int threads : {1, 3})
            test::on_every_isa(threads, [&](auto on) {
                copies got(s.out, s.in);
                op::pack(on, got.view(), w.view());
                CHECK(got.same(expected));
                copies one(s.out, s.in);
                op::pack(on, {one.packed.data(), nullptr}, w.view());
                CHECK(test::same_bits(one.packed, expected.packed));
            });
    }
}

TEST_CASE("a code takes a byte, and a block's scale another") {
    CHECK(packed_size<e4m3>(256, 512) == 256 * 512 + 2 * 4);
    CHECK(packed_size<e4m3>(129, 1) == 129 + 2);
}

TEST_CASE("what is not finite fills its block and no other") {
    auto w = random_rows<float>(130, 130, 1);
    w(129, 3) = std::numeric_limits<float>::infinity();
    test::on_every_isa(2, [&](auto on) {
        copies got(130, 130);
        op::pack(on, got.view(), w.view());
        const matrix<e4m3> m{nullptr, got.packed.data(), 130, 130, nullptr};
        for (const int o : {0, 127, 128, 129})
            for (const int i : {0, 127, 128, 129})
                CHECK(std::isfinite(float(weight_at(m, o, i))) == !(o >= 128 && i < 128));
    });
}

TEST_CASE("a step of Adam renews copies in e4m3, matrix by matrix") {
    constexpr int stack = 3, out = 70, in = 140;
    const auto size = [&](int rows, int columns) {
        return int(stack * packed_size<e4m3>(rows, columns));
    };
    guarded<float> w(stack * out, in, 0), g(stack * out, in, 0), m(stack * out, in, 0),
        v(stack * out, in, 0);
    test::fill_random(w.view(), 1);
    test::fill_random(g.view(), 2);
    test::fill(m.view(), 0.0F);
    test::fill(v.view(), 0.0F);
    guarded<e4m3> packed(1, size(out, in)), across(1, size(in, out));
    const adamw_numbers numbers{.rate = 0.1, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8};
    const weight_copies<e4m3> both{packed.data(), across.data()};
    cpu_on<isa::native> on{&test::pool_of(2)};
    op::adamw_step(on, w.view(), g.view(), m.view(), v.view(), numbers, both, out);
    for (int e = 0; e < stack; ++e) {
        const rows<const float> one = w.view().part(e * out, out);
        const auto rounded = test::rounded_in<float>(one, 128, 128);
        const weight_copies<e4m3> of_one = member_of(both, e, out, in);
        const matrix<e4m3> got{nullptr, of_one.packed, out, in, of_one.across};
        for (int o = 0; o < out; ++o)
            for (int i = 0; i < in; ++i) CHECK(double(weight_at(got, o, i)) == rounded(o, i));
    }
    CHECK(g(5, 5) == 0);
    CHECK(packed.intact());
    CHECK(across.intact());
}

}  // namespace
