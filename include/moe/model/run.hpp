// SPDX-License-Identifier: MIT
// The tensors of a state as few long arrays: what lies behind each other in memory, has one type
// and is treated alike goes through the ranks in one piece.
#pragma once

#include <moe/layer/spec.hpp>
#include <moe/tensor/arena.hpp>

#include <cstddef>
#include <cstdint>

namespace moe {

namespace detail {
template <class T, class Visit> void show_run(Visit& visit, std::byte* first, std::byte* last) {
    visit(reinterpret_cast<T*>(first), std::int64_t(last - first) / std::int64_t(sizeof(T)));
}
}  // namespace detail

// visit(first, count) for each run of trained tensors of one type that lie behind each other. What
// is unused between two of them belongs to the run.
template <class State, class Visit> void each_run(State& state, Visit visit) {
    std::byte *first = nullptr, *last = nullptr;
    void (*show)(Visit&, std::byte*, std::byte*) = nullptr;
    State::each(
        name(),
        [&](const name&, auto& field) {
            using T = number_of<decltype(field)>;
            constexpr spec is = spec_of<decltype(field)>;
            if constexpr (is.trained && is.count() > 0) {
                static_assert(arena::alignment % sizeof(T) == 0);
                auto* const at = reinterpret_cast<std::byte*>(field.at);
                // One type has one function.
                const bool goes_on = show == detail::show_run<T, Visit> && at >= last &&
                                     at - last < std::ptrdiff_t(arena::alignment);
                if (!goes_on) {
                    if (show) show(visit, first, last);
                    first = at, show = detail::show_run<T, Visit>;
                }
                last = at + is.count() * sizeof(T);
            }
        },
        state);
    if (show) show(visit, first, last);
}

}  // namespace moe
