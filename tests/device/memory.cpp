// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/memory.hpp>

TEST_CASE("memory is zeroed, aligned, and moves without a copy") {
    moe::memory one(5000);
    CHECK(one.bytes() == 8192);
    const char* at = static_cast<const char*>(one.at());
    CHECK(reinterpret_cast<std::uintptr_t>(at) % 4096 == 0);
    bool zero = true;
    for (std::size_t i = 0; i < one.bytes(); ++i) zero = zero && at[i] == 0;
    CHECK(zero);
    moe::memory other = std::move(one);
    CHECK(other.at() == at);
    CHECK(one.at() == nullptr);
    moe::arena place = other.as_arena();
    CHECK(reinterpret_cast<char*>(place.take<float>(1)) == at);
}

TEST_CASE("none is no memory, and too much is refused") {
    CHECK(moe::memory(0).at() == nullptr);
    CHECK(moe::memory().as_arena().counts_only());
    CHECK_THROWS_AS(moe::memory(std::size_t(1) << 60), std::bad_alloc);
}
