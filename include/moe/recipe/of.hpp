// SPDX-License-Identifier: MIT
// The one value of a recipe, known at compile time. Only the recipe's type travels through
// templates, so every symbol stays short: of<nano>.model.layers.
#pragma once

#include <type_traits>

namespace moe {

template <class Recipe> inline constexpr Recipe of{};

// The policies that a recipe's slots hold, as types: slots<nano>::attention is moe::mla.
template <class Recipe> struct slots {
    using model = std::remove_cv_t<decltype(Recipe::model)>;
    using attention = std::remove_cv_t<decltype(Recipe::attention)>;
    using ffn = std::remove_cv_t<decltype(Recipe::ffn)>;
    using routing = std::remove_cv_t<decltype(Recipe::routing)>;
    using balance = std::remove_cv_t<decltype(Recipe::balance)>;
    using precision = std::remove_cv_t<decltype(Recipe::precision)>;
    using parallel = std::remove_cv_t<decltype(Recipe::parallel)>;
    using optimizer = std::remove_cv_t<decltype(Recipe::optimizer)>;
    using device = std::remove_cv_t<decltype(Recipe::device)>;
};

// All slots in order: visit("model", of<Recipe>.model), ...
template <class Recipe> constexpr void each_slot(auto visit) {
    visit("model", of<Recipe>.model);
    visit("attention", of<Recipe>.attention);
    visit("ffn", of<Recipe>.ffn);
    visit("routing", of<Recipe>.routing);
    visit("balance", of<Recipe>.balance);
    visit("precision", of<Recipe>.precision);
    visit("parallel", of<Recipe>.parallel);
    visit("optimizer", of<Recipe>.optimizer);
    visit("device", of<Recipe>.device);
}

}  // namespace moe
