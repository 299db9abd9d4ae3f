// SPDX-License-Identifier: MIT
// expect: moe: the policy in slot 'attention' must have a key_size() and a value_size() of at
// least 1.
#include "nano.hpp"

#include <cstdint>

struct own_attention {
    int heads = 4, size = 0;
    constexpr int key_size() const { return size; }
    constexpr int value_size() const { return size; }
    constexpr int cache_size() const { return 2 * heads * size; }
    constexpr std::int64_t parameters(int hidden) const {
        return std::int64_t{4} * hidden * heads * size;
    }
};
struct wrong : nano {
    own_attention attention{};
};
static_assert(moe::checked<wrong>());
