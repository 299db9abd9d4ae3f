// SPDX-License-Identifier: MIT
// Kernels with a fault that the emulator must find under every schedule, naming the call sites.
#pragma once

#include "tests/support/kernels.hpp"

#include <string>

namespace test {

struct data {
    float *out, *both;
    const float* in;
};
template <auto Text, int Threads> struct faulty {
    static constexpr int threads = Threads, shared_bytes = 1024;
    using parameters = data;
    template <class Cx> static void run(Cx& cx, const data& p) { Text(cx, p); }
};

// The launch's words, which must be the same kind of finding under every schedule.
template <auto Text, int Threads = 64>
std::string finds(moe::emulator::finding::kind what, int blocks = 1) {
    std::string words;
    for (const moe::emulator::schedule order : schedules)
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            std::vector<float> out(256), both(256), in(256);
            moe::emulator::memory buffers;
            buffers.output("out", out.data(), 256).both("both", both.data(), 256);
            buffers.input("in", in.data(), 256);
            const moe::emulator::report told =
                moe::emulator::launch<faulty<Text, Threads>, moe::sm80>(
                    {blocks}, {out.data(), both.data(), in.data()}, buffers,
                    {.seed = seed, .order = order});
            CHECK_MESSAGE(told.has(what), told.text());
            words = told.text();
        }
    CHECK_MESSAGE(words.find(".cpp:") != std::string::npos, words);
    return words;
}
inline bool says(const std::string& words, const char* what) {
    const bool found = words.find(what) != std::string::npos;
    CHECK_MESSAGE(found, words);
    return found;
}

}  // namespace test
