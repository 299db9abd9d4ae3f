// SPDX-License-Identifier: MIT
// expect: moe: a function of a partial sum
// Squares of terms instead of the square of their sum.
#include <moe/comm/alone.hpp>
#include <moe/comm/placement.hpp>

using namespace moe;

void norm(alone& ranks, placed<std::span<float>, partial<mesh_axis::data>> gradient) {
    sum_of(gradient, ranks.part(8), [](double x) { return x * x; });
}
