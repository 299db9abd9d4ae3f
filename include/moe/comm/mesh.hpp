// SPDX-License-Identifier: MIT
// Who the ranks are: the policy for the slot 'parallel'. A mesh without axes is one rank, which
// holds everything and talks to nobody.
#pragma once

#include <cstdint>

namespace moe {

// Along 'data' every rank has the whole network and a part of the batch. Along 'expert' the experts
// of a layer would be spread: types know it, no layout uses it yet.
enum class mesh_axis : std::uint8_t { data, expert };

template <class Policy>
concept mesh_policy = requires {
    requires Policy::is_mesh;
};

struct mesh {
    static constexpr bool is_mesh = true;
    int data = 1;  // ranks along this axis
    int zero = 0;  // stage of ZeRO; 1: of the optimizer's moments each of them holds its share

    constexpr void each(auto visit) const {
        visit("data", data);
        visit("zero", zero);
    }
};

static_assert(mesh_policy<mesh>);

// How many ranks run a recipe. An own mesh that does not say runs alone.
template <mesh_policy Mesh> constexpr int ranks_of(const Mesh& m) {
    if constexpr (requires { m.data; })
        return m.data;
    else
        return 1;
}

// Whether ranks along 'data' share the optimizer's moments.
template <mesh_policy Mesh> constexpr bool shares_moments(const Mesh& m) {
    if constexpr (requires { m.zero; })
        return m.zero > 0;
    else
        return false;
}

}  // namespace moe
