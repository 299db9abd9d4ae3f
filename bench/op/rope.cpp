// SPDX-License-Identifier: MIT
// Rotary positions in place, heads of 64, as the share of a copy of the bytes: every number is read
// and written.
#include "bench/support/numbers.hpp"
#include "bench/support/share.hpp"

#include <moe/op/rope.cpu.hpp>

namespace {

using namespace moe;

// threads, tokens, width
void forward(benchmark::State& state) {
    pool threads(bench::argument(state, 0));
    const cpu::on on{&threads};
    const int tokens = bench::argument(state, 1), width = bench::argument(state, 2);
    arena a = bench::space().as_arena();
    constexpr int dim = 64, length = 256;
    const auto x = bench::numbers(a, tokens, width, 1);
    float* const table = a.take<float>(length * dim);
    op::rope_table(table, length, dim, 10000);
    bench::share_of_copy(state, on, 2 * bench::bytes_of(x), 3.0 * tokens * width, [&] {
        op::rope(on, x, {width / dim, dim, 0}, {table, dim}, length, 0);
    });
}
BENCHMARK(forward)->Apply(bench::rows_of_tokens);

}  // namespace

BENCHMARK_MAIN();
