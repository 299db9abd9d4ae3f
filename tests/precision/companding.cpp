// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"

#include <moe/core/random.hpp>
#include <moe/precision/companding.cpu.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace {

using moe::bfloat16;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> normal(int count, std::uint64_t seed, float size) {
    std::vector<float> x;
    for (int i = 0; i < count; ++i) x.push_back(size * moe::random_normal(seed, 0, unsigned(i)));
    return x;
}
std::vector<float> squares(std::vector<float> x) {
    for (float& value : x) value *= value;
    return x;
}
std::vector<float> first_again(const std::vector<float>& m, bfloat16* scale = nullptr) {
    std::vector<std::int8_t> code(m.size());
    bfloat16 a;
    moe::compress_first_moment(code.data(), a, m.data(), int(m.size()));
    std::vector<float> again(m.size());
    moe::expand_first_moment(again.data(), code.data(), a, int(m.size()));
    if (scale) *scale = a;
    return again;
}
std::vector<float> second_again(const std::vector<float>& v, bfloat16* scale = nullptr) {
    std::vector<std::uint8_t> code(v.size());
    bfloat16 a;
    moe::compress_second_moment(code.data(), a, v.data(), int(v.size()));
    std::vector<float> again(v.size());
    moe::expand_second_moment(again.data(), code.data(), a, int(v.size()));
    if (scale) *scale = a;
    return again;
}

TEST_CASE("the first moment is off by half a code, which is finer near zero") {
    for (const int count : {1, 32, 128})
        for (const float size : {1e-20F, 1e-3F, 1.0F, 1e20F}) {
            const auto m = normal(count, 1, size);
            bfloat16 scale;
            const auto again = first_again(m, &scale);
            for (std::size_t i = 0; i < m.size(); ++i) {
                // dx/dy = 2 / (2 - |y|)^2 = (1 + |x|)^2 / 2; half a code is 1 / 254; the scale may
                // be rounded down by 2^-9, and the curve bends.
                const float a = scale, x = std::fabs(m[i] / a);
                const float bound = (1 + x) * (1 + x) / 2 / 254 * 1.01F + (x > 1 ? x - 1 : 0);
                CHECK(std::fabs(again[i] - m[i]) <= bound * a);
                CHECK(again[i] * m[i] >= 0);
            }
        }
}

TEST_CASE("the second moment's root is off by half a code, and nothing positive becomes zero") {
    for (const int count : {1, 32, 128})
        for (const float size : {1e-12F, 1e-3F, 1.0F, 1e15F}) {
            auto root = normal(count, 2, size);
            root[0] *= 1e-3F;  // far below half a code
            const auto v = squares(root), again = second_again(v);
            float largest = 0;
            for (const float r : root) largest = std::fmax(largest, std::fabs(r));
            for (std::size_t i = 0; i < v.size(); ++i) {
                CHECK(again[i] > 0);
                const float off = std::fabs(std::sqrt(again[i]) - std::fabs(root[i]));
                CHECK(off <= largest * (1.01F / 255 + 0x1p-8F * std::fabs(root[i]) / largest));
            }
        }
}

double similarity(const std::vector<float>& a, const std::vector<float>& b) {
    double both = 0, left = 0, right = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        both += double(a[i]) * double(b[i]);
        left += double(a[i]) * double(a[i]);
        right += double(b[i]) * double(b[i]);
    }
    return both / std::sqrt(left * right);
}

TEST_CASE("the direction is kept") {
    const auto m = normal(128, 3, 1e-4F), v = squares(normal(128, 4, 1e-4F));
    CHECK(similarity(m, first_again(m)) > 0.9999);
    CHECK(similarity(v, second_again(v)) > 0.9999);
}

TEST_CASE("zero stays zero, next to nothing becomes it") {
    bfloat16 scale;
    for (const float value : first_again(std::vector<float>(32, 0.0F), &scale)) CHECK(value == 0);
    CHECK(float(scale) == 0);
    for (const float value : first_again(std::vector<float>(32, 1e-31F))) CHECK(value == 0);
    for (const float value : second_again(std::vector<float>(32, 0.0F), &scale)) CHECK(value == 0);
    CHECK(float(scale) == 0);
    std::vector<float> one(32, 0.0F);
    one[7] = 2.5F;
    const auto m = first_again(one), v = second_again(one);
    for (std::size_t i = 0; i < 32; ++i) {
        CHECK((m[i] == 0) == (i != 7));
        CHECK((v[i] == 0) == (i != 7));
    }
    CHECK(m[7] == doctest::Approx(2.5).epsilon(0x1p-8));
    CHECK(v[7] == doctest::Approx(2.5).epsilon(0x1p-7));
}

TEST_CASE("what is not finite is not read as a number") {
    for (const float bad : {nan, infinity}) {
        std::vector<float> x(32, 1.0F);
        x[3] = bad;
        for (const float value : first_again(x)) CHECK(std::isnan(value));
        for (const float value : second_again(x)) CHECK(std::isnan(value));
    }
}

TEST_CASE("every instruction set has the specification's codes and moments") {
    test::on_every_isa(1, [](auto on) {
        const typename decltype(on)::instructions isa;
        std::uint64_t seed = 0;
        for (const int count : {1, 5, 16, 31, 32, 128})
            for (const float size : {0.0F, 1e-31F, 1e-20F, 1e-4F, 10.0F, 1e19F, nan}) {
                auto m = normal(count, ++seed, size);
                auto v = squares(m);
                if (seed % 3 == 0) m[std::size_t(count / 2)] = v[std::size_t(count / 2)] = 0;
                const std::size_t n = m.size();
                std::vector<std::int8_t> code(n + 1, 99), expected(n + 1, 99);
                std::vector<std::uint8_t> second(n + 1, 99), known(n + 1, 99);
                std::vector<float> again(n + 1, 7), is(n + 1, 7);
                bfloat16 a, b;
                const auto same = [&] {
                    return std::memcmp(&a, &b, 2) == 0 && code == expected && second == known &&
                           std::memcmp(again.data(), is.data(), 4 * n + 4) == 0;
                };
                moe::compress_first_moment(isa, code.data(), a, m.data(), count);
                moe::compress_first_moment(expected.data(), b, m.data(), count);
                moe::expand_first_moment(isa, again.data(), code.data(), a, count);
                moe::expand_first_moment(is.data(), code.data(), a, count);
                CHECK(same());
                moe::compress_second_moment(isa, second.data(), a, v.data(), count);
                moe::compress_second_moment(known.data(), b, v.data(), count);
                moe::expand_second_moment(isa, again.data(), second.data(), a, count);
                moe::expand_second_moment(is.data(), second.data(), a, count);
                CHECK(same());
            }
    });
}

}  // namespace
