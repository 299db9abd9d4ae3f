// SPDX-License-Identifier: MIT
// Routed rows back to their tokens, as the share of a copy of the bytes: the rows of a token's
// experts are read, its own is written.
#include "bench/support/numbers.hpp"
#include "bench/support/share.hpp"

#include <moe/op/combine.cpu.hpp>
#include <moe/op/dispatch.hpp>

namespace {

using namespace moe;

// threads, tokens, width, experts, active
void forward(benchmark::State& state) {
    pool threads(bench::argument(state, 0));
    const cpu::on on{&threads};
    const int tokens = bench::argument(state, 1), width = bench::argument(state, 2);
    arena a = bench::space().as_arena();
    const int experts = bench::argument(state, 3), active = bench::argument(state, 4);
    dispatch_plan plan{tokens, active, experts, nullptr, nullptr, nullptr, nullptr};
    plan.chosen = a.take<int>(std::int64_t(tokens) * active);
    plan.first = a.take<int>(experts + 1);
    plan.token = a.take<int>(std::int64_t(tokens) * active);
    plan.row = a.take<int>(std::int64_t(tokens) * active);
    // Ascending and distinct: one of each of 'active' equal parts of the experts.
    for (int t = 0; t < tokens; ++t)
        for (int i = 0; i < active; ++i) {
            const interval mine = part_of(experts, active, i);
            plan.chosen[t * active + i] =
                int(mine.first) + int(random_below(std::uint64_t(mine.count()), 1, std::uint64_t(t),
                                                   std::uint64_t(i)));
        }
    op::plan_dispatch(reference{}, plan);
    const auto x = bench::numbers(a, tokens * active, width, 2);
    const auto y = bench::numbers(a, tokens, width, 3);
    bench::share_of_copy(state, on, bench::bytes_of(x) + bench::bytes_of(y),
                         double(x.count) * width, [&] { op::combine(on, y, x, plan, experts); });
}

void shapes(benchmark::internal::Benchmark* b) {
    b->ArgNames({"threads", "tokens", "width", "experts", "active"});
    for (const int threads : {1, 2}) {
        b->Args({threads, 4096, 256, 16, 2});
        b->Args({threads, 4096, 512, 64, 6});
        b->Args({threads, 32768, 512, 64, 6});
    }
    b->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(0.2);
}
BENCHMARK(forward)->Apply(shapes);

}  // namespace

BENCHMARK_MAIN();
