// SPDX-License-Identifier: MIT
// Memory for a quantised matrix.
#pragma once

#include <moe/precision/scaling.hpp>

#include <cstring>
#include <vector>

namespace test {

using moe::elements_of, moe::quantised, moe::stored;

// Owns a quantised matrix, with marks behind its rows and scales.
template <class Format, class Scaling> struct codes {
    static constexpr int gap = 2;
    int count, width;
    std::vector<stored<Format>> code;
    std::vector<typename Scaling::number> scale;

    codes(int count, int width) : count(count), width(width) {
        code.resize(std::size_t(count * stride() + gap));
        scale.resize(std::size_t(Scaling::scales(count, width) + gap));
        if (!code.empty())
            std::memset(static_cast<void*>(code.data()), 0xA5, code.size() * sizeof code[0]);
        std::memset(static_cast<void*>(scale.data()), 0xA5, scale.size() * sizeof scale[0]);
    }
    int stride() const { return elements_of<Format>(width) + gap; }
    quantised<Format, Scaling> view() {
        return {{code.data(), count, elements_of<Format>(width), stride()}, scale.data(), width};
    }
    friend bool operator==(const codes& a, const codes& b) {
        return std::memcmp(a.code.data(), b.code.data(), a.code.size() * sizeof a.code[0]) == 0 &&
               std::memcmp(a.scale.data(), b.scale.data(), a.scale.size() * sizeof a.scale[0]) == 0;
    }
};

}  // namespace test
