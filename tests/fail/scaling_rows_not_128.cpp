// SPDX-License-Identifier: MIT
// expect: moe: the rows (outputs) of this matrix must be a multiple of 128
#include <moe/precision/scaling.hpp>

static_assert(moe::tiled_exactly<moe::block_128x128<>, 192, 256>());
