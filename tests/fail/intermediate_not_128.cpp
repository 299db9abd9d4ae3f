// SPDX-License-Identifier: MIT
// expect: moe: ffn.intermediate must be a multiple of 128
#include "coded.hpp"

struct wrong : coded {
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 64};
};
static_assert(moe::checked<wrong>());
