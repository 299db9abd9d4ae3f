// SPDX-License-Identifier: MIT
// Matrices in e4m3 in Hugging Face's fine-grained form, which DeepSeek publishes its weights in:
// beside NAME, codes, stands NAME_scale_inv, an FP32 for each block of 128 x 128 numbers that its
// codes are multiplied by (the name notwithstanding). Scales that are written are powers of two,
// chosen as products in e4m3 choose them (op/pack_e4m3.hpp); any are read.
#pragma once

#include <moe/io/safetensors.hpp>
#include <moe/io/tensor_list.hpp>

#include <memory>
#include <string>
#include <vector>

namespace moe::io {

std::string name_of_scales(const std::string& matrix);

// A matrix in F32 or BF16 as codes and scales, in memory of their own.
struct block_scaled {
    std::unique_ptr<char[]> code;
    std::unique_ptr<float[]> scale;
    tensor_list both;

    explicit block_scaled(const named_tensor& matrix);
};

// Of the wanted tensors, those that the source holds in this form.
tensor_list coded_in(const tensor_list& wanted, const tensor_source& source);
// Fills one of them, in F32, with its numbers. Refuses, naming file and tensor: scales that are
// missing or do not fit, a shape that is not wanted.
void fill_coded(const named_tensor& wanted, const tensor_source& source);

}  // namespace moe::io
