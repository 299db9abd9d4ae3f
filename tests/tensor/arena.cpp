// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/tensor/arena.hpp>

#include <vector>

namespace {
struct placed {
    float *first, *second, *third;
    moe::rows<double> last;
};
placed place(moe::arena& memory) {
    placed p{};
    p.first = memory.take<float>(3);
    memory.overlap([&] { p.second = memory.take<float>(100); },
                   [&] { p.third = memory.take<float>(7); });
    p.last = memory.take_rows<double>(2, 5);
    return p;
}
}  // namespace

TEST_CASE("an arena without memory counts what one with memory hands out") {
    moe::arena counts;
    place(counts);
    CHECK(counts.counts_only());
    CHECK(counts.bytes() == 64 + 448 + 128);

    alignas(64) static std::byte memory[640];
    moe::arena real(memory, sizeof memory);
    const placed p = place(real);
    CHECK(real.bytes() == counts.bytes());
    CHECK(reinterpret_cast<std::byte*>(p.first) == memory);
    // What is never alive together shares its bytes; what follows begins behind the longest.
    CHECK(p.second == p.third);
    CHECK(reinterpret_cast<std::byte*>(p.last.at) == memory + 64 + 448);
    for (const void* at :
         {static_cast<void*>(p.first), static_cast<void*>(p.second), static_cast<void*>(p.last.at)})
        CHECK(reinterpret_cast<std::uintptr_t>(at) % moe::arena::alignment == 0);
}

TEST_CASE("nothing takes no room, and overlaps can be nested") {
    moe::arena counts;
    counts.take<float>(0);
    CHECK(counts.bytes() == 0);
    counts.overlap(
        [&] { counts.take<char>(64); },
        [&] { counts.overlap([&] { counts.take<char>(192); }, [&] { counts.take<char>(128); }); });
    counts.take<char>(1);
    CHECK(counts.bytes() == 256);
}
