// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/random.hpp>
#include <moe/precision/accumulation.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using moe::aligned_accumulation, moe::e4m3, moe::e5m2, moe::fp32_accumulation;

constexpr e4m3 ones[2] = {e4m3(1.0F), e4m3(1.0F)};
static_assert(moe::hopper_fp8.add(1.0F, ones, ones, 2) == 3);
static_assert(moe::hopper_fp8.add(16384.0F, ones, ones, 1) == 16384);  // 2^14 + 1: cut off
static_assert(moe::hopper_fp8.add(8192.0F, ones, ones, 1) == 8193);
static_assert(fp32_accumulation::add(16384.0F, ones, ones, 1) == 16385);

template <class Format> std::vector<Format> random_codes(int count, std::uint64_t seed) {
    std::vector<Format> codes;
    for (std::uint64_t i = 0; codes.size() < std::size_t(count); ++i) {
        const auto bits = std::uint8_t(moe::random_bits(seed, 1, i));
        if (std::isfinite(float(Format::from_bits(bits)))) codes.push_back(Format::from_bits(bits));
    }
    return codes;
}

// The same in doubles: everything here fits into their 53 bits.
template <class Format>
double step_in_doubles(aligned_accumulation model, double sum, const Format* a, const Format* b,
                       int count) {
    const auto exponent_of = [](Format f) {
        return std::max(std::ilogb(std::fabs(double(float(f)))), 1 - Format::bias);
    };
    int highest = sum == 0 ? -1000 : std::ilogb(sum);
    for (int k = 0; k < count; ++k)
        if (float(a[k]) != 0 && float(b[k]) != 0)
            highest = std::max(highest, exponent_of(a[k]) + exponent_of(b[k]));
    if (highest == -1000) return sum;
    const double unit = std::ldexp(1.0, highest - model.fraction);
    double total = std::trunc(sum / unit);
    for (int k = 0; k < count; ++k)
        total += std::trunc(double(float(a[k])) * double(float(b[k])) / unit);
    if (total == 0) return 0;
    const double last = std::ldexp(1.0, std::ilogb(total) - model.mantissa);
    return std::trunc(total / last) * last * unit;
}

template <class Format> void check_against_doubles(aligned_accumulation model) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        const int count = 1 + int(seed % 32);
        const auto a = random_codes<Format>(count, 2 * seed),
                   b = random_codes<Format>(count, 2 * seed + 1);
        // A sum such as the model could hold.
        float before = std::ldexp(moe::random_normal(seed, 2, 0), int(seed % 50) - 25);
        const float grain = std::ldexp(1.0F, std::ilogb(before) - model.mantissa);
        before = seed % 7 == 0 ? 0 : std::trunc(before / grain) * grain;
        const float got = model.add(before, a.data(), b.data(), count);
        CHECK(double(got) == step_in_doubles(model, double(before), a.data(), b.data(), count));
    }
}

TEST_CASE("a step is aligned, cut off, added and cut off as the definition says") {
    check_against_doubles<e4m3>(moe::hopper_fp8);
    check_against_doubles<e5m2>(moe::hopper_fp8);
    check_against_doubles<e4m3>(moe::blackwell_fp8);
    check_against_doubles<e5m2>(moe::blackwell_fp8);
}

TEST_CASE("more products than a step go step by step, the last one shorter") {
    const auto a = random_codes<e4m3>(75, 1), b = random_codes<e4m3>(75, 2);
    float expected = 0;
    for (const auto& [first, count] : {std::pair(0, 32), {32, 32}, {64, 11}})
        expected = moe::hopper_fp8.add(expected, a.data() + first, b.data() + first, count);
    CHECK(moe::hopper_fp8.add(0.0F, a.data(), b.data(), 75) == expected);
}

// Mean relative error of sums of 'length' products of numbers in [low, 1).
template <class Inner> double mean_error(const Inner& inner, int every, float low) {
    constexpr int length = 4096, trials = 40;
    double total = 0;
    for (std::uint64_t trial = 0; trial < trials; ++trial) {
        std::vector<e4m3> a, b;
        double exact = 0, size = 0;
        for (std::uint64_t k = 0; k < length; ++k) {
            a.emplace_back(low + (1 - low) * moe::random_uniform(trial, 0, k));
            b.emplace_back(low + (1 - low) * moe::random_uniform(trial, 1, k));
            const double product = double(float(a.back())) * double(float(b.back()));
            exact += product;
            size += product * product;
        }
        const float got =
            moe::promoted_dot(inner, every, a.data(), b.data(), length, [](int) { return 1.0F; });
        total += std::fabs(double(got) - exact) / (low < 0 ? std::sqrt(size) : std::fabs(exact));
    }
    return total / trials;
}

TEST_CASE("on positive numbers promotion every 128 products buys more than 100 x") {
    const double never = mean_error(moe::hopper_fp8, 4096, 0);
    const double every_512 = mean_error(moe::hopper_fp8, 512, 0);
    const double every_256 = mean_error(moe::hopper_fp8, 256, 0);
    const double every_128 = mean_error(moe::hopper_fp8, 128, 0);
    INFO("never ", never, ", 512: ", every_512, ", 256: ", every_256, ", 128: ", every_128);
    // Published: 6.6e-2, 5.2e-3, 1.7e-3, 5.0e-4
    CHECK(never == doctest::Approx(6.6e-2).epsilon(0.05));
    CHECK(every_512 == doctest::Approx(5.2e-3).epsilon(0.05));
    CHECK(every_256 == doctest::Approx(1.7e-3).epsilon(0.05));
    CHECK(every_128 == doctest::Approx(5.0e-4).epsilon(0.05));
    CHECK(never > 100 * every_128);
    CHECK(mean_error(moe::blackwell_fp8, 4096, 0) < every_128 / 100);
    CHECK(mean_error(fp32_accumulation{}, 4096, 0) < every_128 / 100);
}

TEST_CASE("on numbers of both signs promotion buys less") {
    const double never = mean_error(moe::hopper_fp8, 4096, -1);
    const double every_128 = mean_error(moe::hopper_fp8, 128, -1);
    INFO("never ", never, ", 128: ", every_128);
    CHECK(never < 2e-2);
    CHECK(every_128 < never / 2);
}

TEST_CASE("the scale of each part multiplies its sum") {
    const auto a = random_codes<e4m3>(300, 5), b = random_codes<e4m3>(300, 6);
    double exact = 0, size = 0;
    for (int k = 0; k < 300; ++k) {
        const double product = double(float(a[std::size_t(k)])) * double(float(b[std::size_t(k)]));
        exact += product * (k / 128 + 1);
        size += std::fabs(product) * (k / 128 + 1);
    }
    const float got = moe::promoted_dot(fp32_accumulation{}, 128, a.data(), b.data(), 300,
                                        [](int first) { return float(first / 128 + 1); });
    CHECK(std::fabs(double(got) - exact) < 1e-5 * size);
}

TEST_CASE("what is no number stays none") {
    e4m3 a[3] = {e4m3(1.0F), e4m3::from_bits(0x7F), e4m3(2.0F)};
    CHECK(std::isnan(moe::hopper_fp8.add(0.0F, a, a, 3)));
    e5m2 b[2] = {e5m2::from_bits(0x7C), e5m2(-1.0F)}, c[2] = {e5m2(1.0F), e5m2(1.0F)};
    CHECK(moe::hopper_fp8.add(0.0F, b, c, 2) == std::numeric_limits<float>::infinity());
    CHECK(moe::hopper_fp8.add(-0.0F, a, a, 0) == 0);
    const e4m3 zero[2] = {e4m3(0.0F), e4m3(0.0F)};
    CHECK(moe::hopper_fp8.add(0.0F, zero, ones, 2) == 0);
}

}  // namespace
