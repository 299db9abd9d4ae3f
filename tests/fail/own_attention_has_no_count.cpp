// SPDX-License-Identifier: MIT
// expect: moe: slot 'attention' must hold an attention policy (moe::attention_policy):
#include "nano.hpp"

struct own_attention {
    int heads = 4;
    constexpr int key_size() const { return 32; }
    constexpr int value_size() const { return 32; }
    constexpr int cache_size() const { return 256; }
};
struct wrong : nano {
    own_attention attention{};
};
static_assert(moe::checked<wrong>());
