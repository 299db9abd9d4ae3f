// SPDX-License-Identifier: MIT
// What an optimizer must say: the concept of the recipe's slot 'optimizer'.
#pragma once

#include <moe/device/reference.hpp>
#include <moe/tensor/view.hpp>

#include <array>
#include <concepts>
#include <cstdint>

namespace moe {

// What changes from step to step and from tensor to tensor.
struct update_settings {
    std::int64_t step = 1;  // counts from 1
    double rate = 0;
    double clip = 1;     // multiplies the gradient (optim/clip.hpp)
    bool decays = true;  // weight decay applies to this tensor
    bool exact = true;   // the moments are what the last update left; if not, it bounds its step
};

//   moments      numbers kept for each trained weight
//   clip         largest norm of the whole gradient; 0: no limit
//   update(on, w, g, moments, copies, matrix_rows, settings)
// update changes w and the moments, zeroes g and rewrites the packed copies (null where the device
// has none) of a stack of matrices of matrix_rows rows each. It must treat elements or whole
// matrices independently of how the work is split.
template <class Policy>
concept optimizer_policy = requires(const Policy policy, rows<double> w,
                                    weight_copies<double> copies,
                                    std::array<rows<double>, std::size_t(Policy::moments)> moments,
                                    const update_settings& settings) {
    { policy.clip } -> std::convertible_to<double>;
    policy.update(reference{}, w, w, moments, copies, 1, settings);
};

}  // namespace moe
