// SPDX-License-Identifier: MIT
// Kernels under test in the emulator: a launch under several schedules and seeds, which must be
// clean and give the same bits each time.
#pragma once

#include <doctest/doctest.h>
#include <moe/device/emulator/launch.hpp>

#include <cstring>
#include <vector>

namespace test {

inline constexpr moe::emulator::schedule schedules[] = {moe::emulator::schedule::in_turn,
                                                        moe::emulator::schedule::at_random,
                                                        moe::emulator::schedule::favourites};

// run(options) -> report; result() -> the bytes of what came out.
template <class Run, class Result>
moe::emulator::report every_schedule(Run&& run, Result&& result) {
    moe::emulator::report last;
    auto first = result();
    bool is_first = true;
    for (const moe::emulator::schedule order : schedules)
        for (std::uint64_t seed = 1; seed <= (order == schedules[0] ? 1 : 2); ++seed) {
            last = run(moe::emulator::options{.seed = seed, .order = order});
            CAPTURE(seed);
            CAPTURE(int(order));
            CHECK_MESSAGE(last.clean(), last.text());
            auto now = result();
            if (!is_first)
                CHECK(std::memcmp(now.data(), first.data(), now.size() * sizeof(now[0])) == 0);
            first = std::move(now);
            is_first = false;
        }
    return last;
}

}  // namespace test
