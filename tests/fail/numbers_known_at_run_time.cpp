// SPDX-License-Identifier: MIT
// expect: moe: the recipe's numbers must be known when the program is compiled.
#include "nano.hpp"

int read_from_a_file();
struct wrong : nano {
    moe::transformer model{
        .vocab = 256, .context = 256, .layers = read_from_a_file(), .hidden = 256};
};
static_assert(moe::checked<wrong>());
