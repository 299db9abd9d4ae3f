// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"

#include <moe/core/random.hpp>
#include <moe/device/words.hpp>

#include <algorithm>
#include <cstring>

namespace {

using moe::isa::generic;

struct sixteen {
    std::uint32_t v[16];

    explicit sixteen(std::uint64_t seed, int bits = 32) {
        for (int i = 0; i < 16; ++i)
            v[i] = std::uint32_t(moe::random_bits(seed, 0, std::uint64_t(i)) >> (64 - bits));
    }
    template <class Isa> moe::words<Isa> in() const {
        float x[16];
        std::memcpy(x, v, sizeof x);
        return moe::words<Isa>::of(moe::lanes<Isa>::load(x));
    }
};

template <class Isa> bool same(moe::words<Isa> a, moe::words<generic> b) {
    float x[16];
    a.floats().store(x);
    return std::memcmp(x, b.v, sizeof x) == 0;
}

TEST_CASE("integers are the same on every instruction set") {
    test::on_every_isa(1, [](auto on) {
        using isa = typename decltype(on)::instructions;
        for (std::uint64_t seed = 0; seed < 500; ++seed) {
            const sixteen x(4 * seed), y(4 * seed + 1), z(4 * seed + 2);
            const auto a = x.in<isa>(), b = y.in<isa>(), c = z.in<isa>();
            const auto p = x.in<generic>(), q = y.in<generic>(), r = z.in<generic>();
            REQUIRE(same(a & b, p & q));
            REQUIRE(same(a | b, p | q));
            REQUIRE(same(a ^ b, p ^ q));
            REQUIRE(same(a + b, p + q));
            REQUIRE(same(a - b, p - q));
            REQUIRE(same(a.template left<7>(), p.left<7>()));
            REQUIRE(same(a.template right<9>(), p.right<9>()));
            REQUIRE(same(merge(a, b, y.v[1]), merge(p, q, y.v[1])));
            REQUIRE(same(max(a, b), max(p, q)));
            REQUIRE(same(min(a, b), min(p, q)));
            REQUIRE(same(where_less(a, b, c, a), where_less(p, q, r, p)));
            REQUIRE(same(moe::words<isa>::numbers(), moe::words<generic>::numbers()));
            REQUIRE(largest(a) == *std::max_element(x.v, x.v + 16));
            moe::words<isa> high, low;
            multiply(a, y.v[0], high, low);
            moe::words<generic> up, down;
            multiply(p, y.v[0], up, down);
            REQUIRE(same(high, up));
            REQUIRE(same(low, down));
            REQUIRE(up.v[3] == std::uint64_t{x.v[3]} * y.v[0] >> 32);
            REQUIRE(down.v[3] == x.v[3] * y.v[0]);
        }
    });
}

TEST_CASE("signed where compared, unsigned where the larger is taken") {
    test::on_every_isa(1, [](auto on) {
        using words = moe::words<typename decltype(on)::instructions>;
        const auto minus = words::splat(0xFFFFFFFFU), one = words::splat(1);
        CHECK(largest(where_less(minus, one, words::splat(5), words::splat(6))) == 5);
        CHECK(largest(max(minus, one)) == 0xFFFFFFFFU);
        CHECK(largest(min(minus, one)) == 1);
    });
}

TEST_CASE("bytes and halves: no more is read or written than was asked for") {
    test::on_every_isa(1, [](auto on) {
        using isa = typename decltype(on)::instructions;
        using words = moe::words<isa>;
        for (int n = 0; n <= 16; ++n) {
            const sixteen x(std::uint64_t(n), 8), y(std::uint64_t(n), 16);
            std::uint8_t bytes[18];
            std::uint16_t halves[18];
            std::fill_n(bytes, 18, std::uint8_t{0xAB});
            std::fill_n(halves, 18, std::uint16_t{0xABCD});
            const auto store = [&](auto a, auto b) {
                n < 16 ? a.store_bytes(bytes + 1, n) : a.store_bytes(bytes + 1);
                n < 16 ? b.store_halves(halves + 1, n) : b.store_halves(halves + 1);
            };
            store(x.in<isa>(), y.in<isa>());
            for (int i = 0; i < 18; ++i) {
                const bool inside = i > 0 && i <= n;
                CHECK(bytes[i] == (inside ? x.v[i - 1] : 0xAB));
                CHECK(halves[i] == (inside ? y.v[i - 1] : 0xABCD));
            }
            sixteen wide(0), wider(0);
            for (int i = 0; i < 16; ++i) {
                wide.v[i] = i < n ? x.v[i] : 0;
                wider.v[i] = i < n ? y.v[i] : 0;
            }
            CHECK(same(words::load_bytes(bytes + 1, n), wide.in<generic>()));
            CHECK(same(words::load_halves(halves + 1, n), wider.in<generic>()));
            if (n == 16) {
                CHECK(same(words::load_bytes(bytes + 1), wide.in<generic>()));
                CHECK(same(words::load_halves(halves + 1), wider.in<generic>()));
            }
        }
    });
}

}  // namespace
