// SPDX-License-Identifier: MIT
// A layer with a name before the names of its parameters: named<"self_attn", attention>.
#pragma once

#include <moe/layer/types.hpp>

#include <cstddef>

namespace moe {

// A string literal as a template argument.
template <std::size_t Size> struct literal {
    char letters[Size];
    constexpr literal(const char (&text)[Size]) {
        for (std::size_t i = 0; i < Size; ++i) letters[i] = text[i];
    }
    constexpr std::string_view text() const { return {letters, Size - 1}; }
};

template <literal Name, class Layer> struct named : Layer {
    template <template <spec> class Slot> struct state : Layer::template state<Slot> {
        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            Layer::template state<Slot>::each(prefix.with(Name.text()).with("."), visit, s...);
        }
    };
};

}  // namespace moe
