// SPDX-License-Identifier: MIT
// expect: moe: growing looks at what the layers read
#include "nano.hpp"

// A precision that computes its norms again on the way back instead of keeping them.
struct forgetful {
    using weight = float;
    using activation = float;
    using master = float;
    using moment = float;
    using precise = float;
    static constexpr const char* name = "forgetful";
    bool recompute_norms = true;
};
struct base : nano {
    forgetful precision{};
};
struct wrong : base {
    using grows = base;
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256, .slot = 1};
};
static_assert(moe::checked<wrong>());
