// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/random.hpp>
#include <moe/precision/small_float.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace {

using moe::bfloat16, moe::e4m3, moe::e5m2, moe::e5m6;

static_assert(float(e4m3(1.0F)) == 1 && e4m3(1.0F).bits == 0x38 && e4m3(-1e9F).bits == 0xFE);
static_assert(e4m3(17.0F).bits == 0x58 && e4m3(19.0F).bits == 0x5A);  // ties go to the even one
static_assert(float(e4m3::largest()) == 448 && float(e5m2::largest()) == 57344 &&
              float(e5m6::largest()) == 65024);
static_assert(float(e4m3::from_bits(1)) == 0x1p-9F && float(e5m2::from_bits(1)) == 0x1p-16F &&
              float(e5m6::from_bits(1)) == 0x1p-20F);

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

template <class Format> Format code(unsigned bits) {
    return Format::from_bits(typename Format::code(bits));
}
template <class Format> constexpr unsigned codes = 2 * Format::sign_bit;

// What the code means, from the definition of its fields.
template <class Format> double meaning(unsigned bits) {
    const auto [exponents, mantissa, has_infinity] = Format::shape;
    const int bias = (1 << (exponents - 1)) - 1, last = (1 << exponents) - 1;
    const int m = int(bits) & ((1 << mantissa) - 1), e = int(bits) >> mantissa & last;
    const double sign = bits >> (exponents + mantissa) ? -1 : 1;
    if (has_infinity && e == last) return m ? double(nan) : sign * double(infinity);
    if (!has_infinity && e == last && m == (1 << mantissa) - 1) return double(nan);
    return e == 0 ? sign * std::ldexp(m, 1 - bias - mantissa)
                  : sign * std::ldexp((1 << mantissa) + m, e - bias - mantissa);
}

// The nearest of all codes, of two equally near ones the even; without a limit to the exponent
// beyond the largest. Magnitudes are sorted as their codes are.
template <class Format> unsigned nearest(float value) {
    const double size = std::fabs(double(value));
    unsigned best = 0;
    double least = size;
    for (unsigned c = 1; c <= Format::largest_code; ++c) {
        const double apart = std::fabs(meaning<Format>(c) - size);
        if (apart < least || (apart == least && c % 2 == 0)) best = c, least = apart;
    }
    return best | (std::signbit(value) ? Format::sign_bit : 0);
}

template <class Format> void check_every_code() {
    for (unsigned bits = 0; bits < codes<Format>; ++bits) {
        const double expected = meaning<Format>(bits);
        const float value = code<Format>(bits);
        CAPTURE(bits);
        if (std::isnan(expected)) {
            CHECK(std::isnan(value));
            CHECK(std::isnan(float(Format(value))));
            CHECK(std::signbit(value) == (bits >= Format::sign_bit));
        } else {
            CHECK(double(value) == expected);
            CHECK(std::signbit(value) == std::signbit(expected));
            CHECK(Format(value).bits == bits);
            CHECK(Format::overflowing(value).bits == bits);
            CHECK(Format::stochastic(value, 0xFFFFFFFFU).bits == bits);
            CHECK(Format::stochastic(value, 0).bits == bits);
        }
    }
}

template <class Format> void check_midpoints() {
    for (unsigned bits = 0; bits < Format::largest_code; ++bits) {
        const float low = code<Format>(bits), high = code<Format>(bits + 1);
        const float middle = (low + high) / 2;  // exact: one bit more
        CAPTURE(bits);
        CHECK(Format(middle).bits == bits + bits % 2);
        CHECK(Format(-middle).bits == (Format::sign_bit | (bits + bits % 2)));
        CHECK(Format(std::nextafter(middle, low)).bits == bits);
        CHECK(Format(std::nextafter(middle, high)).bits == bits + 1);
        CHECK(Format(std::nextafter(low, high)).bits == bits);
        CHECK(Format(std::nextafter(high, low)).bits == bits + 1);
        for (std::uint64_t i = 0; i < 20; ++i) {
            const float value = low + (high - low) * moe::random_uniform(bits, 1, i);
            CHECK(Format(value).bits == nearest<Format>(value));
        }
    }
}

template <class Format> void check_limits() {
    const float largest = Format::largest(),
                step = largest - code<Format>(Format::largest_code - 1);
    const float half_way = largest + step / 2;
    const unsigned all = Format::largest_code, beyond = Format::not_finite;
    for (const float value : {half_way, std::nextafter(half_way, infinity), 2 * largest,
                              std::numeric_limits<float>::max()}) {
        CHECK(Format(value).bits == all);
        CHECK(Format(-value).bits == (Format::sign_bit | all));
        CHECK(Format::stochastic(value, 0).bits == all);
    }
    CHECK(Format::overflowing(std::nextafter(half_way, 0.0F)).bits == all);
    CHECK(Format::overflowing(half_way).bits == (all % 2 == 0 ? all : beyond));
    CHECK(Format::overflowing(std::nextafter(half_way, infinity)).bits == beyond);
    CHECK(Format::overflowing(-std::numeric_limits<float>::max()).bits ==
          (Format::sign_bit | beyond));
    for (const float value : {infinity, -infinity, nan, -nan}) {
        for (const Format f :
             {Format(value), Format::overflowing(value), Format::stochastic(value, 0)}) {
            CHECK(!std::isfinite(float(f)));
            CHECK(std::isinf(float(f)) == (std::isinf(value) && Format::shape.infinity));
            CHECK(std::signbit(float(f)) == std::signbit(value));
        }
    }
    const float smallest = code<Format>(1);
    CHECK(Format(smallest / 2).bits == 0);
    CHECK(Format(std::nextafter(smallest / 2, 1.0F)).bits == 1);
    for (const float tiny : {0x1p-149F, 0x1.8p-127F, 0x1p-126F, 0x1p-60F}) {
        CHECK(Format(tiny).bits == 0);
        CHECK(Format(-tiny).bits == Format::sign_bit);  // the sign stays
        CHECK(Format::stochastic(tiny, 1).bits == 0);
    }
}

template <class Format> void check_bfloat16s() {
    std::vector<double> value;
    for (unsigned c = 0; c <= Format::largest_code; ++c) value.push_back(meaning<Format>(c));
    for (unsigned bits = 0; bits < 0x8000; ++bits) {
        const float x = bfloat16::from_bits(std::uint16_t(bits));
        if (!std::isfinite(x)) continue;
        const auto above = std::upper_bound(value.begin(), value.end(), double(x));
        const auto high = unsigned(above - value.begin());
        const bool last = above == value.end();
        const double middle = last ? 0 : (value[high] + value[high - 1]) / 2;
        const bool up = !last && (double(x) > middle || (double(x) == middle && high % 2 == 0));
        if (Format(x).bits != (up ? high : high - 1)) FAIL_CHECK(x);
        if (Format(-x).bits != (Format::sign_bit | (up ? high : high - 1))) FAIL_CHECK(-x);
    }
}

template <class Format> void check_stochastic() {
    // Between two neighbours the share of those that go up is the place between them.
    for (const unsigned low : {0U, 1U, (1U << Format::mantissa) - 1, Format::largest_code / 2}) {
        const float a = code<Format>(low), b = code<Format>(low + 1);
        for (const float place : {0.0F, 0.125F, 0.5F, 0.9375F}) {
            const float value = a + (b - a) * place;
            int up = 0;
            constexpr int count = 4000;
            for (std::uint64_t i = 0; i < count; ++i) {
                const auto random = std::uint32_t(moe::random_bits(3, low, i));
                const unsigned got = moe::round_stochastically<Format>(value, random).bits;
                REQUIRE((got == low || got == low + 1));
                up += got == low + 1;
            }
            // four deviations
            const double deviation = std::sqrt(count * double(place) * (1 - double(place)));
            CHECK(std::fabs(up - count * double(place)) <= 4 * deviation);
            // and exactly: the random words below place x 2^32 round up
            if (place > 0) {
                const auto threshold = std::uint32_t(double(place) * 0x1p32);
                CHECK(Format::stochastic(value, threshold - 1).bits == low + 1);
                CHECK(Format::stochastic(value, threshold).bits == low);
            }
        }
    }
    // A number far below the smallest goes up as rarely as it is small.
    const float smallest = code<Format>(1);
    CHECK(Format::stochastic(smallest * 0x1p-20F, 0xFFF).bits == 1);
    CHECK(Format::stochastic(smallest * 0x1p-20F, 0x1000).bits == 0);
    CHECK(Format::stochastic(smallest * 0x1p-32F, 0).bits == 1);
    CHECK(Format::stochastic(smallest * 0x1p-33F, 0).bits == 0);
}

TEST_CASE_TEMPLATE("every code means what its fields say, and comes back", F, e4m3, e5m2, e5m6) {
    check_every_code<F>();
}
TEST_CASE_TEMPLATE("a float goes to the nearest code, half way to the even", F, e4m3, e5m2, e5m6) {
    check_midpoints<F>();
}
TEST_CASE_TEMPLATE("beyond the largest, below the smallest, no number", F, e4m3, e5m2, e5m6) {
    check_limits<F>();
}
TEST_CASE_TEMPLATE("all values of bfloat16 go to the nearest code", F, e4m3, e5m2, e5m6) {
    check_bfloat16s<F>();
}
TEST_CASE_TEMPLATE("stochastic rounding is right on average", F, e4m3, e5m2, e5m6) {
    check_stochastic<F>();
}

TEST_CASE("bfloat16 rounds stochastically, too") {
    const float a = 1.0F, b = 1.0078125F;  // neighbours
    CHECK(moe::round_stochastically<bfloat16>(a, 0xFFFFFFFFU).bits == 0x3F80);
    for (const float place : {0.25F, 0.75F}) {
        const float value = a + (b - a) * place;
        const auto threshold = std::uint32_t(double(1 - place) * 0x1p32);
        CHECK(float(moe::round_stochastically<bfloat16>(value, threshold)) == b);
        CHECK(float(moe::round_stochastically<bfloat16>(value, threshold - 1)) == a);
        CHECK(float(moe::round_stochastically<bfloat16>(-value, threshold)) == -b);
    }
    for (const float value : {infinity, -infinity})
        CHECK(float(moe::round_stochastically<bfloat16>(value, 0xFFFFFFFFU)) == value);
    const float marked = std::bit_cast<float>(0x7FFFFFFFU);
    CHECK(std::isnan(float(moe::round_stochastically<bfloat16>(marked, 0xFFFFFFFFU))));
    CHECK(float(moe::round_stochastically<bfloat16>(0x1p-149F, 0)) == 0);
}

}  // namespace
