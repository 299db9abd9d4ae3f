// SPDX-License-Identifier: MIT
// expect: no matching function for call to
#include <moe/precision/scaling.hpp>

template <class Format> void read(moe::quantised<Format, moe::tile_128x1<>>);
void wrong(moe::quantised<moe::e4m3, moe::tile_1x128<>> q) { read(q); }
