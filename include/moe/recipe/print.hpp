// SPDX-License-Identifier: MIT
// A recipe as text: a flat list of keys and values, for describe, checkpoints and JSON.
//     attention = mla, attention.heads = 4, attention.q_rank = 0, ...
// The value of a slot is the name of its policy; the fields of the policy follow (fields.hpp says
// how they are found). A number has the fewest digits that give the same number back, in every
// locale, so two recipes are the same if their texts are.
#pragma once

#include <moe/core/name.hpp>
#include <moe/core/type_name.hpp>
#include <moe/recipe/fields.hpp>
#include <moe/recipe/of.hpp>

#include <charconv>
#include <string_view>
#include <type_traits>

namespace moe {

// Lives as long as the visit.
struct recipe_field {
    std::string_view key, value;
    bool quoted;  // JSON puts it in quotes: neither a number nor true or false
};

namespace detail {

template <class T> void print_value(const name& key, const T& value, auto& visit) {
    if constexpr (std::is_same_v<T, bool>) {
        visit(recipe_field{key, value ? "true" : "false", false});
    } else if constexpr (std::is_arithmetic_v<T>) {
        char text[64];
        const char* const end = std::to_chars(text, text + sizeof text, value).ptr;
        const bool finite = value - value == 0;
        visit(recipe_field{key, {text, std::size_t(end - text)}, !finite});
    } else if constexpr (requires { std::string_view(value); }) {
        visit(recipe_field{key, std::string_view(value), true});
    } else if constexpr (requires { std::string_view(text_of(value)); }) {
        // An enumeration with names: constexpr std::string_view text_of(color);
        visit(recipe_field{key, std::string_view(text_of(value)), true});
    } else if constexpr (std::is_enum_v<T>) {
        print_value(key, static_cast<std::underlying_type_t<T>>(value), visit);
    } else {
        static_assert(std::is_class_v<T>,
                      "moe: a field of a policy must be a number, a truth value, an enumerator, a "
                      "text or a struct of these. For several numbers write, e.g.: "
                      "std::array<int, 3> sizes {1, 2, 3};");
        visit(recipe_field{key, type_name<T>(), true});
        each_field(value, [&](const char* field, const auto& of_field) {
            print_value(key.with(".").with(field), of_field, visit);
        });
    }
}

}  // namespace detail

// visit(recipe_field) for every slot and every field.
template <class Recipe> void print(auto visit) {
    each_slot<Recipe>([&](const char* slot, const auto& policy) {
        detail::print_value(name(slot), policy, visit);
    });
}

}  // namespace moe
