// SPDX-License-Identifier: MIT
// The policy moe::fp8, DeepSeek-V3's recipe (technical report, 2024, section 3.3): linear layers
// multiply e4m3 by e4m3 in all three products and sum in FP32. Activations and gradients share
// scales in tiles of 128 numbers along the summed index, weights in blocks of 128 x 128; scales are
// powers of two. Embedding, head, router, norms, the core of attention and the sum over experts
// stay in bfloat16 or FP32, master weights, gradients and moments in FP32.
#pragma once

#include <moe/precision/bf16.hpp>
#include <moe/precision/small_float.hpp>

namespace moe {

// Resident copies of a weight: the FP32 master and one or two packed in e4m3, a byte each. With one
// copy the product for the input's gradient turns it over panel by panel.
struct fp8 {
    using weight = e4m3;
    using high_weight = bfloat16;  // of what stays high but is no router and no norm
    using activation = bfloat16;
    using master = float;
    using moment = float;
    using precise = float;
    static constexpr const char* name = "fp8";

    // Sums over a grain are rounded once to this format, and at every node of the tree over grains.
    number_format gradients = number_format::fp32;

    int copies = 1;  // resident in e4m3: 1 or 2

    // Neighbours of a forward activation that share a scale: 128 or 32.
    int tile = 128;

    // Layers from the first and from the last on whose products stay in bfloat16.
    int high_first_layers = 0, high_last_layers = 0;

    // What the way back keeps of the input of the projection after attention: e5m6 or bf16.
    number_format attention_output = number_format::e5m6;

    // The way back computes norms again, instead of keeping what they gave in bfloat16.
    bool recompute_norms = true;

    constexpr void each(auto visit) const {
        visit("gradients", gradients);
        visit("copies", copies);
        visit("tile", tile);
        visit("high_first_layers", high_first_layers);
        visit("high_last_layers", high_last_layers);
        visit("attention_output", attention_output);
        visit("recompute_norms", recompute_norms);
    }
};

static_assert(precision_policy<fp8>);

}  // namespace moe
