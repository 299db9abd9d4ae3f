// SPDX-License-Identifier: MIT
// The embedding and its way back, as the share of a copy of the bytes: every token's row is written
// (read, on the way back), the table read once (and written).
#include "bench/support/numbers.hpp"
#include "bench/support/share.hpp"

#include <moe/op/embedding.cpu.hpp>

namespace {

using namespace moe;

constexpr int vocabulary = 256;

// threads, tokens, width
template <class Work> void measure(benchmark::State& state, double of_table, const Work& work) {
    pool threads(bench::argument(state, 0));
    const cpu::on on{&threads};
    const int tokens = bench::argument(state, 1), width = bench::argument(state, 2);
    arena a = bench::space().as_arena();
    const auto y = bench::numbers(a, tokens, width, 1);
    const auto table = bench::numbers(a, vocabulary, width, 2);
    int* const ids = a.take<int>(tokens);
    for (int t = 0; t < tokens; ++t) ids[t] = int(random_below(vocabulary, 3, 0, std::uint64_t(t)));
    bench::share_of_copy(state, on, bench::bytes_of(y) + of_table * bench::bytes_of(table), 0,
                         [&] { work(on, y, table, ids); });
}
void forward(benchmark::State& state) {
    measure(state, 1,
            [](auto on, auto y, auto table, const int* ids) { op::embedding(on, y, table, ids); });
}
void backward(benchmark::State& state) {
    measure(state, 2, [](auto on, auto y, auto table, const int* ids) {
        op::embedding_backward(on, table, y, ids);
    });
}
BENCHMARK(forward)->Apply(bench::rows_of_tokens);
BENCHMARK(backward)->Apply(bench::rows_of_tokens);

}  // namespace

BENCHMARK_MAIN();
