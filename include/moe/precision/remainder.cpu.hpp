// SPDX-License-Identifier: MIT
// Remainders sixteen at a time: the same bits as the specification.
#pragma once

#include <moe/device/sweep.hpp>
#include <moe/precision/convert.cpu.hpp>
#include <moe/precision/remainder.hpp>

namespace moe {

namespace detail {
// Small integers with sign, |n| < 2^22, and floats.
template <class Isa> MOE_INLINE lanes<Isa> to_floats(words<Isa> n) {
    const auto magic = lanes<Isa>::splat(to_integer);
    return (n + words<Isa>::of(magic)).floats() - magic;
}
template <class Isa> MOE_INLINE words<Isa> to_integers(lanes<Isa> rounded) {
    const auto magic = lanes<Isa>::splat(to_integer);
    return words<Isa>::of(rounded + magic) - words<Isa>::of(magic);
}
template <class Integer, class Isa, class Count>
MOE_INLINE words<Isa> load_integers(const Integer* from, Count n) {
    using w = words<Isa>;
    constexpr bool every = std::is_same_v<Count, all_lanes>;
    const w bits = [&] {
        if constexpr (every)
            return sizeof(Integer) == 1 ? w::load_bytes(from) : w::load_halves(from);
        else
            return sizeof(Integer) == 1 ? w::load_bytes(from, n.count)
                                        : w::load_halves(from, n.count);
    }();
    if constexpr (std::numeric_limits<Integer>::is_signed) {
        const w sign = w::splat(sizeof(Integer) == 1 ? 0x80 : 0x8000);
        return (bits ^ sign) - sign;
    } else {
        return bits;
    }
}
template <class Integer, class Isa, class Count>
MOE_INLINE void store_integers(Integer* to, Count n, words<Isa> value) {
    const words<Isa> bits = value & words<Isa>::splat(sizeof(Integer) == 1 ? 0xFF : 0xFFFF);
    constexpr bool every = std::is_same_v<Count, all_lanes>;
    if constexpr (every)
        sizeof(Integer) == 1 ? bits.store_bytes(to) : bits.store_halves(to);
    else
        sizeof(Integer) == 1 ? bits.store_bytes(to, n.count) : bits.store_halves(to, n.count);
}

template <class Integer, class Isa>
MOE_INLINE lanes<Isa> fractions_lanes(lanes<Isa> weight, lanes<Isa> base, lanes<Isa> half) {
    using v = lanes<Isa>;
    const v inverse = (words<Isa>::splat(0x7F000000) - words<Isa>::of(half)).floats();
    const v part = (weight - base) * inverse, one = v::splat(1), zero = v::splat(0);
    const v not_above = where_less(zero, part, one, zero);  // one or more, or no number
    return where_less(part, one, max(part, v::splat(-1)), not_above) *
           v::splat(remainder_limit<Integer>);
}
}  // namespace detail

// base: bfloat16 numbers
template <class Isa> MOE_INLINE lanes<Isa> half_step_lanes(lanes<Isa> base) {
    using w = words<Isa>;
    const w exponent = w::of(base) & w::splat(0x7F800000);
    constexpr auto lowest = std::uint32_t(detail::lowest_exponent + 127) << 23;
    return (max(exponent, w::splat(lowest)) - w::splat(8U << 23)).floats();
}
// codes of e4m3
template <class Isa> MOE_INLINE lanes<Isa> half_step_lanes(words<Isa> code, lanes<Isa> scale) {
    using w = words<Isa>;
    const w field = (code & w::splat(0x78)).template left<20>();
    constexpr auto shift = std::uint32_t(127 - e4m3::bias - e4m3::mantissa - 1) << 23;
    return (max(field, w::splat(1U << 23)) + w::splat(shift)).floats() * scale;
}

template <class Integer, class Isa>
MOE_INLINE words<Isa> remainder_lanes(lanes<Isa> weight, lanes<Isa> base, lanes<Isa> half) {
    return detail::to_integers<Isa>(detail::fractions_lanes<Integer>(weight, base, half));
}
template <class Integer, class Isa>
MOE_INLINE words<Isa> remainder_lanes(lanes<Isa> weight, lanes<Isa> base, lanes<Isa> half,
                                      words<Isa> random) {
    using v = lanes<Isa>;
    const v z = detail::fractions_lanes<Integer>(weight, base, half);
    const v magic = v::splat(detail::to_integer), one = v::splat(1);
    const v nearest = z + magic - magic;
    const v below = where_less(z, nearest, nearest - one, nearest);
    const words<Isa> bits = random.template right<9>() | words<Isa>::of(one);
    return detail::to_integers<Isa>(where_less(bits.floats() - one, z - below, below + one, below));
}
template <class Integer, class Isa>
MOE_INLINE lanes<Isa> with_remainder_lanes(lanes<Isa> base, lanes<Isa> half, words<Isa> remainder) {
    using v = lanes<Isa>;
    return fma(detail::to_floats<Isa>(remainder), half * v::splat(1 / remainder_limit<Integer>),
               base);
}

}  // namespace moe
