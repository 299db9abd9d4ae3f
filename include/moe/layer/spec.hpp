// SPDX-License-Identifier: MIT
// One list a layer. A layer's state is a struct template on the role that its fields play: weight,
// gradient, moment. 'each' visits the fields of any number of roles in lock-step, so optimizer,
// checkpoint, initialisation and counting all read the same list.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/math.hpp>
#include <moe/core/name.hpp>
#include <moe/precision/remainder.hpp>
#include <moe/tensor/view.hpp>

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace moe {

enum class start : std::uint8_t { normal, one, zero };

// What is known of a tensor at compile time. A vector has one row. 'stack' tensors of one shape
// (experts) lie right behind each other; in the name of such a field a star stands for the index.
struct spec {
    int rows = 1, columns = 1;
    int stack = 1;
    moe::start start = moe::start::normal;
    bool decays = true;      // weight decay applies: matrices yes, gains and biases no
    bool trained = true;     // has a gradient and moments; a selection bias has not
    bool packed = false;     // a GEMM reads it: the device may keep a packed copy
    bool precise = false;    // router, gains, selection biases: high precision under every policy
    bool high = false;       // products in bfloat16 under policies whose weights are narrower
    bool piecewise = false;  // its gradient is added to many times a grain: in high precision
    int grown = 0;           // last rows that a recipe adds to the one it grows
    int frozen = 0;          // first rows that have neither gradient nor moments (trained_part)

    constexpr std::int64_t count() const { return std::int64_t{1} * rows * columns * stack; }
    // What has a gradient: the last rows of all.
    constexpr int trained_rows() const { return trained ? rows * stack - frozen : 0; }
    constexpr std::int64_t trained_count() const {
        return std::int64_t{1} * trained_rows() * columns;
    }
    // What only GEMMs read may be stored in fewer bits: the bulk of a model.
    constexpr bool compressible() const { return packed && !precise && !piecewise && !high; }
};

// Second parts of a tensor. Base: of the numbers that have the remainders; e4m3 has scales too.
template <class Base, class Integer> struct remainders { Integer* at = nullptr; };
template <class Integer> struct remainders<e4m3, Integer> {
    Integer* at = nullptr;
    ue8m0* scale = nullptr;
};
struct scales_of_moment {
    bfloat16* at = nullptr;
};
struct no_part {};

// Roles that a field can play, with the number types that the precision policy chose for them.
// Packed: of the copies that a GEMM reads; Across: one that is summed over outputs is among them.
// High: of the copies of what stays high. Remainder: integers that hold what the products' numbers
// lack (precision/remainder.hpp), in the place of a wider master; no_remainder: nothing holds it;
// void: the master is wider. Group: of neighbours in a row that share a scale where moments are
// held in a byte each (precision/companding.hpp); 0: they are numbers.
//
// A tensor lies in memory in parts, each with a line for every row, or for every so many rows of a
// matrix: each_part(visit(suffix, pointer to the first, elements a line, rows a line)).
template <class Number, class Precise = Number, class Packed = Number, bool Across = true,
          class High = Packed, class Remainder = void, int Group = 0>
struct role {
    template <spec S> using type = std::conditional_t<S.precise, Precise, Number>;
    template <spec S>
    using copy_type =
        std::conditional_t<S.precise, Precise, std::conditional_t<S.high, High, Packed>>;
    template <spec S>
    static constexpr bool in_parts = !std::is_void_v<Remainder> && S.compressible();

    // What layers compute with.
    template <spec S> struct weight {
        static constexpr spec is = S;
        using copy = copy_type<S>;
        static constexpr bool split = in_parts<S>;
        using remainder = std::conditional_t<split, Remainder, void>;
        static constexpr bool has_remainder = std::is_integral_v<remainder>;
        static constexpr bool has_scales = split && std::is_same_v<copy, e4m3>;
        using T = std::conditional_t<split, copy, type<S>>;
        // Products read the master itself where a copy would be the same numbers.
        static constexpr bool reads_master = std::is_same_v<T, copy>;
        static constexpr bool has_packed = S.packed && !split;
        static constexpr bool has_across = Across && !reads_master;
        static constexpr int first_row = 0;  // that 'at' points to
        T* at = nullptr;
        weight_copies<copy> copies;
        [[no_unique_address]] std::conditional_t<split, remainders<copy, Remainder>, no_part> rest;

        constexpr void each_part(auto&& visit) {
            visit(std::string_view(), at, S.columns, 1);
            if constexpr (has_scales)
                visit(std::string_view(".scale"), rest.scale, ceil_divide(S.columns, weight_block),
                      weight_block);
            if constexpr (has_remainder)
                visit(std::string_view(".remainder"), rest.at, S.columns, 1);
        }

        constexpr rows<T> view() const { return {at, S.rows * S.stack, S.columns}; }
        constexpr rows<T> trained_view() const { return view().part(S.frozen, S.trained_rows()); }
        // All parts.
        constexpr auto parts() const requires split {
            const rows<Remainder> behind(rest.at, S.rows * S.stack, S.columns);
            if constexpr (has_scales)
                return split_blocks<Remainder>{view(), rest.scale, behind};
            else
                return split_rows<Remainder>{view(), behind};
        }
        constexpr matrix<copy> one() const {
            return {operand(), copies.packed, S.rows, S.columns, copies.across, scales()};
        }
        constexpr matrices<copy> all() const {
            return {operand(), copies.packed, S.stack, S.rows, S.columns, copies.across, scales()};
        }

    private:
        constexpr const std::uint8_t* scales() const {
            if constexpr (has_scales)
                return reinterpret_cast<const std::uint8_t*>(rest.scale);
            else
                return nullptr;
        }
        constexpr const copy* operand() const {
            if constexpr (reads_master)
                return at;
            else
                return nullptr;
        }
    };
    // Gradients and moments: one number for each that is trained, none for the others.
    template <spec S> struct trained {
        static constexpr spec is = S;
        static constexpr bool companded = Group > 0 && S.compressible();
        using T = std::conditional_t<companded, std::uint8_t,
                                     std::conditional_t<S.piecewise, Precise, type<S>>>;
        static constexpr int groups = companded ? ceil_divide(S.columns, Group > 0 ? Group : 1) : 0;
        static constexpr int first_row = S.frozen;
        T* at = nullptr;
        [[no_unique_address]] std::conditional_t<companded, scales_of_moment, no_part> rest;

        constexpr void each_part(auto&& visit) {
            visit(std::string_view(), at, S.columns, 1);
            if constexpr (companded) visit(std::string_view(".scale"), rest.at, groups, 1);
        }
        constexpr rows<T> view() const { return {at, S.trained_rows(), S.columns}; }
    };
};

// The spec and the number type of a field that a visitor was given: spec_of<decltype(field)>.
template <class Field> inline constexpr spec spec_of = std::remove_cvref_t<Field>::is;
template <class Field> using number_of = typename std::remove_cvref_t<Field>::T;

namespace detail {
template <class State> consteval bool has_trained() {
    bool any = false;
    State s{};
    State::each(
        name(),
        [&](const name&, auto& field) {
            any = any || spec_of<decltype(field)>.trained_count() > 0;
        },
        s);
    return any;
}
}  // namespace detail

// Whether a state holds anything that is trained: if constexpr (trains<decltype(gradients.first)>)
template <class State>
inline constexpr bool trains = detail::has_trained<std::remove_cvref_t<State>>();

namespace detail {
// One byte: the size of a state in this role is the number of its fields.
template <spec S> struct probe {
    static constexpr spec is = S;
    char visits = 0;
};
}  // namespace detail

// True when State::each visits every field exactly once. A forgotten or repeated line does not
// compile: static_assert(lists_every_field<layer::template state>()).
template <template <template <spec> class> class State> consteval bool lists_every_field() {
    State<detail::probe> s{};
    int once = 0;
    State<detail::probe>::each(
        name(), [](const name&, auto& field) { ++field.visits; }, s);
    State<detail::probe>::each(
        name(), [&](const name&, auto& field) { once += field.visits == 1; }, s);
    return once == (std::is_empty_v<State<detail::probe>> ? 0 : int(sizeof s));
}

}  // namespace moe
