// SPDX-License-Identifier: MIT
// The fields of a policy: how many it has, and each of them by name. A policy lists its own,
//     constexpr void each(auto visit) const { visit("active", active); }
// and 'checked' refuses a list that misses one. A policy without such a list still works: its
// fields, at most 8, are then called 1, 2, 3, ... A field is a number, a truth value, an
// enumerator, a text, or a struct of such fields.
#pragma once

#include <type_traits>

namespace moe {

namespace detail {

// Converts to whatever a field wants to be initialised with; or to all but a base of Whole; or only
// to a base.
struct anything {
    template <class T> constexpr operator T() const;
};
template <class Whole> struct anything_but_a_base {
    template <class T>
    requires(!std::is_base_of_v<T, Whole>) constexpr operator T() const;
};
template <class Whole> struct only_a_base {
    template <class T>
    requires(std::is_base_of_v<T, Whole>) constexpr operator T() const;
};

// An aggregate takes as many initialisers as it has fields. A base class counts as one, unless
// nothing converts to it: then its fields count.
template <class T, class Any, class... Taken> consteval int initialisers() {
    if constexpr (requires { T{Taken{}..., Any{}}; })
        return initialisers<T, Any, Taken..., Any>();
    else
        return int(sizeof...(Taken));
}
template <class T> consteval int initialisers() { return initialisers<T, anything>(); }
template <class T> consteval int fields() { return initialisers<T, anything_but_a_base<T>>(); }
template <class T>
concept has_a_base = requires {
    T{only_a_base<T>{}};
};

struct ignore_field {
    constexpr void operator()(const char*, const auto&) const {}
};

template <class Policy>
concept lists_fields = requires(const Policy policy) {
    policy.each(ignore_field{});
};

inline constexpr int most_unlisted = 8;

// What is no aggregate keeps its fields to itself; fields behind an empty base cannot be counted.
// Without a list all fields must be of one class.
template <class Policy> consteval bool names_every_field(const Policy& policy) {
    constexpr int count = fields<Policy>();
    if constexpr (!std::is_aggregate_v<Policy>) {
        return true;
    } else if constexpr (lists_fields<Policy>) {
        int listed = 0;
        policy.each([&](const char*, const auto&) { ++listed; });
        return listed == count || (has_a_base<Policy> && count == 0);
    } else {
        return count <= most_unlisted && (!has_a_base<Policy> || initialisers<Policy>() == 1);
    }
}

template <class Policy> constexpr void each_unlisted(const Policy& policy, auto visit) {
    constexpr int count = fields<Policy>();
    static_assert(count <= most_unlisted,
                  "moe: a policy with more than 8 fields must name them. Write, e.g.: "
                  "constexpr void each(auto visit) const { visit(\"scale\", scale); }");
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
