// SPDX-License-Identifier: MIT
// The definitions of gzip.hpp, compiled once. Needs zlib.
#pragma once

#include <moe/app/gzip.hpp>

#include <limits>
#include <vector>

#if defined(MOE_HAS_ZLIB)
#include <zlib.h>
#endif

namespace moe {

double gzip_bits_per_byte([[maybe_unused]] std::string_view text) {
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
#if defined(MOE_HAS_ZLIB)
    if (text.empty()) return unknown;
    // zlib wraps the same deflate stream in 6 bytes where gzip without a name takes 18.
    constexpr double gzip_wrapping = 12;
    uLongf bytes = compressBound(uLong(text.size()));
    std::vector<Bytef> packed(bytes);
    if (compress2(packed.data(), &bytes, reinterpret_cast<const Bytef*>(text.data()),
                  uLong(text.size()), 9) != Z_OK)
        return unknown;
    return (double(bytes) + gzip_wrapping) * 8 / double(text.size());
#else
    return unknown;
#endif
}

}  // namespace moe
