// SPDX-License-Identifier: MIT
// The policy moe::pi: everything that stays in memory in few bits, products in bfloat16. A weight
// that only products read is a bfloat16 number and an 8-bit remainder (precision/remainder.hpp),
// its gradient bfloat16, its two moments a byte each in groups of 32 (precision/companding.hpp):
//     2 + 1 + 2 + 1 + 1 + 2 * 2 / 32 = 7.125 bytes a parameter
// where moe::bf16 has 16 to 20. Products turn the rows of a weight over panel by panel; no packed
// copy is resident. Embedding, head, router and norms are held as moe::bf16 holds them.
// Master weight in two parts: FlashOptim, 2026; moments: the same, and Dettmers et al., "8-bit
// optimizers via block-wise quantization", 2022.
#pragma once

#include <moe/precision/bf16.hpp>

namespace moe {

// How numbers that do not fit a format are rounded: to the nearest, or up with the probability that
// the rest says, from (seed, step, tensor, element) alone.
enum class rounding : std::uint8_t { nearest, stochastic };

struct pi {
    using weight = bfloat16;
    using activation = bfloat16;
    using master = float;
    using moment = float;
    using precise = float;
    static constexpr const char* name = "pi";

    number_format gradients = number_format::bf16;

    int remainder = 8;  // bits of a weight behind bfloat16: 8, 16, or 0 for none
    moe::rounding rounding = moe::rounding::nearest;  // of the remainder or, without, of the weight
    int moment_group = 32;  // neighbours that share a scale; 0: moments in FP32

    // What the way back keeps of gate and up of experts, and what it computes again: h always, the
    // outputs of norms if asked for.
    number_format cached = number_format::e4m3;  // or bf16, which keeps h too
    bool recompute_norms = true;

    constexpr void each(auto visit) const {
        visit("gradients", gradients);
        visit("remainder", remainder);
        visit("rounding", rounding);
        visit("moment_group", moment_group);
        visit("cached", cached);
        visit("recompute_norms", recompute_norms);
    }
};

static_assert(precision_policy<pi>);

}  // namespace moe
