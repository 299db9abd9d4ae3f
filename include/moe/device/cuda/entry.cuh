// SPDX-License-Identifier: MIT
// A kernel as a __global__ function. For nvcc.
#pragma once

#include <moe/device/cuda/context.cuh>

namespace moe::cuda_device {

template <class Kernel, class Arch>
__global__ __launch_bounds__(Kernel::threads,
                             Kernel::blocks_at_once) void entry(const __grid_constant__
                                                                typename Kernel::parameters p) {
    static_assert(Kernel::shared_bytes <= Arch::shared_bytes,
                  "moe: this kernel needs more shared memory than a block may use");
    context<Arch> cx;
    Kernel::run(cx, p);
}

}  // namespace moe::cuda_device
