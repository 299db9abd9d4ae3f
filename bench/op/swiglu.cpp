// SPDX-License-Identifier: MIT
// SwiGLU and its way back on routed rows, each with its weight, as the share of a copy of the bytes
// they read and write. An exponential counts as 20 operations.
#include "bench/support/numbers.hpp"
#include "bench/support/share.hpp"

#include <moe/op/swiglu.cpu.hpp>

namespace {

using namespace moe;

// threads, rows, width
void forward(benchmark::State& state) {
    pool threads(bench::argument(state, 0));
    const cpu::on on{&threads};
    const int tokens = bench::argument(state, 1), width = bench::argument(state, 2);
    arena a = bench::space().as_arena();
    const auto h = bench::numbers(a, tokens, width, 1), gate = bench::numbers(a, tokens, width, 2),
               up = bench::numbers(a, tokens, width, 3), weight = bench::numbers(a, 1, tokens, 4);
    bench::share_of_copy(state, on, 3 * bench::bytes_of(h), 24.0 * tokens * width,
                         [&] { op::swiglu(on, h, gate, up, weight.at); });
}
void backward(benchmark::State& state) {
    pool threads(bench::argument(state, 0));
    const cpu::on on{&threads};
    const int tokens = bench::argument(state, 1), width = bench::argument(state, 2);
    arena a = bench::space().as_arena();
    const auto dgate = bench::numbers(a, tokens, width, 1),
               dup = bench::numbers(a, tokens, width, 2), dh = bench::numbers(a, tokens, width, 3),
               gate = bench::numbers(a, tokens, width, 4), up = bench::numbers(a, tokens, width, 5),
               weight = bench::numbers(a, 1, tokens, 6), dweight = bench::numbers(a, 1, tokens, 7);
    bench::share_of_copy(state, on, 5 * bench::bytes_of(dh), 34.0 * tokens * width, [&] {
        op::swiglu_backward(on, dgate, dup, dweight.at, dh, gate, up, weight.at);
    });
}
BENCHMARK(forward)->Apply(bench::rows_of_tokens);
BENCHMARK(backward)->Apply(bench::rows_of_tokens);

}  // namespace

BENCHMARK_MAIN();
