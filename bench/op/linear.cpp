// SPDX-License-Identifier: MIT
// The three products of a linear layer in FP32 and in BF16, dense and grouped by expert, as the
// share of the measured peak.
#include "bench/support/numbers.hpp"
#include "bench/support/share.hpp"

#include <moe/core/random.hpp>
#include <moe/op/grouped_linear.hpp>
#include <moe/op/linear.hpp>
#include <moe/op/pack.hpp>

namespace {

using namespace moe;

// Experts that get from 1 to 1.5 times 'least' rows, each row drawn from the tokens. One expert of
// all tokens in place is the dense case.
template <class T> struct layer {
    int tokens, in, out, experts;
    rows<T> x, y, dx, dy;
    rows<float> w, dw;
    T *packed, *across = nullptr;
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
        x = bench::numbers<T>(a, tokens, in, 2);
        dy = bench::numbers<T>(a, all, out, 3);
        w = bench::numbers(a, experts * out, in, 4);
        y = a.take_rows<T>(all, out);
        dx = a.take_rows<T>(all, in);
        dw = bench::numbers(a, experts * out, in, 5);
        packed = a.take<T>(experts * packed_size<T>(out, in));
        if (!std::is_same_v<T, float>) across = a.take<T>(experts * packed_size<T>(in, out));
        for (int e = 0; e < experts; ++e)
            op::pack(reference{},
                     weight_copies<T>{packed + e * packed_size<T>(out, in),
                                      across ? across + e * packed_size<T>(in, out) : nullptr},
                     w.part(e * out, out));
    }
    double flop() const { return 2.0 * first[experts] * in * out; }
    const T* rows_of_weight() const {
        if constexpr (std::is_same_v<T, float>)
            return w.at;
        else
            return nullptr;
    }
    matrix<T> weight() const { return {rows_of_weight(), packed, out, in, across}; }
    matrices<T> weights() const { return {rows_of_weight(), packed, experts, out, in, across}; }
    groups by_expert() const { return {first, experts}; }
};

// threads, tokens, in, out [, experts, least rows of an expert]
template <class T, class Work>
void measure(benchmark::State& state, bool grouped, const Work& work) {
    const auto n = [&](int i) { return int(state.range(std::size_t(i))); };
    pool threads(n(0));
    const cpu::on on{&threads};
    const layer<T> l(bench::space().as_arena(), n(1), n(2), n(3), grouped ? n(4) : 1,
                     grouped ? n(5) : 0);
    work(on, l);
    bench::share_of_peak<bench::peak_for<T>>(state, on, l.flop(), [&] { work(on, l); });
}

template <class T> void forward(benchmark::State& state) {
    measure<T>(state, false,
               [](auto on, const layer<T>& l) { op::linear(on, l.y, l.x, l.weight()); });
}
template <class T> void backward_input(benchmark::State& state) {
    measure<T>(state, false, [](auto on, const layer<T>& l) {
        op::linear_backward_input(on, l.dx, l.dy, l.weight());
    });
}
template <class T> void backward_weight(benchmark::State& state) {
    measure<T>(state, false,
               [](auto on, const layer<T>& l) { op::linear_backward_weight(on, l.dw, l.dy, l.x); });
}
template <class T> void grouped_forward(benchmark::State& state) {
    measure<T>(state, true, [](auto on, const layer<T>& l) {
        op::grouped_linear(on, l.y, {l.x, l.token}, l.weights(), l.by_expert());
    });
}
template <class T> void grouped_backward_input(benchmark::State& state) {
    measure<T>(state, true, [](auto on, const layer<T>& l) {
        op::grouped_linear_backward_input(on, l.dx, l.dy, l.weights(), l.by_expert());
    });
}
template <class T> void grouped_backward_weight(benchmark::State& state) {
    measure<T>(state, true, [](auto on, const layer<T>& l) {
        op::grouped_linear_backward_weight(on, l.dw, picked(l.dy), {l.x, l.token}, l.by_expert());
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
using moe::bfloat16;
#define MOE_BOTH_PRECISIONS(product, shapes)  \
    BENCHMARK(product<float>)->Apply(shapes); \
    BENCHMARK(product<bfloat16>)->Apply(shapes)
MOE_BOTH_PRECISIONS(forward, dense);
MOE_BOTH_PRECISIONS(backward_input, dense);
MOE_BOTH_PRECISIONS(backward_weight, dense);
MOE_BOTH_PRECISIONS(grouped_forward, grouped);
MOE_BOTH_PRECISIONS(grouped_backward_input, grouped);
MOE_BOTH_PRECISIONS(grouped_backward_weight, grouped);

}  // namespace

BENCHMARK_MAIN();
