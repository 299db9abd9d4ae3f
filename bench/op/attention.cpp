// SPDX-License-Identifier: MIT
// Attention forward and backward in FP32, causal, as the share of the measured FMA peak. FLOP count
// only what the mask leaves: forward two products a visible pair, backward five.
#include "bench/support/numbers.hpp"
#include "bench/support/share.hpp"

#include <moe/op/attention.cpu.hpp>

namespace {

using namespace moe;

// One call's tensors: 'tokens' tokens in sequences of 'length'.
struct tensors {
    op::attention_shape s;
    rows<float> q, k, v, d_o, o, lse, dq, dk, dv;

    tensors(arena a, int tokens, int length, int heads, int kv_heads, int key_dim, int value_dim)
        : s{tokens / length, length,  length,    heads,
            kv_heads,        key_dim, value_dim, 1 / std::sqrt(key_dim)},
          q(bench::numbers(a, tokens, heads * key_dim, 1)),
          k(bench::numbers(a, tokens, kv_heads * key_dim, 2)),
          v(bench::numbers(a, tokens, kv_heads * value_dim, 3)),
          d_o(bench::numbers(a, tokens, heads * value_dim, 4)),
          o(a.take_rows<float>(tokens, heads * value_dim)),
          lse(a.take_rows<float>(tokens, heads)),
          dq(a.take_rows<float>(tokens, heads * key_dim)),
          dk(a.take_rows<float>(tokens, kv_heads * key_dim)),
          dv(a.take_rows<float>(tokens, kv_heads * value_dim)) {}

    double visible_pairs() const {
        return double(s.sequences) * s.heads * s.queries * (s.queries + 1.0) / 2;
    }
    void forward(cpu::on on) const { op::attention(on, o, lse, q, k, v, s); }
    void backward(cpu::on on) const {
        op::attention_backward(on, dq, dk, dv, d_o, q, k, v, o, lse, s);
    }
};

// threads, length, heads, kv_heads, key_dim, value_dim
tensors make(const benchmark::State& state) {
    const auto n = [&](int i) { return bench::argument(state, i); };
    return {bench::space().as_arena(), 2048, n(1), n(2), n(3), n(4), n(5)};
}

void forward(benchmark::State& state) {
    pool threads(int(state.range(0)));
    const cpu::on on{&threads};
    const tensors t = make(state);
    const double flop = t.visible_pairs() * 2 * (t.s.key_dim + t.s.value_dim);
    bench::share_of_peak(state, on, flop, [&] { t.forward(on); });
}

void backward(benchmark::State& state) {
    pool threads(int(state.range(0)));
    const cpu::on on{&threads};
    const tensors t = make(state);
    t.forward(on);
    const double flop = t.visible_pairs() * 2 * (3 * t.s.key_dim + 2 * t.s.value_dim);
    bench::share_of_peak(state, on, flop, [&] { t.backward(on); });
}

void shapes(benchmark::internal::Benchmark* b) {
    b->ArgNames({"threads", "length", "heads", "kv_heads", "key_dim", "value_dim"});
    for (const int threads : {1, 2}) {
        b->Args({threads, 256, 4, 4, 64, 64});
        b->Args({threads, 256, 8, 2, 32, 32});
        b->Args({threads, 256, 4, 4, 48, 32});
        b->Args({threads, 1024, 4, 4, 64, 64});
        b->Args({threads, 1024, 4, 4, 192, 128});
    }
    b->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.3);
}

BENCHMARK(forward)->Apply(shapes);
BENCHMARK(backward)->Apply(shapes);

}  // namespace

BENCHMARK_MAIN();
