// SPDX-License-Identifier: MIT
// Companded moments sixteen at a time: the same bits as the specification.
#pragma once

#include <moe/device/sweep.hpp>
#include <moe/precision/companding.hpp>
#include <moe/precision/remainder.cpu.hpp>

namespace moe {

namespace detail {
template <class Isa> MOE_INLINE float largest_magnitude_in_lanes(const float* x, int count) {
    using w = words<Isa>;
    w most = w::splat(0);
    moe::sweep(count, [&](int i, auto n) {
        most = max(most, w::of(load<lanes<Isa>>(x + i, n)) & w::splat(0x7FFFFFFF));
    });
    const std::uint32_t bits = largest(most);
    return bits < 0x7F800000U ? std::bit_cast<float>(bits) : std::bit_cast<float>(0x7FC00000U);
}
template <class Isa> MOE_INLINE lanes<Isa> magnitude(lanes<Isa> x) {
    return (words<Isa>::of(x) & words<Isa>::splat(0x7FFFFFFF)).floats();
}
}  // namespace detail

template <instruction_set Isa>
void compress_first_moment(Isa, std::int8_t* code, bfloat16& scale, const float* m, int count) {
    using v = lanes<Isa>;
    using c = detail::companding;
    const detail::group_scale group(detail::largest_magnitude_in_lanes<Isa>(m, count));
    scale = group.scale;
    const bool number = group.inverse == group.inverse;
    const v inverse = v::splat(group.inverse), one = v::splat(1), magic = v::splat(c::to_integer);
    sweep(count, [&](int i, auto n) {
        v x = v::splat(0);
        if (number) x = max(min(load<v>(m + i, n) * inverse, one), v::splat(-1));
        const v y = (x + x) / (one + detail::magnitude(x)) * v::splat(c::first_limit);
        detail::store_integers(code + i, n, detail::to_integers<Isa>(y + magic - magic));
    });
}
template <instruction_set Isa>
void expand_first_moment(Isa, float* m, const std::int8_t* code, bfloat16 scale, int count) {
    using v = lanes<Isa>;
    const v by = v::splat(float(scale)), two = v::splat(2);
    sweep(count, [&](int i, auto n) {
        const v y = detail::to_floats<Isa>(detail::load_integers<std::int8_t, Isa>(code + i, n)) *
                    v::splat(1 / detail::companding::first_limit);
        store(m + i, n, y / (two - detail::magnitude(y)) * by);
    });
}

template <instruction_set Isa>
void compress_second_moment(Isa, std::uint8_t* code, bfloat16& scale, const float* moment,
                            int count) {
    using v = lanes<Isa>;
    using c = detail::companding;
    const detail::group_scale group(
        std::sqrt(detail::largest_magnitude_in_lanes<Isa>(moment, count)));
    scale = group.scale;
    const bool number = group.inverse == group.inverse;
    const v inverse = v::splat(group.inverse), one = v::splat(1), zero = v::splat(0);
    const v magic = v::splat(c::to_integer);
    sweep(count, [&](int i, auto n) {
        v x = zero;
        if (number) {
            const v value = load<v>(moment + i, n);
            const v part = min(sqrt(value) * inverse, one) * v::splat(c::second_limit);
            x = part + magic - magic;
            x = max(x, where_less(zero, value, one, zero));
        }
        detail::store_integers(code + i, n, detail::to_integers<Isa>(x));
    });
}
template <instruction_set Isa>
void expand_second_moment(Isa, float* moment, const std::uint8_t* code, bfloat16 scale, int count) {
    using v = lanes<Isa>;
    const v by = v::splat(float(scale));
    sweep(count, [&](int i, auto n) {
        const v y = detail::to_floats<Isa>(detail::load_integers<std::uint8_t, Isa>(code + i, n)) *
                    v::splat(1 / detail::companding::second_limit);
        const v root = y * by;
        store(moment + i, n, root * root);
    });
}

}  // namespace moe
