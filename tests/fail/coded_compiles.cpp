// SPDX-License-Identifier: MIT
// expect: nothing
#include "coded.hpp"

static_assert(moe::checked<coded>());
