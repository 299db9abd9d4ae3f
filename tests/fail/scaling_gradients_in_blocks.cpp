// SPDX-License-Identifier: MIT
// expect: moe: gradients of activations must not share scales in blocks of tokens and channels
#include <moe/precision/scaling.hpp>

using wrong = moe::operand_scalings<moe::tile_1x128<>, moe::block_128x128<>, moe::block_128x128<>>;
static_assert(sizeof(wrong) > 0);
