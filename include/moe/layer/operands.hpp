// SPDX-License-Identifier: MIT
// What products read of their inputs, and what is kept of those for the way back: views of the
// numbers, or under a policy whose weights are e4m3 the numbers as codes. In the second case what a
// layer computes itself lies in bfloat16 in its work only, until 'end' has taken it over:
//     rows into = input.begin(tokens, work);
//     ...                                  // writes them
//     input.end(on, into);
//     op::linear(on, y, input.read(), w)   // now or on the way back
#pragma once

#include <moe/layer/types.hpp>

namespace moe {

template <class Recipe>
inline constexpr bool multiplies_e4m3 = std::is_same_v<typename precision_of<Recipe>::weight, e4m3>;

// Whether gate and up of experts are kept as codes of e4m3 until the way back.
template <class Recipe>
inline constexpr bool keeps_codes = multiplies_e4m3<Recipe> || [] {
    if constexpr (requires { of<Recipe>.precision.cached; })
        return of<Recipe>.precision.cached == number_format::e4m3;
    else
        return false;
}();

namespace detail {
template <class Recipe> consteval int numbers_a_scale() {
    if constexpr (requires { of<Recipe>.precision.tile; })
        return of<Recipe>.precision.tile;
    else
        return op::e4m3_tile;
}
}  // namespace detail

// Forward activations as codes.
template <class Recipe>
using activation_tiles = tiles<1, detail::numbers_a_scale<Recipe>(), ue8m0_scale>;
template <class Recipe, class Format = e4m3>
using coded_activations = quantised<Format, activation_tiles<Recipe>>;

template <class Recipe, class Format = e4m3>
coded_activations<Recipe, Format> take_codes(arena& memory, int count, int width) {
    using tiles_of = activation_tiles<Recipe>;
    const auto code = memory.take_rows<stored<Format>>(count, elements_of<Format>(width));
    return {code, memory.take<ue8m0>(tiles_of::scales(count, width)), width};
}
template <class Format, class Scaling>
quantised<const Format, Scaling> read_part(const quantised<Format, Scaling>& all, int count) {
    return quantised<const Format, Scaling>(op::detail::rows_of(all, 0, count));
}

// Numbers without memory of their own in 'work'.
template <class Recipe, int Width, bool Needed> struct passing_rows {
    activations<Recipe> all;

    void place(arena& memory, batch_shape shape) {
        if constexpr (Needed) all = memory.take_rows<activation_of<Recipe>>(shape.tokens(), Width);
    }
};

// An input that the caller owns and keeps alive.
template <class Recipe, int Width, bool Coded = multiplies_e4m3<Recipe>> struct given_input {
    // Products on the way back read the caller's own numbers.
    static constexpr bool keeps_view = true;
    read_activations<Recipe> x;

    void place(arena&, batch_shape) {}
    void take(auto, read_activations<Recipe> from) { x = from; }
    read_activations<Recipe> read() const { return x; }
    picked<activation_of<Recipe>> read(const int* index) const { return {x, index}; }
};
template <class Recipe, int Width> struct given_input<Recipe, Width, true> {
    static constexpr bool keeps_view = false;
    coded_activations<Recipe> codes;
    int count = 0;

    void place(arena& memory, batch_shape shape) {
        codes = take_codes<Recipe>(memory, shape.tokens(), Width);
    }
    void take(auto on, read_activations<Recipe> from) {
        count = from.count;
        op::quantise(on, op::detail::rows_of(codes, 0, count), from);
    }
    auto read(const int* index = nullptr) const {
        return op::e4m3_rows{read_part(codes, count), index};
    }
};

// An input that the layer computes.
template <class Recipe, int Width, bool Coded = multiplies_e4m3<Recipe>> struct computed_input {
    using work = passing_rows<Recipe, Width, false>;
    activations<Recipe> all;
    int count = 0;

    void place(arena& memory, batch_shape shape) {
        all = memory.take_rows<activation_of<Recipe>>(shape.tokens(), Width);
    }
    activations<Recipe> begin(int tokens, const work&) { return all.part(0, count = tokens); }
    void end(auto, read_activations<Recipe>) {}
    read_activations<Recipe> read() const { return all.part(0, count); }
};
template <class Recipe, int Width>
struct computed_input<Recipe, Width, true> : given_input<Recipe, Width, true> {
    using work = passing_rows<Recipe, Width, true>;

    activations<Recipe> begin(int tokens, const work& w) { return w.all.part(0, tokens); }
    void end(auto on, read_activations<Recipe> written) { this->take(on, written); }
};

// What attention gives: input of a projection, and on the way back also wanted as numbers.
template <class Recipe, int Width, bool Coded = multiplies_e4m3<Recipe>>
struct attention_output : computed_input<Recipe, Width, false> {
    using work = passing_rows<Recipe, Width, false>;

    read_activations<Recipe> now(read_activations<Recipe> written) const { return written; }
    read_activations<Recipe> again(auto, const work&) const { return this->read(); }
};
template <class Recipe, int Width> struct attention_output<Recipe, Width, true> {
    static constexpr bool narrow = of<Recipe>.precision.attention_output == number_format::e5m6;
    using work = passing_rows<Recipe, Width, narrow>;
    activations<Recipe> all;
    coded_activations<Recipe, e5m6> codes;
    int count = 0;

    void place(arena& memory, batch_shape shape) {
        if constexpr (narrow)
            codes = take_codes<Recipe, e5m6>(memory, shape.tokens(), Width);
        else
            all = memory.take_rows<bfloat16>(shape.tokens(), Width);
    }
    activations<Recipe> begin(int tokens, const work& w) {
        count = tokens;
        return (narrow ? w.all : all).part(0, tokens);
    }
    void end(auto on, read_activations<Recipe> written) {
        if constexpr (narrow) op::quantise(on, op::detail::rows_of(codes, 0, count), written);
    }
    // The forward product rounds the numbers themselves.
    auto now(read_activations<Recipe> written) const { return op::e4m3_rows{written}; }
    auto read() const {
        if constexpr (narrow)
            return op::e4m3_rows{read_part(codes, count)};
        else
            return op::e4m3_rows{read_activations<Recipe>(all.part(0, count))};
    }
    read_activations<Recipe> again(auto on, const work& w) const {
        if constexpr (narrow) op::dequantise(on, w.all.part(0, count), read_part(codes, count));
        return (narrow ? w.all : all).part(0, count);
    }
};

}  // namespace moe
