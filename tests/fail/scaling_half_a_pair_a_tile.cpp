// SPDX-License-Identifier: MIT
// expect: moe: a tile must hold whole elements of a packed format
#include <moe/precision/scaling.hpp>

moe::quantised<moe::e5m6, moe::tiles<1, 5>> wrong;
