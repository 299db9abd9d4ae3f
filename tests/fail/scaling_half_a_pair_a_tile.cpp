// SPDX-License-Identifier: MIT
// expect: moe: the columns of a tile must be 1, 'entire' or even
#include <moe/precision/scaling.hpp>

static_assert(moe::tiles<1, 5>::columns == 5);
