// SPDX-License-Identifier: MIT
// The policies moe::pi_fp8 and moe::pi_lean: products as moe::fp8 has them, and nothing in memory
// beside. A weight that only products read is its own e4m3 code, in blocks of 128 x 128 with a
// power of two, and a remainder (precision/remainder.hpp); its gradient bfloat16, its moments a
// byte each. pi_fp8 has remainders of 16 bits: 7.125 bytes a parameter. pi_lean has 8, rounded
// stochastically, because the nearest of them loses updates at the end of a run: 6.125 bytes.
#pragma once

#include <moe/precision/fp8.hpp>
#include <moe/precision/pi.hpp>

namespace moe {

struct pi_fp8 {
    using weight = e4m3;
    using high_weight = bfloat16;  // of what stays high but is no router and no norm
    using activation = bfloat16;
    using master = float;
    using moment = float;
    using precise = float;
    static constexpr const char* name = "pi_fp8";

    number_format gradients = number_format::bf16;

    int remainder = 16;  // bits of a weight behind e4m3: 8, 16, or 0 for none
    moe::rounding rounding = moe::rounding::nearest;  // of the remainder or, without, of the weight
    int moment_group = 32;  // neighbours that share a scale; 0: moments in FP32

    // As in moe::fp8.
    int tile = 128;
    int high_first_layers = 0, high_last_layers = 0;
    number_format attention_output = number_format::e5m6;
    bool recompute_norms = true;

    constexpr void each(auto visit) const {
        visit("gradients", gradients);
        visit("remainder", remainder);
        visit("rounding", rounding);
        visit("moment_group", moment_group);
        visit("tile", tile);
        visit("high_first_layers", high_first_layers);
        visit("high_last_layers", high_last_layers);
        visit("attention_output", attention_output);
        visit("recompute_norms", recompute_norms);
    }
};

struct pi_lean : pi_fp8 {
    static constexpr const char* name = "pi_lean";
    constexpr pi_lean() : pi_fp8{.remainder = 8, .rounding = moe::rounding::stochastic} {}
};

static_assert(precision_policy<pi_fp8> && precision_policy<pi_lean>);

}  // namespace moe
