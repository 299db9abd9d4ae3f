// SPDX-License-Identifier: MIT
// The choice of experts for every token from the logits, and its way back, as the share of a copy
// of the bytes they read and write: what stands between is comparisons, so little of it is reached.
#include "bench/support/numbers.hpp"
#include "bench/support/share.hpp"

#include <moe/device/cpu.hpp>
#include <moe/routing/route.hpp>
#include <moe/routing/top_k.hpp>

namespace {

using namespace moe;

// threads, tokens
template <int Experts, int Active> void measure(benchmark::State& state, bool back) {
    pool threads(bench::argument(state, 0));
    const cpu::on on{&threads};
    const int tokens = bench::argument(state, 1);
    arena a = bench::space().as_arena();
    const sigmoid_top_k policy{.active = Active};
    const auto logits = bench::numbers(a, tokens, Experts, 1),
               dlogits = bench::numbers(a, tokens, Experts, 2),
               weight = bench::numbers(a, tokens, Active, 3),
               dweight = bench::numbers(a, tokens, Active, 4),
               bias = bench::numbers(a, 1, Experts, 5);
    int* const chosen = a.take<int>(std::int64_t(tokens) * Active);
    const auto forward = [&] { route<Experts>(on, chosen, weight, logits, bias.at, policy); };
    forward();
    if (back)
        bench::share_of_copy(
            state, on, 2 * bench::bytes_of(logits) + 3 * bench::bytes_of(weight), 0,
            [&] { route_backward<Experts>(on, dlogits, dweight, logits, chosen, weight, policy); });
    else
        bench::share_of_copy(state, on, bench::bytes_of(logits) + 2 * bench::bytes_of(weight), 0,
                             forward);
}
template <int Experts, int Active> void forward(benchmark::State& state) {
    measure<Experts, Active>(state, false);
}
template <int Experts, int Active> void backward(benchmark::State& state) {
    measure<Experts, Active>(state, true);
}

void shapes(benchmark::internal::Benchmark* b) {
    b->ArgNames({"threads", "tokens"});
    for (const int threads : {1, 2}) b->Args({threads, 4096});
    b->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(0.2);
}
BENCHMARK(forward<16, 2>)->Apply(shapes);
BENCHMARK(forward<64, 6>)->Apply(shapes);
BENCHMARK(forward<256, 8>)->Apply(shapes);
BENCHMARK(backward<16, 2>)->Apply(shapes);
BENCHMARK(backward<64, 6>)->Apply(shapes);
BENCHMARK(backward<256, 8>)->Apply(shapes);

}  // namespace

BENCHMARK_MAIN();
