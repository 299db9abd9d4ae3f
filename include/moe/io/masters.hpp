// SPDX-License-Identifier: MIT
// Weights between files and models of different precision. A master weight is one number, or, where
// a policy holds it in few bits (precision/remainder.hpp), several tensors: 'NAME' in bfloat16, or
// in e4m3 with 'NAME.scale', and 'NAME.remainder' in 8-bit or 16-bit integers.
#pragma once

#include <moe/io/safetensors.hpp>

#include <vector>

namespace moe::io {

// Fills every wanted tensor, as fill() does, whichever way file and model hold their weights: two
// parts are joined, one number is split or rounded to what is wanted. Equal ways give equal bits.
void fill_masters(const tensor_list& wanted, const std::string& path);

// The same weights as one FP32 number each, in memory of their own where they are held otherwise.
// What is changed here reaches the model with store().
class whole_masters {
public:
    explicit whole_masters(const tensor_list& held);

    const tensor_list& list() const { return whole_; }
    void store() const;

private:
    struct joined {
        std::size_t whole;               // its place in the list
        named_tensor base, rest, scale;  // without data where there is none
    };
    tensor_list whole_;
    std::vector<std::vector<float>> numbers_;
    std::vector<joined> parts_;
};

}  // namespace moe::io
