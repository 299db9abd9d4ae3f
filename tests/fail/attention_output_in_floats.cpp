// SPDX-License-Identifier: MIT
// expect: moe: precision.attention_output must be e5m6 or bf16.
#include "coded.hpp"

struct wrong : coded {
    moe::fp8 precision{.attention_output = moe::number_format::fp32};
};
static_assert(moe::checked<wrong>());
