// SPDX-License-Identifier: MIT
// Every kernel with the sizes that users are given, and with small ones that run in the emulator in
// no time. Each name stands in the manifest of the static gate.
#pragma once

#include "tests/cuda/atoms.hpp"

#include <moe/op/gemm.cuda.hpp>
#include <moe/op/grouped_linear.cuda.hpp>
#include <moe/op/rms_norm.cuda.hpp>

namespace test {

struct rms_norm : moe::op::rms_norm_kernel<8, 4> {};
struct rms_norm_ragged : moe::op::rms_norm_kernel<8, 1> {};
struct rms_norm_bf16 : moe::op::rms_norm_kernel<8, 4, std::uint16_t> {};
struct gemm : moe::op::gemm_kernel<moe::op::gemm_tile<128, 128, 32, 4, 2, 4>> {};
struct gemm_deep : moe::op::gemm_kernel<moe::op::gemm_tile<128, 128, 64, 3, 2, 2>> {};
struct grouped
    : moe::op::grouped_linear_kernel<moe::op::gemm_tile<128, 128, 32, 4, 2, 4>, std::uint16_t> {};
struct grouped_small : moe::op::grouped_linear_kernel<moe::op::gemm_tile<32, 32, 32, 3, 2, 1>> {};
struct gemm_small : moe::op::gemm_kernel<moe::op::gemm_tile<32, 32, 32, 3, 2, 1>> {};

}  // namespace test

#define MOE_KERNELS(each)                                                               \
    each(rms_norm) each(rms_norm_ragged) each(rms_norm_bf16) each(gemm) each(gemm_deep) \
        each(gemm_small) each(grouped) each(grouped_small) each(atoms)
