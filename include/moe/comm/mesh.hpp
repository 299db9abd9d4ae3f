// SPDX-License-Identifier: MIT
// Who the ranks are: the policy for the slot 'parallel'. A mesh without axes is one rank, which
// holds everything and talks to nobody.
#pragma once

namespace moe {

template <class Policy>
concept mesh_policy = requires {
    requires Policy::is_mesh;
};

struct mesh {
    static constexpr bool is_mesh = true;
};

static_assert(mesh_policy<mesh>);

}  // namespace moe
