// SPDX-License-Identifier: MIT
// expect: moe: ffn.routed (and shared) times twice ffn.intermediate,
#include "nano.hpp"

struct wrong : nano {
    moe::experts ffn{.routed = 1048576, .intermediate = 2048};
};
static_assert(moe::checked<wrong>());
