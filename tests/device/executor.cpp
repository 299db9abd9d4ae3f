// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/executor.hpp>

TEST_CASE("an executor has the threads asked for, and one a core when none are") {
    using cpu = moe::cpu_on<moe::isa::native>;
    moe::executor<cpu> three(3);
    CHECK(three.threads() == 3);
    CHECK(three.on().threads() == 3);
    CHECK(moe::executor<cpu>(0).threads() == int(std::thread::hardware_concurrency()));
    CHECK(moe::executor<moe::reference>(8).threads() == 1);
}
