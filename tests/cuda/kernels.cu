// SPDX-License-Identifier: MIT
// The kernels that the static gate looks at and the PTX executor runs, each with the numbers that
// users are given.
#include "tests/cuda/kernels.hpp"

#include <moe/device/cuda/entry.cuh>

namespace moe::cuda_device {

#define MOE_KERNEL(name)                              \
    template __global__ void entry<test::name, sm80>( \
        const __grid_constant__ test::name::parameters);
MOE_KERNELS(MOE_KERNEL)

}  // namespace moe::cuda_device
