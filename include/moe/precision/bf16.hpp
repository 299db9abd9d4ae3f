// SPDX-License-Identifier: MIT
// The policy moe::bf16: products of bfloat16 numbers summed in FP32. Weights and activations are
// bfloat16 where a GEMM reads them; master weights, moments, router, norms, softmax and loss are
// FP32. Micikevicius et al., "Mixed precision training", 2018; Kalamkar et al., "A study of
// BFLOAT16 for deep learning training", 2019.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/precision/fp32.hpp>

#include <cstdint>
#include <string_view>

namespace moe {

// Number formats that a field of a policy can name.
enum class number_format : std::uint8_t { fp32, bf16, e5m6, e4m3 };
constexpr std::string_view text_of(number_format f) {
    constexpr std::string_view names[] = {"fp32", "bf16", "e5m6", "e4m3"};
    return names[int(f)];
}

// Resident copies of a weight: the FP32 master and, for each of the two products that read it, one
// packed in bfloat16: 4 + 2 + 2 bytes, with gradient and moments 20 a parameter. With one copy,
// which one of the products then turns over panel by panel, and gradients in bfloat16: 16.
struct bf16 {
    using weight = bfloat16;
    using activation = bfloat16;
    using master = float;
    using moment = float;
    using precise = float;
    static constexpr const char* name = "bf16";

    // Sums over a grain are rounded once to this format, and at every node of the tree over grains.
    number_format gradients = number_format::fp32;

    int copies = 2;  // resident in bfloat16: 1 or 2

    constexpr void each(auto visit) const {
        visit("gradients", gradients);
        visit("copies", copies);
    }
};

static_assert(precision_policy<bf16>);

}  // namespace moe
