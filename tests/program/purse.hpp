// SPDX-License-Identifier: MIT
// Nearly pocket's recipe: what the one trained, the other refuses. It has room for pieces of words,
// and no Hugging Face class has grouped queries with sigmoid affinities.
#pragma once

#include "pocket.hpp"

struct purse : pocket {
    moe::transformer model{.vocab = 320, .context = 32, .layers = 2, .hidden = 32};
    moe::gqa attention{.heads = 4, .kv_heads = 2, .head_dim = 8};
};
