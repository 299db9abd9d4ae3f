// SPDX-License-Identifier: MIT
// expect: moe: the columns (inputs) of this matrix must be a multiple of the columns of its
// scaling's
#include <moe/precision/scaling.hpp>

static_assert(moe::tiled_exactly<moe::tiles<1, 16>, 1, 40>());
