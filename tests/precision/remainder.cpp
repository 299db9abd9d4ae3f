// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"

#include <moe/core/random.hpp>
#include <moe/precision/remainder.cpu.hpp>
#include <moe/precision/rounding_words.hpp>
#include <moe/precision/scaling.hpp>

#include <cmath>
#include <cstring>
#include <limits>

namespace {

using moe::bfloat16, moe::e4m3;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

static_assert(moe::exact_split(1.0F).base.bits == 0x3F80 && moe::exact_split(1.0F).rest == 0);
static_assert(moe::half_step(bfloat16(1.0F)) == 0x1p-8F);
static_assert(moe::half_step(e4m3(1.0F), 2.0F) == 0x1p-3F);
static_assert(moe::half_step(e4m3(0.0F), 1.0F) == 0x1p-10F);

TEST_CASE("bfloat16 and sixteen bits are the float, every one") {
    for (unsigned high = 0; high < 0x10000; ++high)
        for (const unsigned low : {0U, 1U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU}) {
            const auto value = std::bit_cast<float>(high << 16 | low);
            const moe::exact_split split(value);
            if (std::isnan(value)) {
                CHECK(std::isnan(float(split.base)));
                CHECK(std::isnan(split.weight()));
            } else {
                CHECK(std::bit_cast<unsigned>(split.weight()) == std::bit_cast<unsigned>(value));
                if (low != 0x8000) CHECK(split.base.bits == bfloat16(value).bits);
            }
        }
}

// A weight, its parts, and what they give again.
template <class Integer> struct of_bfloat16 {
    static float again(float weight) {
        const bfloat16 base(weight);
        const float half = moe::half_step(base);
        CHECK(std::fabs(weight - float(base)) <= half);
        return moe::with_remainder(base, half, moe::remainder_of<Integer>(weight, base, half));
    }
    static float bound(float weight) {
        return moe::half_step(bfloat16(weight)) / moe::remainder_limit<Integer> / 2;
    }
};
template <class Integer, int Exponent> struct of_e4m3 {
    static constexpr float scale = moe::detail::power_of_two(Exponent);
    static float again(float weight) {
        const e4m3 code(weight / scale);
        const float base = float(code) * scale, half = moe::half_step(code, scale);
        CHECK(std::fabs(weight - base) <= half);
        return moe::with_remainder(base, half, moe::remainder_of<Integer>(weight, base, half));
    }
    static float bound(float weight) {
        return moe::half_step(e4m3(weight / scale), scale) / moe::remainder_limit<Integer> / 2;
    }
};

template <class Split> void check_bounds(int lowest, int highest) {
    for (std::uint64_t i = 0; i < 20000; ++i) {
        const int exponent = lowest + int(moe::random_below(unsigned(highest - lowest), 1, 1, i));
        const float weight =
            std::ldexp(1 + moe::random_uniform(1, 2, i), exponent) * (i % 2 ? -1.0F : 1.0F);
        const float ulp = std::ldexp(1.0F, std::ilogb(weight) - 23);
        CHECK(std::fabs(Split::again(weight) - weight) <= Split::bound(weight) * 1.001F + ulp);
    }
    CHECK(Split::again(0) == 0);
}

// Error relative to the size of N(0, 0.02) weights.
template <class Again> double noise(const Again& again) {
    double error = 0, size = 0;
    for (std::uint64_t i = 0; i < 100000; ++i) {
        const float weight = 0.02F * moe::random_normal(9, 0, i);
        const double apart = double(again(weight)) - double(weight);
        error += apart * apart;
        size += double(weight) * double(weight);
    }
    return std::sqrt(error / size);
}

TEST_CASE("a remainder is at most half a fraction off") {
    check_bounds<of_bfloat16<std::int8_t>>(-120, 126);
    check_bounds<of_bfloat16<std::int16_t>>(-90, 126);
    check_bounds<of_e4m3<std::int8_t, -14>>(-40, -6);
    check_bounds<of_e4m3<std::int16_t, -14>>(-40, -6);
}

TEST_CASE("what is kept of normal weights is as was found before") {
    CHECK(noise(of_bfloat16<std::int8_t>::again) == doctest::Approx(6.6e-6).epsilon(0.05));
    CHECK(noise(of_bfloat16<std::int16_t>::again) < 5e-9);
    // scale of a block whose largest weight is 0.0976
    CHECK(noise(of_e4m3<std::int8_t, -12>::again) == doctest::Approx(1.1e-4).epsilon(0.1));
    CHECK(noise(of_e4m3<std::int16_t, -12>::again) == doctest::Approx(4.2e-7).epsilon(0.1));
}

TEST_CASE("numbers of the small format have no remainder, and stay") {
    for (unsigned bits = 0; bits < 0x7F80; ++bits) {
        const auto base = bfloat16::from_bits(std::uint16_t(bits));
        CHECK(moe::remainder_of<std::int8_t>(base, base, moe::half_step(base)) == 0);
        CHECK(moe::with_remainder<std::int8_t>(base, moe::half_step(base), 0) == float(base));
    }
}

TEST_CASE("updates far below the step of the base add up") {
    // Down by 1e-6 of the weight, 4000 times: the base alone would never move.
    float weight = of_bfloat16<std::int16_t>::again(1.3F), eight = 1.3F, wide = 1.3F;
    const float update = 1e-6F;
    for (int step = 0; step < 4000; ++step) {
        weight = of_bfloat16<std::int16_t>::again(weight - update);
        wide -= update;
        const bfloat16 base(eight - update);  // eight bits of remainder need random rounding here
        const float half = moe::half_step(base);
        const auto rest = moe::remainder_of<std::int8_t>(eight - update, base, half,
                                                         moe::rounding_word(1, 2, unsigned(step)));
        eight = moe::with_remainder(base, half, rest);
    }
    CHECK(weight == doctest::Approx(double(wide)).epsilon(1e-6));
    CHECK(eight == doctest::Approx(1.3 - 4e-3).epsilon(1e-3));
    CHECK(float(bfloat16(float(bfloat16(1.3F)) - update)) == float(bfloat16(1.3F)));
}

TEST_CASE("stochastic: right on average, never more than one fraction off") {
    const bfloat16 base(0.7F);
    const float half = moe::half_step(base);
    for (const float part : {-1.0F, -0.7F, -0.001F, 0.0F, 0.3F, 0.999F, 1.0F}) {
        const float weight = float(base) + part * half;
        const double exact = double(weight - float(base)) / double(half) * 127;
        double sum = 0;
        constexpr int count = 4000;
        for (std::uint64_t i = 0; i < count; ++i) {
            const int got =
                moe::remainder_of<std::int8_t>(weight, base, half, moe::rounding_word(3, 4, i));
            CHECK(std::abs(got - exact) < 1);
            sum += got;
        }
        CHECK(std::fabs(sum / count - exact) < 4 * 0.5 / std::sqrt(double(count)));
    }
}

TEST_CASE("no number has no remainder, and stays none") {
    for (const float weight : {nan, infinity, -infinity}) {
        const bfloat16 base(weight);
        const float half = moe::half_step(base);
        CHECK(moe::remainder_of<std::int8_t>(weight, base, half) == 0);
        CHECK(!std::isfinite(moe::with_remainder<std::int8_t>(base, half, 0)));
    }
    const float most = std::numeric_limits<float>::max();  // rounds to infinity
    const float half = moe::half_step(bfloat16(most));
    const auto rest = moe::remainder_of<std::int8_t>(most, bfloat16(most), half);
    CHECK(std::isinf(moe::with_remainder(bfloat16(most), half, rest)));
}

template <class Integer, class Isa> void check_lanes() {
    using v = moe::lanes<Isa>;
    using w = moe::words<Isa>;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        float weight[16], scale = std::ldexp(1.0F, int(seed % 60) - 30);
        float random[16];
        for (int i = 0; i < 16; ++i) {
            const auto bits = moe::random_bits(seed, 7, std::uint64_t(i));
            weight[i] =
                std::ldexp(moe::random_normal(seed, 0, std::uint64_t(i)), int(bits % 80) - 60);
            if (seed % 5 == 4) weight[i] = std::bit_cast<float>(std::uint32_t(bits >> 32));
            if (bits % 101 == 0) weight[i] = nan;
            const auto word = std::uint32_t(bits >> 20);
            std::memcpy(&random[i], &word, 4);
        }
        const v value = v::load(weight);
        const w words_of = w::of(v::load(random));
        const auto check = [&](v base, v half, auto base_of, auto half_of) {
            Integer nearest[16], stochastic[16], some[16] = {};
            moe::detail::store_integers(nearest, moe::all_lanes{},
                                        moe::remainder_lanes<Integer>(value, base, half));
            moe::detail::store_integers(stochastic, moe::all_lanes{},
                                        moe::remainder_lanes<Integer>(value, base, half, words_of));
            moe::detail::store_integers(some, moe::first_lanes{5},
                                        moe::remainder_lanes<Integer>(value, base, half));
            float again[16];
            moe::with_remainder_lanes<Integer>(
                base, half, moe::detail::load_integers<Integer, Isa>(nearest, moe::all_lanes{}))
                .store(again);
            for (int i = 0; i < 16; ++i) {
                const float b = base_of(weight[i]), h = half_of(weight[i]);
                REQUIRE(nearest[i] == moe::remainder_of<Integer>(weight[i], b, h));
                REQUIRE(stochastic[i] == moe::remainder_of<Integer>(
                                             weight[i], b, h, std::bit_cast<unsigned>(random[i])));
                const float expected = moe::with_remainder(b, h, nearest[i]);
                REQUIRE((std::isnan(expected) ? std::isnan(again[i])
                                              : std::bit_cast<unsigned>(again[i]) ==
                                                    std::bit_cast<unsigned>(expected)));
                REQUIRE(some[i] == (i < 5 ? nearest[i] : 0));
            }
        };
        const v base = moe::decode_lanes<bfloat16, Isa>(moe::encode_lanes<bfloat16>(value));
        check(
            base, moe::half_step_lanes(base), [](float x) { return float(bfloat16(x)); },
            [](float x) { return moe::half_step(bfloat16(x)); });
        const w code = moe::encode_lanes<e4m3>(value * v::splat(1 / scale));
        const v scales = v::splat(scale);
        check(
            moe::decode_lanes<e4m3, Isa>(code) * scales, moe::half_step_lanes(code, scales),
            [&](float x) { return float(e4m3(x / scale)) * scale; },
            [&](float x) { return moe::half_step(e4m3(x / scale), scale); });
    }
}

TEST_CASE("every instruction set has the specification's remainders") {
    test::on_every_isa(1, [](auto on) {
        check_lanes<std::int8_t, typename decltype(on)::instructions>();
        check_lanes<std::int16_t, typename decltype(on)::instructions>();
    });
}

}  // namespace
