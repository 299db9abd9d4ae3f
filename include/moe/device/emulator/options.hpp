// SPDX-License-Identifier: MIT
// How a launch is run: in which order, and with which change to the kernel.
#pragma once

#include <moe/device/emulator/report.hpp>

#include <cstdint>

namespace moe::emulator {

enum class schedule {
    in_turn,     // warp after warp, as long as each can go
    at_random,   // any thread, also in the middle between two barriers
    favourites,  // the warps have ranks: the first runs as far ahead as it can, the last lags
};

// One change to a kernel, to see whether it is noticed: at one call site, in all threads.
struct mutant {
    enum class change {
        none,
        drop,  // the call is not there
        plus,  // the argument 'number' one larger, one smaller
        minus,
    };
    site at;
    change what = change::none;
    int number = 0;
    std::int64_t call = -1;  // only this one of every thread's calls there; -1: every one
};

struct options {
    std::uint64_t seed = 1;
    schedule order = schedule::at_random;
    bool races = true;
    mutant change{};
};

// xorshift64*
class dice {
public:
    explicit dice(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U + 0x2545F4914F6CDD1DU) {}
    std::uint32_t below(std::uint32_t bound) {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return std::uint32_t((state_ * 0x2545F4914F6CDD1DU >> 32) * bound >> 32);
    }

private:
    std::uint64_t state_;
};

}  // namespace moe::emulator
