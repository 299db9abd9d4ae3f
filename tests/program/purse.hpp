// SPDX-License-Identifier: MIT
// Nearly pocket's recipe: what the one trained, the other refuses. It has room for pieces of words,
// no Hugging Face class has grouped queries with sigmoid affinities, and it computes in BF16.
#pragma once

#include "pocket.hpp"

struct purse : pocket {
    moe::transformer model{.vocab = 320, .context = 32, .layers = 2, .hidden = 32};
    moe::bf16 precision{};
    moe::gqa attention{.heads = 4, .kv_heads = 2, .head_dim = 8};
};
