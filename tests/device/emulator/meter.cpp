// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/emulator/meter.hpp>

namespace {

using namespace moe::emulator;

struct lanes {
    std::uint64_t at[32];
    explicit lanes(auto&& address) {
        for (int l = 0; l < 32; ++l) at[l] = std::uint64_t(address(l));
    }
};
constexpr std::uint32_t all = ~0U;

TEST_CASE("banks: a stride of 32 words is the worst, the same word costs nothing") {
    CHECK(wavefronts(lanes([](int l) { return 4 * l; }).at, all, 4) == 1);
    CHECK(wavefronts(lanes([](int l) { return 8 * l; }).at, all, 4) == 2);
    CHECK(wavefronts(lanes([](int l) { return 128 * l; }).at, all, 4) == 32);
    CHECK(wavefronts(lanes([](int) { return 64; }).at, all, 4) == 1);
    CHECK(wavefronts(lanes([](int l) { return 2 * l; }).at, all, 2) == 1);
    CHECK(wavefronts(lanes([](int l) { return 132 * l; }).at, all, 4) == 1);
    CHECK(wavefronts(lanes([](int l) { return 128 * l; }).at, 0x11, 4) == 2);
    CHECK(wavefronts(lanes([](int l) { return 4 * l; }).at, 0, 4) == 0);
}

TEST_CASE("banks: wide accesses go by halves and quarters of the warp") {
    CHECK(wavefronts(lanes([](int l) { return 8 * l; }).at, all, 8) == 2);
    CHECK(wavefronts(lanes([](int l) { return 16 * l; }).at, all, 16) == 4);
    // Rows of 64 bytes, as a tile of depth 32 without a swizzle has them: two rows a line.
    CHECK(wavefronts(lanes([](int l) { return 64 * l; }).at, all, 16) == 16);
}

TEST_CASE("sectors: what lies together is fetched once") {
    CHECK(sectors(lanes([](int l) { return 4 * l; }).at, all, 4) == 4);
    CHECK(sectors(lanes([](int l) { return 4 * l + 16; }).at, all, 4) == 5);
    CHECK(sectors(lanes([](int l) { return 1024 * l; }).at, all, 4) == 32);
    CHECK(sectors(lanes([](int) { return 8; }).at, all, 4) == 1);
    CHECK(sectors(lanes([](int l) { return 16 * l; }).at, all, 16) == 16);
}

TEST_CASE("the k-th accesses of all lanes belong together, whoever runs ahead") {
    meter m;
    traffic t;
    for (int l = 0; l < 32; ++l)  // one lane after the other, each twice
        for (int k = 0; k < 2; ++k) m.note(l, std::uint64_t(k == 0 ? 4 * l : 128 * l), 4, true, t);
    CHECK(t.requests == 2);
    CHECK(t.wavefronts == 33);
    CHECK(t.fewest == 2);
    m.note(3, 0, 4, true, t);
    CHECK(t.requests == 2);
    m.finish(t);
    CHECK(t.requests == 3);
}

}  // namespace
