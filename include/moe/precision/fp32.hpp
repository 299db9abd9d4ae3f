// SPDX-License-Identifier: MIT
// What a precision policy says, and the simplest one. A policy for the slot 'precision' names the
// number types of each role; everything else follows from them. Gradients are of the masters' type
// unless a field 'gradients' names another format.
#pragma once

#include <concepts>
#include <cstdint>

namespace moe {

template <class Policy>
concept precision_policy = requires {
    typename Policy::weight;      // what a GEMM reads of a weight
    typename Policy::activation;  // what layers hand to each other
    typename Policy::master;      // what the optimizer keeps and updates
    typename Policy::moment;      // both moments of the optimizer
    typename Policy::precise;     // router, norms, softmax and loss
    { Policy::name } -> std::convertible_to<const char*>;
};

// FP32 everywhere. Resident copies of a weight: the master, row-major, which the product for dX
// reads in place, and on the CPU one packed for the forward product.
struct fp32 {
    using weight = float;
    using activation = float;
    using master = float;
    using moment = float;
    using precise = float;
    static constexpr const char* name = "fp32";
};

// FP64 everywhere: for gradient checks on the reference device.
struct fp64 {
    using weight = double;
    using activation = double;
    using master = double;
    using moment = double;
    using precise = double;
    static constexpr const char* name = "fp64";
};

static_assert(precision_policy<fp32> && precision_policy<fp64>);

}  // namespace moe
