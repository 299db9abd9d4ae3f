// SPDX-License-Identifier: MIT
// The three products of a linear layer in FP32, dense and grouped by expert, as the share of the
// measured FMA peak.
#include "bench/support/share.hpp"

#include <moe/core/random.hpp>
#include <moe/device/memory.hpp>
#include <moe/op/grouped_linear.hpp>
#include <moe/op/linear.hpp>
#include <moe/op/pack.hpp>

namespace {

using namespace moe;

rows<float> numbers(arena& from, int count, int width, std::uint64_t seed) {
    const rows<float> x = from.take_rows<float>(count, width);
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < width; ++j)
            x(i, j) = random_normal(seed, std::uint64_t(i), std::uint64_t(j));
    return x;
}

// Experts that get from 1 to 1.5 times 'least' rows, each row drawn from the tokens. One expert of
// all tokens in place is the dense case.
struct layer {
    int tokens, in, out, experts;
    rows<float> x, y, dx, dy, w, dw;
    float* packed;
    int *first, *token;

    layer(arena a, int tokens, int in, int out, int experts, int least)
        : tokens(tokens), in(in), out(out), experts(experts) {
        first = a.take<int>(experts + 1);
        first[0] = 0;
        for (int e = 0; e < experts; ++e)
            first[e + 1] = first[e] + (experts == 1 ? tokens : least + int(e * 7 % (least / 2)));
        const int all = first[experts];
        token = a.take<int>(all);
        for (int r = 0; r < all; ++r)
            token[r] = int(random_below(std::uint64_t(tokens), 1, 0, std::uint64_t(r)));
        x = numbers(a, tokens, in, 2);
        dy = numbers(a, all, out, 3);
        w = numbers(a, experts * out, in, 4);
        y = a.take_rows<float>(all, out);
        dx = a.take_rows<float>(all, in);
        dw = numbers(a, experts * out, in, 5);
        packed = a.take<float>(std::int64_t(w.count) * in);
        for (int e = 0; e < experts; ++e)
            op::pack(reference{}, packed + std::ptrdiff_t(e) * out * in, w.part(e * out, out));
    }
    double flop() const { return 2.0 * first[experts] * in * out; }
    matrix<float> weight() const { return {w.at, packed, out, in}; }
    matrices<float> weights() const { return {w.at, packed, experts, out, in}; }
    groups by_expert() const { return {first, experts}; }
};

const memory& space() {
    static const memory m(std::size_t{1} << 30);
    return m;
}

// threads, tokens, in, out [, experts, least rows of an expert]
template <class Work> void measure(benchmark::State& state, bool grouped, const Work& work) {
    const auto n = [&](int i) { return int(state.range(std::size_t(i))); };
    pool threads(n(0));
    const cpu::on on{&threads};
    const layer l(space().as_arena(), n(1), n(2), n(3), grouped ? n(4) : 1, grouped ? n(5) : 0);
    work(on, l);
    bench::share_of_peak(state, on, l.flop(), [&] { work(on, l); });
}

void forward(benchmark::State& state) {
    measure(state, false, [](auto on, const layer& l) { op::linear(on, l.y, l.x, l.weight()); });
}
void backward_input(benchmark::State& state) {
    measure(state, false,
            [](auto on, const layer& l) { op::linear_backward_input(on, l.dx, l.dy, l.weight()); });
}
void backward_weight(benchmark::State& state) {
    measure(state, false,
            [](auto on, const layer& l) { op::linear_backward_weight(on, l.dw, l.dy, l.x); });
}
void grouped_forward(benchmark::State& state) {
    measure(state, true, [](auto on, const layer& l) {
        op::grouped_linear(on, l.y, {l.x, l.token}, l.weights(), l.by_expert());
    });
}
void grouped_backward_input(benchmark::State& state) {
    measure(state, true, [](auto on, const layer& l) {
        op::grouped_linear_backward_input(on, l.dx, l.dy, l.weights(), l.by_expert());
    });
}
void grouped_backward_weight(benchmark::State& state) {
    measure(state, true, [](auto on, const layer& l) {
        op::grouped_linear_backward_weight(on, l.dw, l.dy, {l.x, l.token}, l.by_expert());
    });
}

void dense(benchmark::internal::Benchmark* b) {
    b->ArgNames({"threads", "tokens", "in", "out"});
    for (const int threads : {1, 2}) {
        b->Args({threads, 1024, 256, 256});
        b->Args({threads, 4096, 256, 768});
        b->Args({threads, 2048, 512, 512});
        b->Args({threads, 2048, 512, 1024});
        b->Args({threads, 1024, 1024, 1024});
    }
    b->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.3);
}
void grouped(benchmark::internal::Benchmark* b) {
    b->ArgNames({"threads", "tokens", "in", "out", "experts", "rows"});
    for (const int threads : {1, 2}) {
        b->Args({threads, 1024, 256, 256, 16, 24});
        b->Args({threads, 1024, 256, 256, 16, 128});
        b->Args({threads, 4096, 512, 256, 64, 48});
        b->Args({threads, 4096, 512, 1024, 16, 256});
    }
    b->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.3);
}
BENCHMARK(forward)->Apply(dense);
BENCHMARK(backward_input)->Apply(dense);
BENCHMARK(backward_weight)->Apply(dense);
BENCHMARK(grouped_forward)->Apply(grouped);
BENCHMARK(grouped_backward_input)->Apply(grouped);
BENCHMARK(grouped_backward_weight)->Apply(grouped);

}  // namespace

BENCHMARK_MAIN();
