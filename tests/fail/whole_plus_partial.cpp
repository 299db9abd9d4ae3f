// SPDX-License-Identifier: MIT
// expect: moe: both terms must lie on the ranks in the same way
// A loss that every rank has, added to every term of a sum, as in NVIDIA/Megatron-LM#5047.
#include <moe/comm/alone.hpp>
#include <moe/comm/placement.hpp>

using namespace moe;

void add(placed<double, partial<mesh_axis::data>> loss, placed<double> balance_loss) {
    loss + balance_loss;
}
