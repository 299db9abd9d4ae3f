// SPDX-License-Identifier: MIT
// AdamW on a stack of matrices of 256 rows, as the share of a copy of the bytes: weight, gradient
// and both moments are read and written, the packed copy is written. 36 bytes a parameter.
#include "bench/support/numbers.hpp"
#include "bench/support/share.hpp"

#include <moe/op/adamw_step.cpu.hpp>

namespace {

using namespace moe;

// threads, rows, width. Copies: the number type of the packed ones.
template <class Copies> void update(benchmark::State& state) {
    pool threads(bench::argument(state, 0));
    const cpu::on on{&threads};
    const int tokens = bench::argument(state, 1), width = bench::argument(state, 2);
    arena a = bench::space().as_arena();
    const auto w = bench::numbers(a, tokens, width, 1), g = bench::numbers(a, tokens, width, 2),
               m = bench::numbers(a, tokens, width, 3), v = bench::numbers(a, tokens, width, 4);
    for (int i = 0; i < tokens; ++i)
        for (int j = 0; j < width; ++j) v(i, j) *= v(i, j);
    constexpr int matrix_rows = 256;
    const int matrices = tokens / matrix_rows;
    weight_copies<Copies> copies{
        a.take<Copies>(matrices * packed_size<Copies>(matrix_rows, width))};
    if (!std::is_same_v<Copies, float>)
        copies.across = a.take<Copies>(matrices * packed_size<Copies>(width, matrix_rows));
    // The gradient is zero from the second time on: moments that stay keep away from the numbers
    // next to zero, which many machines are slow with.
    const adamw_numbers some{
        .rate = 1e-6, .beta1 = 1, .beta2 = 1, .epsilon = 1e-8, .decay = 0.1, .clip = 0.5};
    bench::share_of_copy(state, on, 9 * bench::bytes_of(w), 15.0 * tokens * width,
                         [&] { op::adamw_step(on, w, g, m, v, some, copies, matrix_rows); });
    state.counters["ns_per_parameter"] =
        1e9 / (state.counters["share_of_copy"] * state.counters["copy"] / 36);
}
BENCHMARK(update<float>)->Apply(bench::rows_of_tokens);
BENCHMARK(update<bfloat16>)->Apply(bench::rows_of_tokens);

}  // namespace

BENCHMARK_MAIN();
