// SPDX-License-Identifier: MIT
// Sums in bfloat16, sixteen at a time: the same bits as the specification.
#pragma once

#include <moe/device/sweep.hpp>
#include <moe/precision/compensated.hpp>
#include <moe/precision/convert.cpu.hpp>
#include <moe/precision/rounding_words.cpu.hpp>

namespace moe {

namespace detail {
template <class Isa> MOE_INLINE lanes<Isa> nearest_bfloat16(lanes<Isa> x) {
    return decode_lanes<bfloat16, Isa>(encode_lanes<bfloat16>(x));
}
}  // namespace detail

// sum[i] and lost[i] are a kahan_sum.
template <instruction_set Isa>
void add_kahan(Isa, bfloat16* sum, bfloat16* lost, const float* x, int count) {
    using v = lanes<Isa>;
    sweep(count, [&](int i, auto n) {
        const v before = decode_lanes<bfloat16>(load_codes<bfloat16, Isa>(sum + i, n));
        const v missing =
            load<v>(x + i, n) + decode_lanes<bfloat16>(load_codes<bfloat16, Isa>(lost + i, n));
        const words<Isa> next = encode_lanes<bfloat16>(before + missing);
        const v gained = decode_lanes<bfloat16, Isa>(next) - before;
        // Nothing is lost where the sum is not finite.
        const words<Isa> magnitude = words<Isa>::of(gained) & words<Isa>::splat(0x7FFFFFFF);
        const words<Isa> rest = where_less(magnitude, words<Isa>::splat(0x7F800000),
                                           words<Isa>::of(missing - gained), words<Isa>::splat(0));
        store_codes<bfloat16>(sum + i, n, next);
        store_codes<bfloat16>(lost + i, n, encode_lanes<bfloat16>(rest.floats()));
    });
}

// add_stochastically() for each: element 'first' + i of the stream decides. 'first' is a multiple
// of 64.
template <instruction_set Isa>
void add_stochastically(Isa, bfloat16* sum, const float* x, int count, std::uint64_t seed,
                        std::uint64_t stream, std::uint64_t first) {
    using v = lanes<Isa>;
    for (int block = 0; block < count; block += 64) {
        const rounding_block<Isa> random(seed, stream, first / 64 + std::uint64_t(block) / 64);
        sweep(count - block < 64 ? count - block : 64, [&](int i, auto n) {
            bfloat16* const at = sum + block + i;
            const v before = decode_lanes<bfloat16>(load_codes<bfloat16, Isa>(at, n));
            const v next = before + load<v>(x + block + i, n);
            store_codes<bfloat16>(at, n,
                                  encode_stochastically<bfloat16>(next, random.of[i / lane_count]));
        });
    }
}

}  // namespace moe
