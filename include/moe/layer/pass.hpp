// SPDX-License-Identifier: MIT
// What the layers of one pass share: its shape, and numbers that only flow through.
#pragma once

#include <moe/op/rope.hpp>
#include <moe/routing/route.hpp>

namespace moe {

// A grain in flight: whole sequences of one length.
struct batch_shape {
    int sequences = 0, length = 0;

    constexpr int tokens() const { return sequences * length; }
};

template <class Precise> struct pass {
    batch_shape shape;
    int position = 0;            // of the first token: what a cache holds already (one sequence)
    op::rotary<Precise> angles;  // cosines and sines for every position of the context
    routed_text text;            // for routers that ask which token it is
    double sequence_share = 0;   // weight of one sequence's balance loss: 1 / sequences of a batch

    int tokens() const { return shape.tokens(); }
};

}  // namespace moe
