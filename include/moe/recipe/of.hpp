// SPDX-License-Identifier: MIT
// The one value of a recipe, known at compile time. Only the recipe's type travels through
// templates, so every symbol stays short: of<nano>.model.layers.
#pragma once

namespace moe {

template <class Recipe> inline constexpr Recipe of{};

}  // namespace moe
