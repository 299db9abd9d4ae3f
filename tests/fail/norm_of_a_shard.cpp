// SPDX-License-Identifier: MIT
// expect: moe: this value is a shard or a partial sum
// A norm that misses what other ranks hold, as in NVIDIA/Megatron-LM#5916.
#include <moe/comm/alone.hpp>
#include <moe/comm/placement.hpp>

using namespace moe;

double norm(alone& ranks, placed<std::span<float>, sharded<mesh_axis::data>> gradient) {
    return whole(sum_of(gradient, ranks.part(8), [](double x) { return x * x; }));
}
