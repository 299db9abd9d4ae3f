// SPDX-License-Identifier: MIT
// The name of a type as its author wrote it, without namespaces: 'mla' for moe::mla. For messages,
// reports and checkpoints; the same from GCC and Clang.
#pragma once

#include <string_view>

namespace moe {

namespace detail {

template <class T> consteval std::string_view signature() { return __PRETTY_FUNCTION__; }

// What surrounds the name is the same for every type, so 'int' shows where it begins and ends.
consteval std::string_view qualified(std::string_view signature, std::string_view of_int) {
    const std::size_t before =
        of_int.find("int;") != of_int.npos ? of_int.find("int;") : of_int.find("int]");
    const std::size_t after = of_int.size() - before - 3;
    return signature.substr(before, signature.size() - before - after);
}

// Drops namespaces in front of the outermost name: a::b<c::d> is b<c::d>.
consteval std::string_view without_namespaces(std::string_view name) {
    std::size_t first = 0;
    int depth = 0;
    for (std::size_t i = 0; i + 1 < name.size(); ++i) {
        if (name[i] == '<' || name[i] == '(' || name[i] == '{') ++depth;
        if (name[i] == '>' || name[i] == ')' || name[i] == '}') --depth;
        if (depth == 0 && name[i] == ':' && name[i + 1] == ':') first = i + 2;
    }
    return name.substr(first);
}

}  // namespace detail

template <class T> consteval std::string_view type_name() {
    return detail::without_namespaces(
        detail::qualified(detail::signature<T>(), detail::signature<int>()));
}

static_assert(type_name<int>() == "int");

}  // namespace moe
