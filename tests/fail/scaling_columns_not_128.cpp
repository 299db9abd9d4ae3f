// SPDX-License-Identifier: MIT
// expect: moe: the columns (inputs) of this matrix must be a multiple of 128
#include <moe/precision/scaling.hpp>

static_assert(moe::tiled_exactly<moe::tile_1x128<>, moe::entire, 192>());
