// SPDX-License-Identifier: MIT
// expect: moe: only shards can be gathered
// Terms laid beside each other.
#include <moe/comm/alone.hpp>
#include <moe/comm/placement.hpp>

using namespace moe;

void finish(alone& ranks, placed<std::span<float>, partial<mesh_axis::data>> gradient) {
    all_gather(along<mesh_axis::data>(ranks), gradient);
}
