// SPDX-License-Identifier: MIT
// expect: moe: a recipe is a struct, passed by its type.
#include "nano.hpp"

static_assert(moe::checked<const nano>());
