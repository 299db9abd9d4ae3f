// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/emulator/memory.hpp>

namespace {

using namespace moe::emulator;

TEST_CASE("an address belongs to the buffer that holds all of its bytes") {
    float x[8] = {}, y[4] = {};
    memory all;
    all.input("x", x, 8).output("y", y, 4);
    CHECK(all.find(x, 4)->name == std::string("x"));
    CHECK(all.find(y + 3, 4)->name == std::string("y"));
    CHECK(all.find(x + 7, 4)->offset(x + 7) == 28);
    CHECK(all.find(x + 7, 8) == nullptr);
    CHECK(all.find(x + 8, 1) != all.find(x, 1));
    CHECK(all.find(reinterpret_cast<std::byte*>(x) - 1, 2) == nullptr);
    CHECK(all.find(nullptr, 4) == nullptr);
}

TEST_CASE("only what is both has something in it at first and may be written") {
    float x[2] = {}, y[2] = {}, z[2] = {};
    memory all;
    all.input("x", x, 2).output("y", y, 2).both("z", z, 2);
    CHECK(all.find(x, 4)->is_input());
    CHECK(!all.find(y, 4)->seen.is_written(0, 4));
    CHECK(all.find(z, 4)->seen.is_written(0, 8));
}

}  // namespace
