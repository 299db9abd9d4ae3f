// SPDX-License-Identifier: MIT
// The dotted name of a parameter, built piece by piece without allocating: optimizer and checkpoint
// visit all parameters by name, the first in every step.
#pragma once

#include <moe/core/check.hpp>

#include <string_view>

namespace moe {

class name {
public:
    constexpr name() = default;
    constexpr name(std::string_view text) { append(text); }
    constexpr name(const char* text) { append(text); }

    constexpr std::string_view text() const { return {letters_, std::size_t(size_)}; }
    constexpr operator std::string_view() const { return text(); }

    // This name with a piece behind it: name("model.layers.").with(3).with(".mlp")
    constexpr name with(std::string_view piece) const {
        name longer = *this;
        longer.append(piece);
        return longer;
    }
    constexpr name with(int number) const {
        char digits[12];
        int at = 12;
        do digits[--at] = char('0' + number % 10);
        while ((number /= 10) > 0);
        return with(std::string_view(digits + at, std::size_t(12 - at)));
    }
    // The name of one of a stack of tensors: the star is replaced by its index.
    constexpr name member(int index) const {
        const std::size_t star = text().find('*');
        if (star == std::string_view::npos) return *this;
        return name(text().substr(0, star)).with(index).with(text().substr(star + 1));
    }

private:
    constexpr void append(std::string_view piece) {
        MOE_CHECK(size_ + int(piece.size()), <=, capacity);
        for (const char letter : piece) letters_[size_++] = letter;
    }

    static constexpr int capacity = 124;
    char letters_[capacity] = {};
    int size_ = 0;
};

}  // namespace moe
