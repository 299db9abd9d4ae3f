// SPDX-License-Identifier: MIT
// What follows from a network's one list of parameters: where they lie, their starting values, a
// name for each tensor.
#pragma once

#include <moe/core/random.hpp>
#include <moe/model/transformer.hpp>
#include <moe/op/expanded_update.hpp>
#include <moe/tensor/arena.hpp>

#include <vector>

namespace moe {

namespace detail {
// Of 'lines' rows; all of them unless said.
template <class Field>
void place_parts(Field& field, arena& memory,
                 std::int64_t lines = std::int64_t{1} * Field::is.rows * Field::is.stack) {
    constexpr int of_matrix = larger(Field::is.rows, 1);
    field.each_part([&]<class T>(std::string_view, T*& at, int width, int rows_a_line) {
        // More than one row a line: whole matrices.
        const std::int64_t shared = lines / of_matrix * ceil_divide(of_matrix, rows_a_line);
        at = memory.take<T>((rows_a_line == 1 ? lines : shared) * width);
    });
}
// One member of a stack, or what the field holds of it.
template <class Field>
void visit_parts(Field& field, const name& of_member, int member, auto& visit) {
    const int first = larger(member * Field::is.rows, Field::first_row);
    const int count = (member + 1) * Field::is.rows - first;
    field.each_part([&](std::string_view suffix, auto* at, int width, int rows_a_line) {
        spec part = Field::is;
        part.columns = width;
        part.rows = ceil_divide(part.rows, rows_a_line);
        const int line = rows_a_line == 1 ? first - Field::first_row : member * part.rows;
        visit(of_member.with(suffix),
              rows(at + std::ptrdiff_t(line) * width, ceil_divide(count, rows_a_line), width),
              part);
    });
}
}  // namespace detail

// Memory for a state's fields. A role for trained tensors takes none for the others.
template <class State> void place_weights(State& state, arena& memory) {
    State::each(
        name(), [&](const name&, auto& field) { detail::place_parts(field, memory); }, state);
}
template <class State> void place_packed(State& state, arena& memory) {
    State::each(
        name(),
        [&](const name&, auto& field) {
            constexpr spec is = spec_of<decltype(field)>;
            using field_type = std::remove_cvref_t<decltype(field)>;
            if constexpr (field_type::has_packed && is.count() > 0) {
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
            constexpr spec is = spec_of<decltype(field)>;
            if constexpr (is.trained) detail::place_parts(field, memory, is.trained_rows());
        },
        state);
}

// visit(name, rows, spec) of every tensor that the state holds, the members of a stack one by one
// and behind each other their parts, as tensors of their own.
template <class State> void each_member(State& state, auto&& visit) {
    State::each(
        name(),
        [&](const name& of_field, auto& field) {
            constexpr spec is = spec_of<decltype(field)>;
            if constexpr (is.count() > 0) {
                if (field.at == nullptr) return;
                constexpr int first = std::remove_cvref_t<decltype(field)>::first_row / is.rows;
                for (int member = first; member < is.stack; ++member)
                    detail::visit_parts(field, of_field.member(member), member, visit);
            }
        },
        state);
}

// The stream of random numbers that a tensor of this name draws from.
inline std::uint64_t stream_of(std::string_view of_tensor) {
    std::uint64_t hash = 14695981039346656037U;  // FNV-1a
    for (const char letter : of_tensor) hash = (hash ^ std::uint8_t(letter)) * 1099511628211U;
    return hash;
}

// Starting values: matrices normal with the recipe's deviation, gains 1, biases 0. Each tensor
// draws from a stream of its own, each expert too, so the values depend on name and seed alone.
template <class State> void start_weights(State& state, std::uint64_t seed, double deviation) {
    State::each(
        name(),
        [&](const name& of_field, auto& field) {
            using T = number_of<decltype(field)>;
            constexpr spec is = spec_of<decltype(field)>;
            constexpr std::int64_t each = std::int64_t{1} * is.rows * is.columns;
            for (int member = 0; member < is.stack; ++member) {
                const std::uint64_t stream = stream_of(of_field.member(member).text());
                const auto number = [&](std::int64_t i) {
                    return float(deviation) * random_normal(seed, stream, std::uint64_t(i));
                };
                if constexpr (std::remove_cvref_t<decltype(field)>::split) {
                    std::vector<float> wide(static_cast<std::size_t>(each));
                    for (std::int64_t i = 0; i < each; ++i) wide[std::size_t(i)] = number(i);
                    hold_numbers(field.parts().part(member * is.rows, is.rows),
                                 rows<const float>(wide.data(), is.rows, is.columns));
                } else {
                    T* const at = field.at + member * each;
                    for (std::int64_t i = 0; i < each; ++i) {
                        if constexpr (is.start == start::normal)
                            at[i] = T(number(i));
                        else
                            at[i] = is.start == start::one ? T(1) : T(0);
                    }
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
            if constexpr (std::remove_cvref_t<decltype(field)>::has_packed && is.count() > 0) {
                for (int member = 0; member < is.stack; ++member)
                    op::pack(on, member_of(field.copies, member, is.rows, is.columns),
                             field.view().part(member * is.rows, is.rows));
            }
        },
        state);
}

}  // namespace moe
