// SPDX-License-Identifier: MIT
// expect: moe: the device in slot 'device' does not compute in the precision of slot 'precision'.
#include "nano.hpp"

struct wrong : nano {
    moe::bf16 precision{};
    moe::reference device{};
};
static_assert(moe::checked<wrong>());
