// SPDX-License-Identifier: MIT
// expect: no matching function for call to
#include <moe/precision/scaling.hpp>

using by_row = moe::tile_1x128<moe::fp32_scale>;
using by_column = moe::tile_1x128<moe::fp32_scale, moe::scales_by_column>;

template <class Format> void read(moe::quantised<Format, by_column>);
void wrong(moe::quantised<moe::e4m3, by_row> q) { read(q); }
