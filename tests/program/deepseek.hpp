// SPDX-License-Identifier: MIT
// A recipe that no machine here holds: it compiles, and it can be described.
#pragma once

#include "../support/deepseek.hpp"

#include <moe/moe.hpp>

struct deepseek : test::deepseek_v3 {};
