// SPDX-License-Identifier: MIT
// The sum of squares of a tensor. It only reads, a copy of as many bytes reads half and writes
// half: a share above 1 is possible.
#include "bench/support/numbers.hpp"
#include "bench/support/share.hpp"

#include <moe/op/sum_of_squares.cpu.hpp>

namespace {

using namespace moe;

// threads, rows, width
void forward(benchmark::State& state) {
    pool threads(bench::argument(state, 0));
    const cpu::on on{&threads};
    const int tokens = bench::argument(state, 1), width = bench::argument(state, 2);
    arena a = bench::space().as_arena();
    const auto x = bench::numbers(a, tokens, width, 1);
    double* const partial = a.take<double>(norm_blocks(std::int64_t(tokens) * width));
    bench::share_of_copy(state, on, bench::bytes_of(x), 2.0 * tokens * width,
                         [&] { benchmark::DoNotOptimize(op::sum_of_squares(on, x, partial)); });
}
BENCHMARK(forward)->Apply(bench::rows_of_tokens);

}  // namespace

BENCHMARK_MAIN();
