// SPDX-License-Identifier: MIT
// The main job without balance, and with each way to move the selection biases: what an even load
// costs, and what it brings.
#pragma once

#include <examples/domains.hpp>

struct balance_none : domains {
    moe::bias_balance balance{.rate = 0, .sequence_loss = 0};
};
struct balance_sign : domains {
    moe::bias_balance balance{.rate = 2e-2, .sequence_loss = 2e-3};
};
struct balance_proportional : domains {
    moe::bias_balance balance{.rate = 2e-2, .sequence_loss = 2e-3, .proportional = true};
};
