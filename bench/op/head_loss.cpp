// SPDX-License-Identifier: MIT
// The head and its loss, forward and backward in FP32 and in BF16, as the share of the measured
// peak. FLOP are those of the three products; the exponentials count as time only.
#include "bench/support/share.hpp"

#include <moe/core/random.hpp>
#include <moe/device/memory.hpp>
#include <moe/op/head_loss.hpp>
#include <moe/op/pack.hpp>

namespace {

using namespace moe;

// threads, tokens, hidden, vocabulary, rows of a chunk
template <class T> void forward_backward(benchmark::State& state) {
    const auto n = [&](int i) { return int(state.range(std::size_t(i))); };
    pool threads(n(0));
    const cpu::on on{&threads};
    const int tokens = n(1), hidden = n(2), vocabulary = n(3);
    const memory space(std::size_t{512} << 20);
    arena a = space.as_arena();
    const auto x = a.take_rows<T>(tokens, hidden), dx = a.take_rows<T>(tokens, hidden);
    const auto w = a.take_rows<float>(vocabulary, hidden),
               dw = a.take_rows<float>(vocabulary, hidden);
    const auto scratch = a.take_rows<float>(n(4), vocabulary);
    rows<T> narrow;
    weight_copies<T> copies{a.take<T>(packed_size<T>(vocabulary, hidden))};
    matrix<T> head{nullptr, copies.packed, vocabulary, hidden};
    if constexpr (std::is_same_v<T, float>) {
        narrow = scratch;
        head.at = w.at;
    } else {
        narrow = a.take_rows<T>(n(4), vocabulary);
        head.across = copies.across = a.take<T>(packed_size<T>(hidden, vocabulary));
    }
    float* const losses = a.take<float>(tokens);
    int* const targets = a.take<int>(tokens);
    for (int t = 0; t < tokens; ++t) {
        targets[t] = int(random_below(std::uint64_t(vocabulary), 1, 0, std::uint64_t(t)));
        for (int i = 0; i < hidden; ++i)
            x(t, i) = T(random_normal(2, std::uint64_t(t), std::uint64_t(i)));
    }
    for (int v = 0; v < vocabulary; ++v)
        for (int i = 0; i < hidden; ++i)
            w(v, i) = 0.02F * random_normal(3, std::uint64_t(v), std::uint64_t(i));
    op::pack(on, copies, w);
    bench::share_of_peak<bench::peak_for<T>>(state, on, 6.0 * tokens * hidden * vocabulary, [&] {
        op::head_loss_backward(on, losses, dx, dw, x, head, targets, 1.0F / float(tokens), scratch,
                               narrow);
    });
}

void shapes(benchmark::internal::Benchmark* b) {
    b->ArgNames({"threads", "tokens", "hidden", "vocabulary", "chunk"});
    for (const int threads : {1, 2}) {
        b->Args({threads, 4096, 256, 256, 128});
        b->Args({threads, 1024, 512, 8192, 128});
    }
    b->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.3);
}
BENCHMARK(forward_backward<float>)->Apply(shapes);
BENCHMARK(forward_backward<bfloat16>)->Apply(shapes);

}  // namespace

BENCHMARK_MAIN();
