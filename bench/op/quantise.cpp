// SPDX-License-Identifier: MIT
// Numbers into e4m3 and e5m6 with scales and back, as the share of a copy of the same bytes.
#include "bench/support/share.hpp"

#include <moe/core/random.hpp>
#include <moe/op/quantise.cpu.hpp>

namespace {

using namespace moe;

// threads, rows, width
template <class Format, class Scaling, bool Back> void convert(benchmark::State& state) {
    pool threads(int(state.range(0)));
    const cpu::on on{&threads};
    const int count = int(state.range(1)), width = int(state.range(2));
    const memory space(std::size_t{256} << 20);
    arena a = space.as_arena();
    const auto x = a.take_rows<bfloat16>(count, width);
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < width; ++j)
            x(i, j) = bfloat16(random_normal(1, std::uint64_t(i), std::uint64_t(j)));
    const quantised<Format, Scaling> q(
        a.take_rows<stored<Format>>(count, elements_of<Format>(width)),
        a.take<typename Scaling::number>(int(Scaling::scales(count, width))), width);
    op::quantise(on, q, x);
    const double bytes =
        double(count) * elements_of<Format>(width) * sizeof(stored<Format>) + 2.0 * count * width;
    bench::share_of_copy(state, on, bytes, 0, [&] {
        if constexpr (Back)
            op::dequantise(on, x, q);
        else
            op::quantise(on, q, x);
    });
}

void shapes(benchmark::internal::Benchmark* b) {
    b->ArgNames({"threads", "rows", "width"});
    for (const int threads : {1, 2}) b->Args({threads, 4096, 1024});
    b->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.3);
}
BENCHMARK(convert<e4m3, tile_1x128<>, false>)->Apply(shapes);
BENCHMARK(convert<e4m3, tile_1x128<>, true>)->Apply(shapes);
BENCHMARK(convert<e4m3, tile_128x1<>, false>)->Apply(shapes);
BENCHMARK(convert<e4m3, block_128x128<>, false>)->Apply(shapes);
BENCHMARK(convert<e5m6, tile_1x128<>, false>)->Apply(shapes);
BENCHMARK(convert<e5m6, tile_1x128<>, true>)->Apply(shapes);

}  // namespace

BENCHMARK_MAIN();
