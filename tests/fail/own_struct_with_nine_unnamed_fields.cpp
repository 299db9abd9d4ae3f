// SPDX-License-Identifier: MIT
// expect: moe: a policy with more than 8 fields must name them.
#include <moe/recipe/print.hpp>
#include "nano.hpp"

struct nine {
    int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9;
};
struct own_mesh {
    static constexpr bool is_mesh = true;
    nine axes{};
};
struct wrong : nano {
    own_mesh parallel{};
};
void show() {
    moe::print<wrong>([](const moe::recipe_field&) {});
}
