// SPDX-License-Identifier: MIT
// into += from, element by element: residual branches, and the tree of gradients over grains.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/device/reference.hpp>
#include <moe/tensor/view.hpp>

namespace moe::op {

template <class T> void add(reference, rows<T> into, input<T> from) {
    MOE_CHECK(into.count, ==, from.count);
    MOE_CHECK(into.width, ==, from.width);
    for (int i = 0; i < into.count; ++i)
        for (int j = 0; j < into.width; ++j) into(i, j) = T(wide<T>(into(i, j)) + from(i, j));
}

// ... and leaves 'from' zero, ready to be added to again.
template <class T> void add_and_clear(reference, rows<T> into, output<T> from) {
    MOE_CHECK(into.count, ==, from.count);
    MOE_CHECK(into.width, ==, from.width);
    for (int i = 0; i < into.count; ++i)
        for (int j = 0; j < into.width; ++j) {
            into(i, j) = T(wide<T>(into(i, j)) + from(i, j));
            from(i, j) = T(wide<T>(0));
        }
}

}  // namespace moe::op
