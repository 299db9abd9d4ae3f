// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"

#include <moe/core/random.hpp>
#include <moe/precision/convert.cpu.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace {

using moe::bfloat16, moe::e4m3, moe::e5m2, moe::e5m6, moe::reference, moe::stored;

template <class Format> constexpr int guard = 3;

// Room for 'count' numbers, marked around.
template <class Format> struct codes {
    std::vector<stored<Format>> memory;
    int elements;

    explicit codes(int count) : elements(moe::elements_of<Format>(count)) {
        memory.resize(std::size_t(elements + 2 * guard<Format>));
        std::memset(memory.data(), 0xA5, memory.size() * sizeof(stored<Format>));
    }
    stored<Format>* at() { return memory.data() + guard<Format>; }
};
template <class Format> bool operator==(const codes<Format>& a, const codes<Format>& b) {
    return std::memcmp(a.memory.data(), b.memory.data(),
                       a.memory.size() * sizeof(stored<Format>)) == 0;
}

// What may go wrong: every bfloat16; around every midpoint of the format; random bits.
template <class Format> std::vector<float> difficult() {
    std::vector<float> all;
    for (unsigned bits = 0; bits < 0x10000; ++bits)
        all.push_back(bfloat16::from_bits(std::uint16_t(bits)));
    if constexpr (!std::is_same_v<Format, bfloat16>)
        for (unsigned bits = 0; bits <= Format::largest_code; ++bits) {
            const float low = Format::from_bits(typename Format::code(bits));
            const float high = Format::from_bits(typename Format::code(bits + 1));
            const float middle = (low + high) / 2;
            for (const float x : {low, middle})
                for (const float value : {x, std::nextafter(x, 0.0F), std::nextafter(x, 1e30F)}) {
                    all.push_back(value);
                    all.push_back(-value);
                }
        }
    for (std::uint64_t i = 0; i < 30000; ++i)
        all.push_back(std::bit_cast<float>(std::uint32_t(moe::random_bits(5, 0, i))));
    for (std::uint64_t i = 0; i < 30000; ++i)
        all.push_back(std::ldexp(moe::random_normal(6, 0, i), int(i % 40) - 25));
    return all;
}

template <class Format> void check_format() {
    const std::vector<float> value = difficult<Format>();
    const int count = int(value.size());
    codes<Format> expected(count);
    moe::encode<Format>(reference{}, expected.at(), value.data(), count);
    for (int i = 0; i < count; i += 997) {
        const float x = value[std::size_t(i)];
        CHECK(moe::storage<Format>::get(expected.at(), i).bits == Format(x).bits);
    }
    std::vector<float> back(value.size());
    std::vector<bfloat16> narrow(value.size());
    moe::decode<Format>(reference{}, back.data(), expected.at(), count);
    moe::decode<Format>(reference{}, narrow.data(), expected.at(), count);
    for (int i = 0; i < count; i += 101) {
        const auto code = moe::storage<Format>::get(expected.at(), i);
        const float wide = code, of_narrow = narrow[std::size_t(i)];
        CHECK(std::bit_cast<unsigned>(back[std::size_t(i)]) == std::bit_cast<unsigned>(wide));
        CHECK(std::bit_cast<unsigned>(of_narrow) == std::bit_cast<unsigned>(wide));
    }
    test::on_every_isa(1, [&](auto on) {
        const typename decltype(on)::instructions isa;
        codes<Format> got(count);
        moe::encode<Format>(isa, got.at(), value.data(), count);
        CHECK(got == expected);
        std::vector<float> wide(value.size());
        moe::decode<Format>(isa, wide.data(), got.at(), count);
        CHECK(std::memcmp(wide.data(), back.data(), 4 * wide.size()) == 0);
        std::vector<bfloat16> half(value.size());
        moe::decode<Format>(isa, half.data(), got.at(), count);
        CHECK(std::memcmp(half.data(), narrow.data(), 2 * half.size()) == 0);
    });
}

template <class Format> void check_lengths() {
    for (int count = 0; count <= 150; ++count) {
        std::vector<float> value(std::size_t(count), 0);
        for (int i = 0; i < count; ++i)
            value[std::size_t(i)] = moe::random_normal(unsigned(count), 1, unsigned(i));
        codes<Format> expected(count);
        moe::encode<Format>(reference{}, expected.at(), value.data(), count);
        test::on_every_isa(1, [&](auto on) {
            const typename decltype(on)::instructions isa;
            codes<Format> got(count);
            moe::encode<Format>(isa, got.at(), value.data(), count);
            CHECK(got == expected);
            std::vector<float> wide(std::size_t(count + 1), -7), known = wide;
            moe::decode<Format>(isa, wide.data(), got.at(), count);
            moe::decode<Format>(reference{}, known.data(), got.at(), count);
            CHECK(wide == known);
            std::vector<bfloat16> half(std::size_t(count + 1), bfloat16(-7));
            moe::decode<Format>(isa, half.data(), got.at(), count);
            for (int i = 0; i <= count; ++i)
                CHECK(float(half[std::size_t(i)]) == known[std::size_t(i)]);
        });
    }
}

TEST_CASE_TEMPLATE("every instruction set encodes and decodes to the same bits", F, bfloat16, e4m3,
                   e5m2, e5m6) {
    check_format<F>();
}
TEST_CASE_TEMPLATE("arrays of any length, and nothing around them", F, bfloat16, e4m3, e5m2, e5m6) {
    check_lengths<F>();
}

template <class Format> void check_stochastic() {
    auto value = difficult<Format>();
    value.resize(value.size() / 16 * 16);
    for (const std::uint32_t edge : {0U, 1U, 2U}) {
        test::on_every_isa(1, [&](auto on) {
            using isa = typename decltype(on)::instructions;
            int wrong = 0;
            for (std::size_t i = 0; i < value.size(); i += 16) {
                float random[16], got[16];
                for (std::size_t k = 0; k < 16; ++k) {
                    const auto bits = std::uint32_t(moe::random_bits(edge, 3, i + k));
                    random[k] = std::bit_cast<float>(edge == 0 ? bits : edge == 1 ? 0U : ~0U);
                }
                const auto x = moe::lanes<isa>::load(&value[i]);
                const auto words = moe::words<isa>::of(moe::lanes<isa>::load(random));
                moe::encode_stochastically<Format>(x, words).floats().store(got);
                for (std::size_t k = 0; k < 16; ++k)
                    wrong += std::bit_cast<unsigned>(got[k]) !=
                             moe::round_stochastically<Format>(value[i + k],
                                                               std::bit_cast<unsigned>(random[k]))
                                 .bits;
            }
            CHECK(wrong == 0);
        });
    }
}
TEST_CASE_TEMPLATE("stochastic rounding has the specification's bits", F, bfloat16, e4m3, e5m2,
                   e5m6) {
    check_stochastic<F>();
}

TEST_CASE("all codes of a byte, by table, too") {
    std::vector<e4m3> all(256);
    for (unsigned i = 0; i < 256; ++i) all[i] = e4m3::from_bits(std::uint8_t(i));
    test::on_every_isa(1, [&](auto on) {
        std::vector<bfloat16> value(256);
        moe::decode<e4m3>(typename decltype(on)::instructions{}, value.data(), all.data(), 256);
        for (unsigned i = 0; i < 256; ++i) CHECK(value[i].bits == bfloat16(float(all[i])).bits);
    });
}

}  // namespace
