// SPDX-License-Identifier: MIT
// expect: moe: this value is no partial sum along the axis
// Twice the gradient from two ranks, as in deepspeedai/DeepSpeed#5259 and pytorch/pytorch#160285.
#include <moe/comm/alone.hpp>
#include <moe/comm/placement.hpp>

using namespace moe;

void finish(alone& ranks, placed<std::span<float>, partial<mesh_axis::data>> gradient) {
    const auto sum = all_reduce(along<mesh_axis::data>(ranks), gradient);
    all_reduce(along<mesh_axis::data>(ranks), sum);
}
