// SPDX-License-Identifier: MIT
// Walks over a row of any length sixteen numbers at a time:
//     sweep(width, [&](int j, auto n) { store(y + j, n, load<vector>(x + j, n) * scale); });
// n says how many lanes from j on belong to the row; it is a type of its own where that is all of
// them, so the long part of the loop has no masks. Lanes behind the row are zero when loaded and
// never stored.
#pragma once

#include <moe/device/lanes.hpp>

namespace moe {

struct all_lanes {};
struct first_lanes {
    int count;
};

// T: float, or what a vector widens when it is loaded and rounds to when it is stored.
template <class Vector, class T> MOE_INLINE Vector load(const T* p, all_lanes) {
    return Vector::load(p);
}
template <class Vector, class T> MOE_INLINE Vector load(const T* p, first_lanes n) {
    return Vector::load_first(p, n.count);
}
template <class Vector, class T> MOE_INLINE void store(T* p, all_lanes, Vector value) {
    value.store(p);
}
template <class Vector, class T> MOE_INLINE void store(T* p, first_lanes n, Vector value) {
    value.store_first(p, n.count);
}

template <class Work> MOE_INLINE void sweep(int width, const Work& work) {
    int j = 0;
    for (; j + lane_count <= width; j += lane_count) work(j, all_lanes{});
    if (j < width) work(j, first_lanes{width - j});
}

}  // namespace moe
