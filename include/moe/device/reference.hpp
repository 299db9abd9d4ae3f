// SPDX-License-Identifier: MIT
// The device that runs specifications: one thread, any number type, no packed weights. It is the
// first argument of an op; the device 'cpu' converts to it, so an op without a CPU body still runs.
// In a recipe: moe::reference device {};
#pragma once

namespace moe {

struct reference {
    using on = reference;
    static constexpr bool packs_weights = false;
    static constexpr int threads = 1;
    template <class Precision>
    static constexpr bool computes = sizeof(typename Precision::weight) >= sizeof(float);

    template <class Work> void each(int count, Work&& work) const {
        for (int i = 0; i < count; ++i) work(i);
    }
};

}  // namespace moe
