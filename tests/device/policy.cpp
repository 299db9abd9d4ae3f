// SPDX-License-Identifier: MIT
#include <moe/device/cpu.hpp>
#include <moe/device/policy.hpp>
#include <moe/precision/fp32.hpp>

#include <doctest/doctest.h>

#include <type_traits>

TEST_CASE("a device names the first argument of its ops") {
    CHECK(std::is_same_v<moe::cpu::on, moe::cpu_on<moe::isa::native>>);
    CHECK(std::is_same_v<moe::reference::on, moe::reference>);
    CHECK(moe::device_policy<moe::cpu>);
    CHECK(moe::device_policy<moe::reference>);
    CHECK_FALSE(moe::device_policy<moe::fp32>);
}

TEST_CASE("the CPU's bodies are written for float, the reference for every number") {
    CHECK(moe::cpu::computes<moe::fp32>);
    CHECK_FALSE(moe::cpu::computes<moe::fp64>);
}
