// SPDX-License-Identifier: MIT
// The tensors of a state as few long arrays: what lies behind each other in memory, has one type
// and is treated alike goes through the ranks in one piece.
#pragma once

#include <moe/layer/spec.hpp>
#include <moe/tensor/arena.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace moe {

namespace detail {

template <class T, class State> void each_run_of(State& state, auto& visit) {
    constexpr std::ptrdiff_t gap = arena::alignment / sizeof(T);
    T *first = nullptr, *last = nullptr;
    State::each(
        name(),
        [&](const name&, auto& field) {
            constexpr spec is = spec_of<decltype(field)>;
            if constexpr (std::is_same_v<number_of<decltype(field)>, T> && is.trained_count() > 0) {
                const bool goes_on = first && field.at >= last && field.at - last < gap;
                if (!goes_on) {
                    if (first) visit(first, std::int64_t(last - first));
                    first = field.at;
                }
                last = field.at + is.trained_count();
            }
        },
        state);
    if (first) visit(first, std::int64_t(last - first));
}

}  // namespace detail

// visit(first, count) for each run of trained tensors of one of the types that lie behind each
// other; all tensors must have one of these types. What is unused between two tensors belongs to
// their run.
template <class... Types, class State, class Visit> void each_run(State& state, Visit visit) {
    State::each(
        name(),
        [](const name&, auto& field) {
            using T = number_of<decltype(field)>;
            static_assert(!spec_of<decltype(field)>.trained || (std::is_same_v<T, Types> || ...));
        },
        state);
    (detail::each_run_of<Types>(state, visit), ...);
}

}  // namespace moe
