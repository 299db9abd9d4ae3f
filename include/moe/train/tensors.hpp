// SPDX-License-Identifier: MIT
// A network and its optimizer as flat lists of named tensors: what checkpoints, export and import
// read and write.
#pragma once

#include <moe/io/tensor_list.hpp>
#include <moe/recipe/print.hpp>
#include <moe/train/optimizer.hpp>

#include <string>

namespace moe {

namespace detail {
// Gains and biases are vectors, everything else a matrix.
inline std::vector<std::int64_t> shape_of_tensor(spec is) {
    if (is.rows == 1 && !is.decays) return {is.columns};
    return {is.rows, is.columns};
}
}  // namespace detail

// Masters and selection biases.
template <class Recipe, class On> io::tensor_list tensors_of(network<Recipe, On>& network) {
    io::tensor_list list;
    network.each_parameter([&](const name& of_field, auto values, spec is) {
        list.push_back(io::make_tensor(of_field.text(), values.at, detail::shape_of_tensor(is)));
    });
    return list;
}

// The moments of every trained parameter: "moment1.NAME", "moment2.NAME"...
template <class Recipe, class On> io::tensor_list tensors_of(optimizer<Recipe, On>& optimizer) {
    io::tensor_list list;
    optimizer.each_moment([&](int moment, const name& of_field, auto values, spec is) {
        list.push_back(
            io::make_tensor(name("moment").with(moment + 1).with(".").with(of_field.text()).text(),
                            values.at, detail::shape_of_tensor(is)));
    });
    return list;
}

// The recipe as it stands in a manifest.
template <class Recipe> io::key_values recipe_text() {
    io::key_values list;
    print<Recipe>([&](const recipe_field& field) {
        list.push_back({std::string(field.key), std::string(field.value)});
    });
    return list;
}

}  // namespace moe
