// SPDX-License-Identifier: MIT
// What a general compressor makes of a text, to see what a trained model is worth.
#pragma once

#include <string_view>

namespace moe {

// Bits per byte of 'gzip -9'. NaN for an empty text, or where zlib is not compiled in
// (MOE_HAS_ZLIB).
double gzip_bits_per_byte(std::string_view text);

}  // namespace moe
