// SPDX-License-Identifier: MIT
// Counter-based random numbers: a pure function of (seed, stream, counter), so that they do not
// depend on threads, ranks or the order of calls, and nothing but the counters has to be saved.
// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
#pragma once

#include <moe/core/config.hpp>

#include <array>
#include <bit>
#include <cstdint>

namespace moe {

using random_block = std::array<std::uint32_t, 4>;

constexpr random_block philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
    random_block x{std::uint32_t(counter), std::uint32_t(counter >> 32), std::uint32_t(stream),
                   std::uint32_t(stream >> 32)};
    std::uint32_t key0 = std::uint32_t(seed), key1 = std::uint32_t(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53U} * x[0];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57U} * x[2];
        x = {std::uint32_t(b >> 32) ^ x[1] ^ key0, std::uint32_t(b),
             std::uint32_t(a >> 32) ^ x[3] ^ key1, std::uint32_t(a)};
        key0 += 0x9E3779B9U;
        key1 += 0xBB67AE85U;
    }
    return x;
}

constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t stream,
                                    std::uint64_t counter) {
    const random_block x = philox(seed, stream, counter);
    return std::uint64_t{x[1]} << 32 | x[0];
}

// Uniform in [0, 1): 24 random bits, exact in float.
constexpr float random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
    return float(philox(seed, stream, counter)[0] >> 8) * 0x1p-24F;
}

// Uniform in [0, bound). Multiplication instead of remainder: the bias is below bound / 2^64.
constexpr std::uint64_t random_below(std::uint64_t bound, std::uint64_t seed, std::uint64_t stream,
                                     std::uint64_t counter) {
    return std::uint64_t(
        (static_cast<unsigned __int128>(random_bits(seed, stream, counter)) * bound) >> 64);
}

// A permutation of [0, count): where 'index' goes. A Feistel network of six rounds over the next
// power of four, walked until it comes back inside (Black and Rogaway, "Ciphers with arbitrary
// finite domains", CT-RSA 2002). No table: any element of it at any time, in any order.
constexpr std::uint64_t random_permutation(std::uint64_t index, std::uint64_t count,
                                           std::uint64_t seed, std::uint64_t stream) {
    if (count < 2) return index;
    const int half = (int(std::bit_width(count - 1)) + 1) / 2;
    const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
    do {
        std::uint64_t left = index >> half, right = index & mask;
        for (std::uint64_t round = 0; round < 6; ++round) {
            const std::uint64_t mixed =
                left ^ (random_bits(seed, stream, round << 32 | right) & mask);
            left = right;
            right = mixed;
        }
        index = left << half | right;
    } while (index >= count);
    return index;
}

// Normal with mean 0 and deviation 1, as the sum of eight 16-bit uniforms (Irwin-Hall). Integer
// arithmetic and one rounding, hence the same bits on every machine; its tails end at 4.9, which
// for starting weights is a virtue.
constexpr float random_normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
    std::int32_t sum = 0;
    for (const std::uint32_t word : philox(seed, stream, counter))
        sum += int(word & 0xFFFF) + int(word >> 16);
    // A uniform on the 2^16 points has variance (2^32 - 1) / 12; eight of them 2^32 * 8 / 12.
    return float(2 * sum - 8 * 0xFFFF) * (0.5F * 1.8688124e-5F);
}

}  // namespace moe
