// SPDX-License-Identifier: MIT
// expect: moe: this value is a shard or a partial sum
// Replicas whose selection biases drift apart: each counts its own tokens only.
#include <moe/comm/alone.hpp>
#include <moe/comm/placement.hpp>

using namespace moe;

const std::int64_t* choices(placed<std::span<std::int64_t>, partial<mesh_axis::data>> counts) {
    return whole(counts).data();
}
