// SPDX-License-Identifier: MIT
// expect: moe: this value is no partial sum along the axis
// Experts' gradients scaled by the wrong number of ranks, as in NVIDIA-NeMo/Automodel#1408.
#include <moe/comm/alone.hpp>
#include <moe/comm/placement.hpp>

using namespace moe;

void finish(alone& experts, placed<std::span<float>, partial<mesh_axis::data>> gradient) {
    all_reduce(along<mesh_axis::expert>(experts), gradient);
}
