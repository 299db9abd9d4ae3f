// SPDX-License-Identifier: MIT
// The fields of a policy: how many it has, and each of them by name. A policy lists its own,
//     constexpr void each(auto visit) const { visit("active", active); }
// and 'checked' refuses a list that misses one. A policy without such a list still works: its
// fields are then called 1, 2, 3, ... A field is a number, a truth value, an enumerator, a text, or
// a struct of such fields.
#pragma once

#include <type_traits>

namespace moe {

namespace detail {

// Converts to whatever a field wants to be initialised with.
struct anything {
    template <class T> constexpr operator T() const;
};

// An aggregate takes as many initialisers as it has fields. A base class counts as one.
template <class T, class... Taken> consteval int initialisers() {
    if constexpr (requires { T{Taken{}..., anything{}}; })
        return initialisers<T, Taken..., anything>();
    else
        return int(sizeof...(Taken));
}

struct ignore_field {
    constexpr void operator()(const char*, const auto&) const {}
};

template <class Policy>
concept lists_fields = requires(const Policy policy) {
    policy.each(ignore_field{});
};

// The list names every field. What is no aggregate keeps its fields to itself.
template <class Policy> consteval bool names_every_field(const Policy& policy) {
    if constexpr (lists_fields<Policy> && std::is_aggregate_v<Policy>) {
        int listed = 0;
        policy.each([&](const char*, const auto&) { ++listed; });
        return listed == initialisers<Policy>();
    } else {
        return true;
    }
}

template <class Policy> constexpr void each_unlisted(const Policy& policy, auto visit) {
    constexpr int count = initialisers<Policy>();
    static_assert(count <= 8,
                  "moe: a policy with more than 8 fields must name them. Add to it, e.g.: "
                  "constexpr void each(auto visit) const { visit(\"active\", active); }");
    const auto all = [&](const auto&... field) {
        const char* const names[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
        int i = 0;
        (visit(names[i++], field), ...);
    };
    if constexpr (count == 1) {
        const auto& [a] = policy;
        all(a);
    } else if constexpr (count == 2) {
        const auto& [a, b] = policy;
        all(a, b);
    } else if constexpr (count == 3) {
        const auto& [a, b, c] = policy;
        all(a, b, c);
    } else if constexpr (count == 4) {
        const auto& [a, b, c, d] = policy;
        all(a, b, c, d);
    } else if constexpr (count == 5) {
        const auto& [a, b, c, d, e] = policy;
        all(a, b, c, d, e);
    } else if constexpr (count == 6) {
        const auto& [a, b, c, d, e, f] = policy;
        all(a, b, c, d, e, f);
    } else if constexpr (count == 7) {
        const auto& [a, b, c, d, e, f, g] = policy;
        all(a, b, c, d, e, f, g);
    } else if constexpr (count == 8) {
        const auto& [a, b, c, d, e, f, g, h] = policy;
        all(a, b, c, d, e, f, g, h);
    }
}

}  // namespace detail

// visit(name, field) for each field of a policy.
template <class Policy> constexpr void each_field(const Policy& policy, auto visit) {
    if constexpr (detail::lists_fields<Policy>)
        policy.each(visit);
    else if constexpr (std::is_aggregate_v<Policy>)
        detail::each_unlisted(policy, visit);
}

}  // namespace moe
