// SPDX-License-Identifier: MIT
// expect: moe: a field of a policy must be a number, a truth value, an enumerator, a text or a
// struct of these.
#include <moe/recipe/print.hpp>
#include "nano.hpp"

struct own_mesh {
    static constexpr bool is_mesh = true;
    int sizes[2] = {1, 1};
    constexpr void each(auto visit) const { visit("sizes", sizes); }
};
struct wrong : nano {
    own_mesh parallel{};
};
void show() {
    moe::print<wrong>([](const moe::recipe_field&) {});
}
