// SPDX-License-Identifier: MIT
// expect: moe: the device in slot 'device' does not compute in the precision of slot 'precision'.
#include "coded.hpp"

struct wrong : coded {
    moe::reference device{};
};
static_assert(moe::checked<wrong>());
