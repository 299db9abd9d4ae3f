// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <moe/device/subnormals.hpp>

#include <limits>

namespace {
using specification = moe::lanes<moe::isa::generic>;

// Sixteen numbers of very different sizes; some are special ones.
void fill_lanes(float* x, std::uint64_t seed) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    for (int i = 0; i < 16; ++i) {
        const auto bits = moe::random_bits(seed, 1, std::uint64_t(i));
        x[i] = std::ldexp(moe::random_normal(seed, 0, std::uint64_t(i)), int(bits % 41) - 20);
        if (bits % 97 == 1) x[i] = infinity;
        if (bits % 97 == 2) x[i] = -infinity;
        if (bits % 97 == 3) x[i] = std::numeric_limits<float>::quiet_NaN();
    }
}
bool same(const float* a, const float* b) {
    for (int i = 0; i < 16; ++i)
        if (!test::same_bits(a[i], b[i]) && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
    return true;
}
}  // namespace

TEST_CASE("every instruction set gives the bits of the specification") {
    test::on_every_isa(1, [](auto on) {
        using vector = typename decltype(on)::vector;
        int wrong = 0;
        for (std::uint64_t seed = 0; seed < 5000; ++seed) {
            float a[16], b[16], c[16], got[16], expected[16];
            fill_lanes(a, 3 * seed);
            fill_lanes(b, 3 * seed + 1);
            fill_lanes(c, 3 * seed + 2);
            const auto compare = [&](auto result, specification is) {
                result.store(got);
                is.store(expected);
                wrong += !same(got, expected);
            };
            const vector x = vector::load(a), y = vector::load(b), z = vector::load(c);
            const specification p = specification::load(a), q = specification::load(b),
                                r = specification::load(c);
            compare(x + y, p + q);
            compare(x - y, p - q);
            compare(x * y, p * q);
            compare(x / y, p / q);
            compare(fma(x, y, z), fma(p, q, r));
            compare(max(x, y), max(p, q));
            compare(min(x, y), min(p, q));
            compare(sqrt(x * x), sqrt(p * p));
            compare(where_less(x, y, z, x), where_less(p, q, r, p));
            compare(exponential(x), exponential(p));
            compare(sigmoid(x), sigmoid(p));
            const float s = sum(x), t = sum(p);
            wrong += !(test::same_bits(s, t) || (std::isnan(s) && std::isnan(t)));
            bool numbers = true;
            for (const float lane : a) numbers = numbers && !std::isnan(lane);
            if (numbers) wrong += largest(x) != largest(p);
        }
        CHECK(wrong == 0);
    });
}

TEST_CASE("the vector exponential has the bits of the scalar one") {
    test::on_every_isa(1, [](auto on) {
        using vector = typename decltype(on)::vector;
        for (std::uint64_t seed = 0; seed < 2000; ++seed) {
            float x[16], y[16];
            for (int i = 0; i < 16; ++i)
                x[i] = moe::random_uniform(seed, 0, std::uint64_t(i)) * 220 - 110;
            exponential(vector::load(x)).store(y);
            for (int i = 0; i < 16; ++i) REQUIRE(test::same_bits(y[i], moe::exponential(x[i])));
        }
    });
}

TEST_CASE("the first lanes alone are read and written") {
    test::on_every_isa(1, [](auto on) {
        using vector = typename decltype(on)::vector;
        for (int n = 0; n <= 16; ++n) {
            float from[16], to[16];
            for (int i = 0; i < 16; ++i) from[i] = float(i + 1), to[i] = -1;
            const vector x = vector::load_first(from, n);
            float all[16];
            x.store(all);
            x.store_first(to, n);
            for (int i = 0; i < 16; ++i) {
                CHECK(all[i] == (i < n ? float(i + 1) : 0));
                CHECK(to[i] == (i < n ? float(i + 1) : -1));
            }
        }
    });
}

TEST_CASE("a streamed line arrives whole and alone") {
    test::on_every_isa(1, [](auto on) {
        using vector = typename decltype(on)::vector;
        alignas(64) float to[48];
        float from[16];
        for (int i = 0; i < 16; ++i) from[i] = float(i + 1);
        for (float& x : to) x = -1;
        vector::load(from).stream(to + 16);
        vector::finish_streams();
        for (int i = 0; i < 48; ++i) CHECK(to[i] == (i / 16 == 1 ? float(i - 15) : -1));
    });
}

TEST_CASE("lanes change places") {
    test::on_every_isa(1, [](auto on) {
        using vector = typename decltype(on)::vector;
        float x[16], y[16];
        for (int i = 0; i < 16; ++i) x[i] = float(i), y[i] = float(100 + i);
        const vector a = vector::load(x), b = vector::load(y);
        const auto check = [](vector got, const auto& expected) {
            float lane[16];
            got.store(lane);
            for (int i = 0; i < 16; ++i) CHECK(lane[i] == float(expected(i)));
        };
        check(swap_pairs(a), [](int i) { return i ^ 1; });
        check(even_twice(a), [](int i) { return i & ~1; });
        check(odd_twice(a), [](int i) { return i | 1; });
        check(interleave_low(a, b), [](int i) { return i / 2 + i % 2 * 100; });
        check(interleave_high(a, b), [](int i) { return 8 + i / 2 + i % 2 * 100; });
    });
}

TEST_CASE("rows become columns") {
    test::on_every_isa(1, [](auto on) {
        using vector = typename decltype(on)::vector;
        float square[16][16];
        vector row[16];
        for (int i = 0; i < 16; ++i) {
            for (int j = 0; j < 16; ++j) square[i][j] = float(16 * i + j);
            row[i] = vector::load(square[i]);
        }
        transpose(row);
        for (int i = 0; i < 16; ++i) {
            float got[16];
            row[i].store(got);
            for (int j = 0; j < 16; ++j) CHECK(got[j] == square[j][i]);
        }
    });
}

TEST_CASE("bfloat16 is widened when loaded and rounded when stored") {
    test::on_every_isa(1, [](auto on) {
        using vector = typename decltype(on)::vector;
        int wrong = 0;
        for (unsigned first = 0; first < 0x10000; first += 16) {
            moe::bfloat16 from[16], back[16];
            float wide[16];
            for (unsigned i = 0; i < 16; ++i)
                from[i] = moe::bfloat16::from_bits(std::uint16_t(first + i));
            const vector x = vector::load(from);
            x.store(wide);
            x.store(back);
            for (int i = 0; i < 16; ++i) {
                wrong += !test::same_bits(wide[i], float(from[i]));
                wrong += back[i].bits != moe::bfloat16(float(from[i])).bits;
            }
        }
        for (std::uint64_t seed = 0; seed < 20000; ++seed) {
            float wide[16];
            moe::bfloat16 narrow[16];
            for (int i = 0; i < 16; ++i)  // any bits at all: subnormals, infinities, every NaN
                wide[i] = std::bit_cast<float>(
                    std::uint32_t(moe::random_bits(seed, 7, std::uint64_t(i))) &
                    (seed % 3 == 0 ? 0x80FFFFFFU : ~0U));
            vector::load(wide).store(narrow);
            for (int i = 0; i < 16; ++i) wrong += narrow[i].bits != moe::bfloat16(wide[i]).bits;
            moe::bfloat16 two[32];
            vector::store_two(two, vector::load(wide), vector::load(narrow));
            for (int i = 0; i < 16; ++i) {
                wrong += two[i].bits != narrow[i].bits;
                wrong += two[16 + i].bits != moe::bfloat16(float(narrow[i])).bits;
            }
        }
        for (int n = 0; n <= 16; ++n) {
            moe::bfloat16 from[16], to[16];
            moe::bfloat16_pair pair[16], pair_to[16];
            for (int i = 0; i < 16; ++i) {
                from[i] = moe::bfloat16(float(i + 1));
                to[i] = moe::bfloat16(-1.0F);
                pair[i] = {from[i], from[i]};
                pair_to[i] = {to[i], to[i]};
            }
            vector::load_first(from, n).store_first(to, n);
            vector::load_first(pair, n).store_first(pair_to, n);
            for (int i = 0; i < 16; ++i) {
                wrong += float(to[i]) != (i < n ? float(i + 1) : -1);
                wrong += float(pair_to[i].odd) != (i < n ? float(i + 1) : -1);
            }
        }
        CHECK(wrong == 0);
    });
}

TEST_CASE("pairs of bfloat16 are multiplied in one order, with subnormal numbers as zero") {
    test::on_every_isa(1, [](auto on) {
        using vector = typename decltype(on)::vector;
        const moe::subnormals_as_zero<true> inside;
        int wrong = 0;
        for (std::uint64_t seed = 0; seed < 40000; ++seed) {
            moe::bfloat16_pair a[16], b[16];
            float c[16], got[16], expected[16];
            for (unsigned i = 0; i < 16; ++i) {
                // Exponents whose products lie about one, or about the smallest normal number.
                const unsigned low = seed % 2 ? 120 : 55, spread = seed % 2 ? 15 : 18;
                const auto number = [&](std::uint64_t stream) {
                    const auto bits = moe::random_bits(seed, stream, i);
                    const auto exponent = bits % 61 == 0 ? 0 : low + bits / 64 % spread;
                    return moe::bfloat16::from_bits(
                        std::uint16_t((bits >> 32 & 0x807FU) | exponent << 7));
                };
                a[i] = {number(0), number(1)};
                b[i] = {number(2), number(3)};
                c[i] = float(number(4)) * (seed % 2 ? 1.0F : 0x1p-60F);
                expected[i] = std::fma(float(a[i].odd), float(b[i].odd), c[i]);
                expected[i] = std::fma(float(a[i].even), float(b[i].even), expected[i]);
            }
            dot(vector::load(a), vector::load(b), vector::load(c)).store(got);
            for (int i = 0; i < 16; ++i) wrong += !test::same_bits(got[i], expected[i]);

            moe::bfloat16 even[16], odd[16];
            for (int i = 0; i < 16; ++i) even[i] = a[i].even, odd[i] = a[i].odd;
            moe::bfloat16_pair both[16];
            paired(vector::load(even), vector::load(odd)).store(both);
            wrong += std::memcmp(both, a, sizeof a) != 0;
            lower(vector::load(a)).store(got);
            upper(vector::load(a)).store(expected);
            for (int i = 0; i < 16; ++i)
                wrong += got[i] != float(even[i]) || expected[i] != float(odd[i]);
        }
        CHECK(wrong == 0);
    });
}
