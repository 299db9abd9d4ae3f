// SPDX-License-Identifier: MIT
// The rounding words of 64 elements at once.
#pragma once

#include <moe/device/words.hpp>
#include <moe/precision/rounding_words.hpp>

namespace moe {

template <class Isa> struct rounding_block {
    words<Isa> of[4];  // elements 16 i to 16 i + 15 of the block

    // Elements 64 block to 64 block + 63. The generator is philox() of core/random.hpp.
    MOE_INLINE rounding_block(std::uint64_t seed, std::uint64_t stream, std::uint64_t block) {
        using w = words<Isa>;
        const std::uint64_t counter = block * lane_count;  // the lane's number does not carry
        w x0 = w::splat(std::uint32_t(counter)) + w::numbers();
        w x1 = w::splat(std::uint32_t(counter >> 32));
        w x2 = w::splat(std::uint32_t(stream)), x3 = w::splat(std::uint32_t(stream >> 32));
        std::uint32_t key0 = std::uint32_t(seed), key1 = std::uint32_t(seed >> 32);
        for (int round = 0; round < 10; ++round) {
            w high_a, low_a, high_b, low_b;
            multiply(x0, 0xD2511F53U, high_a, low_a);
            multiply(x2, 0xCD9E8D57U, high_b, low_b);
            x0 = high_b ^ x1 ^ w::splat(key0);
            x1 = low_b;
            x2 = high_a ^ x3 ^ w::splat(key1);
            x3 = low_a;
            key0 += 0x9E3779B9U;
            key1 += 0xBB67AE85U;
        }
        of[0] = x0, of[1] = x1, of[2] = x2, of[3] = x3;
    }
};

}  // namespace moe
