// SPDX-License-Identifier: MIT
// How ranks hold a value, in its type. Along each axis of the mesh a value is the same on every
// rank (nothing is said), cut into shards (sharded<an axis>), or a sum whose terms the ranks hold
// (partial<an axis>). What takes only whole values, as an optimizer does, does not compile with a
// partial sum, and a sum along the wrong axis, or a second one, does not compile either.
//
//   placed<std::span<float>, partial<mesh_axis::data>> gradient(values);
//   placed<std::span<float>> whole = all_reduce(along<mesh_axis::data>(ranks), gradient);
#pragma once

#include <moe/comm/communicator.hpp>
#include <moe/comm/mesh.hpp>

#include <type_traits>
#include <utility>

namespace moe {

template <mesh_axis Along> struct sharded {
    static constexpr bool is_sum = false;
    template <template <mesh_axis> class Other> using as = Other<Along>;
};
template <mesh_axis Along> struct partial {
    static constexpr bool is_sum = true;
    template <template <mesh_axis> class Other> using as = Other<Along>;
};

template <class Value, class... Where> class placed {
public:
    constexpr explicit placed(Value value) : value_(std::move(value)) {}
    // What this rank holds: of use to those who know what it means.
    constexpr const Value& local() const { return value_; }

private:
    Value value_;
};

// The ranks of one line of the mesh.
template <mesh_axis Along, communicates Ranks> struct mesh_line {
    static constexpr mesh_axis is = Along;
    Ranks* ranks;
};
template <mesh_axis Along, communicates Ranks> mesh_line<Along, Ranks> along(Ranks& ranks) {
    return {&ranks};
}

namespace detail {

template <class One, class... All> inline constexpr bool among = (std::is_same_v<One, All> || ...);

// placed<Value, Where...> with One replaced by New..., or without it.
template <class Value, class One, class New, class Done, class... Left> struct replaced;
template <class Value, class One, class... New, class... Done>
struct replaced<Value, One, placed<void, New...>, placed<void, Done...>> {
    using type = placed<Value, Done...>;
};
template <class Value, class One, class... New, class... Done, class First, class... Left>
struct replaced<Value, One, placed<void, New...>, placed<void, Done...>, First, Left...>
    : std::conditional_t<
          std::is_same_v<One, First>,
          replaced<Value, One, placed<void, New...>, placed<void, Done..., New...>, Left...>,
          replaced<Value, One, placed<void, New...>, placed<void, Done..., First>, Left...>> {};

template <class Value, class One, class New, class... Where>
using replace = typename replaced<Value, One, New, placed<void>, Where...>::type;

}  // namespace detail

// A list of placements by itself.
template <class... Where> class placed<void, Where...> {};

// The value itself, where every rank has all of it.
template <class Value, class... Where>
constexpr const Value& whole(const placed<Value, Where...>& x) {
    static_assert(sizeof...(Where) == 0,
                  "moe: this value is a shard or a partial sum, and the whole is wanted. Make it "
                  "whole first, e.g.: all_reduce(along<mesh_axis::data>(ranks), value)");
    return x.local();
}

// How a value that is not a span is summed over ranks: overload it beside the value's type.
template <communicates Ranks, travels T> void sum_over(Ranks& ranks, std::span<T> values) {
    ranks.all_reduce(values);
}

// Every rank has the sum.
template <class Line, class Value, class... Where>
auto all_reduce(Line line, const placed<Value, Where...>& x) {
    using sum = partial<Line::is>;
    static_assert(detail::among<sum, Where...>,
                  "moe: this value is no partial sum along the axis that it is summed along; it is "
                  "whole or sharded there, or has been summed already. Sum once, where the terms "
                  "are, e.g.: all_reduce(along<mesh_axis::data>(ranks), gradient)");
    if constexpr (detail::among<sum, Where...>) {
        Value value = x.local();
        sum_over(*line.ranks, value);
        return detail::replace<Value, sum, placed<void>, Where...>(value);
    } else {
        return x;
    }
}

// Every rank has its part of the sum.
template <class Line, travels T, class... Where>
auto reduce_scatter(Line line, const placed<std::span<T>, Where...>& x) {
    using sum = partial<Line::is>;
    static_assert(detail::among<sum, Where...>,
                  "moe: only a partial sum can be summed into shards, along its own axis. Write, "
                  "e.g.: reduce_scatter(along<mesh_axis::data>(ranks), gradient)");
    if constexpr (detail::among<sum, Where...>) {
        line.ranks->reduce_scatter(x.local());
        return detail::replace<std::span<T>, sum, placed<void, sharded<Line::is>>, Where...>(
            x.local());
    } else {
        return x;
    }
}

// Every rank has all shards. A shard is a view of the whole in which this rank's part is valid.
template <class Line, travels T, class... Where>
auto all_gather(Line line, const placed<std::span<T>, Where...>& x) {
    using shard = sharded<Line::is>;
    static_assert(
        detail::among<shard, Where...>,
        "moe: only shards can be gathered, along their own axis; a partial sum is summed. "
        "Write, e.g.: all_gather(along<mesh_axis::data>(ranks), weights)");
    if constexpr (detail::among<shard, Where...>) {
        line.ranks->all_gather(x.local());
        return detail::replace<std::span<T>, shard, placed<void>, Where...>(x.local());
    } else {
        return x;
    }
}

// Terms of the same kind. What is whole here and a partial sum there would be added once a rank.
template <class Value, class... A, class... B>
auto operator+(const placed<Value, A...>& a, const placed<Value, B...>& b) {
    constexpr bool same = std::is_same_v<placed<void, A...>, placed<void, B...>>;
    static_assert(
        same,
        "moe: both terms must lie on the ranks in the same way, or one of them is counted "
        "once a rank. Sum the partial one first, e.g.: "
        "all_reduce(along<mesh_axis::data>(ranks), loss) + balance_loss");
    return placed<Value, A...>(a.local() + b.local());
}

// The local sum of f(element): of shards it is a partial sum along their axis.
template <class T, class... Where>
auto sum_of(const placed<std::span<T>, Where...>& x, interval mine, auto&& f) {
    static_assert((!Where::is_sum && ...),
                  "moe: a function of a partial sum is not the sum of the function. Sum it first, "
                  "e.g.: all_reduce(along<mesh_axis::data>(ranks), gradient)");
    double sum = 0;
    for (std::int64_t i = mine.first; i < mine.last; ++i)
        sum += f(double(x.local()[std::size_t(i)]));
    return placed<double, typename Where::template as<partial>...>(sum);
}

}  // namespace moe
