// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/kernel.hpp>

namespace {

using namespace moe;

// Vector loads need the alignment; offsets count elements, as pointers do.
static_assert(sizeof(registers<4>) == 16 && alignof(registers<4>) == 16 &&
              alignof(registers<2>) == 8);
static_assert((shared<float>{8} + 3).offset == 20);
static_assert((shared<registers<4>>{32} + 2).offset == 64);

TEST_CASE("an offset in shared memory moves by elements, back, too") {
    CHECK((shared<std::uint16_t>{64} + -3).offset == 58);
}

}  // namespace
