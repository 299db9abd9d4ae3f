// SPDX-License-Identifier: MIT
// RMSNorm and its ways back, as the share of a copy of the bytes they read and write.
#include "bench/support/numbers.hpp"
#include "bench/support/share.hpp"

#include <moe/op/rms_norm.cpu.hpp>

namespace {

using namespace moe;

// threads, tokens, width
struct norm {
    rows<float> x, y, dx, gain, dgain;
    float* r;

    norm(arena a, int tokens, int width)
        : x(bench::numbers(a, tokens, width, 1)),
          y(bench::numbers(a, tokens, width, 2)),
          dx(bench::numbers(a, tokens, width, 3)),
          gain(bench::numbers(a, 1, width, 4)),
          dgain(bench::numbers(a, 1, width, 5)),
          r(a.take<float>(tokens)) {}
    void forward(cpu::on on) const { op::rms_norm(on, y, r, x, gain.at, 1e-6F); }
    // y stands for its own gradient.
    void backward_input(cpu::on on) const { op::rms_norm_backward_input(on, dx, y, x, r, gain.at); }
    void backward_weight(cpu::on on) const { op::rms_norm_backward_weight(on, dgain, y, x, r); }
};

template <class Work>
void measure(benchmark::State& state, double passes, double flop, const Work& work) {
    pool threads(bench::argument(state, 0));
    const cpu::on on{&threads};
    const norm n(bench::space().as_arena(), bench::argument(state, 1), bench::argument(state, 2));
    n.forward(on);
    const double count = double(n.x.count) * n.x.width;
    bench::share_of_copy(state, on, passes * 4 * count, flop * count, [&] { work(on, n); });
}
void forward(benchmark::State& state) {
    measure(state, 2, 4, [](auto on, const norm& n) { n.forward(on); });
}
void backward_input(benchmark::State& state) {
    measure(state, 3, 8, [](auto on, const norm& n) { n.backward_input(on); });
}
void backward_weight(benchmark::State& state) {
    measure(state, 2, 3, [](auto on, const norm& n) { n.backward_weight(on); });
}
BENCHMARK(forward)->Apply(bench::rows_of_tokens);
BENCHMARK(backward_input)->Apply(bench::rows_of_tokens);
BENCHMARK(backward_weight)->Apply(bench::rows_of_tokens);

}  // namespace

BENCHMARK_MAIN();
