// SPDX-License-Identifier: MIT
// A right recipe whose weights are e4m3.
#pragma once

#include "nano.hpp"

#include <moe/precision/fp8.hpp>
#include <moe/precision/pi_fp8.hpp>

struct coded : nano {
    moe::mla attention{.heads = 4, .kv_rank = 128, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
    moe::fp8 precision{};
};
