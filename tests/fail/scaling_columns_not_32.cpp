// SPDX-License-Identifier: MIT
// expect: moe: the columns (inputs) of this matrix must be a multiple of 32
#include <moe/precision/scaling.hpp>

static_assert(moe::tiled_exactly<moe::mx_1x32, moe::entire, 48>());
