// SPDX-License-Identifier: MIT
// The recipe of tests/program by one rank, two and four; the four share the moments.
#pragma once

#include "tests/program/pocket.hpp"

struct solo : pocket {};
struct pair : pocket {
    moe::mesh parallel{.data = 2};
};
struct quartet : pocket {
    moe::mesh parallel{.data = 4, .zero = 1};
};
