// SPDX-License-Identifier: MIT
// What follows from a network's one list of parameters: where they lie, their starting values, a
// name for each tensor.
#pragma once

#include <moe/core/random.hpp>
#include <moe/model/transformer.hpp>
#include <moe/tensor/arena.hpp>

namespace moe {

// Memory for a state's fields. A role for trained tensors takes none for the others.
template <class State> void place_weights(State& state, arena& memory) {
    State::each(
        name(),
        [&](const name&, auto& field) {
            using T = number_of<decltype(field)>;
            field.at = memory.take<T>(spec_of<decltype(field)>.count());
        },
        state);
}
template <class State> void place_packed(State& state, arena& memory) {
    State::each(
        name(),
        [&](const name&, auto& field) {
            constexpr spec is = spec_of<decltype(field)>;
            if constexpr (is.packed && is.count() > 0) {
                using field_type = std::remove_cvref_t<decltype(field)>;
                using T = typename field_type::copy;
                field.copies.packed =
                    memory.take<T>(is.stack * packed_size<T>(is.rows, is.columns));
                // A master that products can read serves the one that sums over outputs.
                if constexpr (field_type::has_across)
                    field.copies.across =
                        memory.take<T>(is.stack * packed_size<T>(is.columns, is.rows));
            }
        },
        state);
}
template <class State> void place_trained(State& state, arena& memory) {
    State::each(
        name(),
        [&](const name&, auto& field) {
            using T = number_of<decltype(field)>;
            if constexpr (spec_of<decltype(field)>.trained)
                field.at = memory.take<T>(spec_of<decltype(field)>.count());
        },
        state);
}

// visit(name, rows, spec) of every tensor that the state holds, the members of a stack one by one.
template <class State> void each_member(State& state, auto&& visit) {
    State::each(
        name(),
        [&](const name& of_field, auto& field) {
            using T = number_of<decltype(field)>;
            constexpr spec is = spec_of<decltype(field)>;
            if (is.count() == 0 || field.at == nullptr) return;
            for (int member = 0; member < is.stack; ++member)
                visit(of_field.member(member),
                      rows<T>(field.at + std::ptrdiff_t(member) * is.rows * is.columns, is.rows,
                              is.columns),
                      is);
        },
        state);
}

// Starting values: matrices normal with the recipe's deviation, gains 1, biases 0. Each tensor
// draws from a stream of its own, each expert too, so the values depend on name and seed alone.
template <class State> void start_weights(State& state, std::uint64_t seed, double deviation) {
    const auto stream_of = [](std::string_view text) {
        std::uint64_t hash = 14695981039346656037U;  // FNV-1a
        for (const char letter : text) hash = (hash ^ std::uint8_t(letter)) * 1099511628211U;
        return hash;
    };
    State::each(
        name(),
        [&](const name& of_field, auto& field) {
            using T = number_of<decltype(field)>;
            constexpr spec is = spec_of<decltype(field)>;
            constexpr std::int64_t each = std::int64_t{1} * is.rows * is.columns;
            for (int member = 0; member < is.stack; ++member) {
                T* const at = field.at + member * each;
                const std::uint64_t stream = stream_of(of_field.member(member));
                for (std::int64_t i = 0; i < each; ++i) {
                    if constexpr (is.start == start::normal)
                        at[i] = T(float(deviation) * random_normal(seed, stream, std::uint64_t(i)));
                    else
                        at[i] = is.start == start::one ? T(1) : T(0);
                }
            }
        },
        state);
}

// Renews every packed copy from its master.
template <class State> void pack_weights(auto on, State& state) {
    State::each(
        name(),
        [&](const name&, auto& field) {
            constexpr spec is = spec_of<decltype(field)>;
            if constexpr (is.packed && is.count() > 0) {
                for (int member = 0; member < is.stack; ++member)
                    op::pack(on, member_of(field.copies, member, is.rows, is.columns),
                             field.view().part(member * is.rows, is.rows));
            }
        },
        state);
}

}  // namespace moe
