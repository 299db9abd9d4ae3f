// SPDX-License-Identifier: MIT
// expect: moe: the rows (outputs) of this matrix must be a multiple of the rows of its scaling's
// tiles
#include <moe/precision/scaling.hpp>

static_assert(moe::tiled_exactly<moe::tiles<64, 16>, 96, 64>());
