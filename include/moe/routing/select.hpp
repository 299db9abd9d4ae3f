// SPDX-License-Identifier: MIT
// The largest of some values, by index: ties go to the lower index, NaN counts as largest (so that
// a broken router shows itself in the loss instead of never being chosen). Of few values in one
// pass; a value is inserted only when it beats the smallest of the list, so the usual cost is one
// comparison each. Of many the largest is taken time after time, sixteen to a look.
#pragma once

#include <moe/core/check.hpp>
#include <moe/core/math.hpp>

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace moe::detail {

// A set of numbers below Size, visited in ascending order.
template <int Size> class index_set {
public:
    constexpr void insert(int i) { words_[i / 64] |= std::uint64_t{1} << (i % 64); }
    template <class Visit> constexpr void each(const Visit& visit) const {
        for (int word = 0; word < words; ++word)
            for (std::uint64_t left = words_[word]; left != 0; left &= left - 1)
                visit(word * 64 + std::countr_zero(left));
    }

private:
    static constexpr int words = ceil_divide(Size, 64);
    std::uint64_t words_[words] = {};
};

// The 'wanted' largest of the values offered, which must come in ascending order of index. Kept
// sorted from place 1 on; place 0 is infinite, so that nothing enters when nothing is wanted.
template <int Capacity, class T> class ranking {
public:
    constexpr explicit ranking(int wanted) : wanted_(wanted) {}

    constexpr void offer(int index, T value) {
        if (value != value) value = infinity;
        if (size_ < wanted_)
            ++size_;
        else if (!(value > value_[size_]))
            return;
        int at = size_;
        for (; at > 1 && value > value_[at - 1]; --at) {
            value_[at] = value_[at - 1];
            index_[at] = index_[at - 1];
        }
        value_[at] = value;
        index_[at] = index;
    }
    constexpr index_set<Capacity> best() const {
        index_set<Capacity> set;
        for (int i = 1; i <= size_; ++i) set.insert(index_[i]);
        return set;
    }

private:
    static constexpr T infinity = std::numeric_limits<T>::infinity();
    int wanted_, size_ = 0;
    int index_[Capacity + 1] = {};
    T value_[Capacity + 1] = {infinity};
};

// Integers in the order of the values. Loops over integers become vectors, those over floats must
// not: a compiler has to keep the order in which NaN and the two zeros meet.
template <class T> constexpr auto order_of(T value) {
    using integer = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    constexpr auto infinity = std::bit_cast<integer>(std::numeric_limits<T>::infinity());
    constexpr integer all = std::numeric_limits<integer>::max();
    const auto bits = std::bit_cast<integer>(value + T(0));  // one zero
    const integer order = bits < 0 ? bits ^ all : bits;
    return (bits & all) > infinity ? infinity : order;
}

template <int Size, class T>
constexpr index_set<Size> largest_of_many(int wanted, const T* values) {
    using integer = decltype(order_of(T()));
    constexpr int block = 16, blocks = ceil_divide(Size, block);
    constexpr integer taken = std::numeric_limits<integer>::min();
    const auto most_of = [](const integer* x, int count) {
        integer most = x[0];
        for (int i = 1; i < count; ++i) most = larger(most, x[i]);
        return most;
    };
    const auto first_in = [](const integer* x, int count, integer value) {
        int first = 0;
        for (int i = count - 1; i >= 0; --i) first = x[i] == value ? i : first;
        return first;
    };
    integer order[blocks * block] = {}, most[blocks] = {};
    for (int i = 0; i < blocks * block; ++i) order[i] = i < Size ? order_of(values[i]) : taken;
    for (int b = 0; b < blocks; ++b) most[b] = most_of(order + b * block, block);
    index_set<Size> set;
    for (int n = 0; n < wanted; ++n) {
        const integer next = most_of(most, blocks);
        const int of = first_in(most, blocks, next);
        integer* const in = order + of * block;
        const int at = first_in(in, block, next);
        set.insert(of * block + at);
        in[at] = taken;
        most[of] = most_of(in, block);
    }
    return set;
}

// chosen (wanted): ascending. wanted is at least 1 and at most Size.
template <int Size, class T>
constexpr void select_largest(int* chosen, int wanted, const T* values) {
    MOE_CHECK(wanted, <=, Size);
    if constexpr (Size == 1) {  // apart: GCC 12 sees accesses behind the only value otherwise
        if (wanted == 1) *chosen = 0;
    } else if constexpr (Size > 32) {
        largest_of_many<Size>(wanted, values).each([&](int i) { *chosen++ = i; });
    } else {
        ranking<Size, T> best(wanted);
        for (int i = 0; i < Size; ++i) best.offer(i, values[i]);
        best.best().each([&](int i) { *chosen++ = i; });
    }
}

// A group's score is the sum of its 'summed' (1 or 2) largest values. The best 'kept' groups stay,
// the others count as minus infinity. chosen (wanted): ascending; the kept groups must hold that
// many.
template <int Size, class T>
constexpr void select_in_groups(int* chosen, int wanted, const T* values, int groups, int kept,
                                int summed) {
    if constexpr (Size == 1) return select_largest<Size>(chosen, wanted, values);
    const int size = Size / groups;
    MOE_CHECK(size * groups, ==, Size);
    MOE_CHECK(kept, <=, groups);
    MOE_CHECK(wanted, <=, size * kept);
    ranking<Size, T> best_groups(kept);
    for (int g = 0; g < groups; ++g) {
        constexpr T infinity = std::numeric_limits<T>::infinity();
        T first = -infinity, second = -infinity;
        for (int i = g * size; i < (g + 1) * size; ++i) {
            const T value = values[i] == values[i] ? values[i] : infinity;
            second = value > first ? first : value > second ? value : second;
            first = value > first ? value : first;
        }
        best_groups.offer(g, summed == 2 && size > 1 ? first + second : first);
    }
    ranking<Size, T> best(wanted);
    best_groups.best().each([&](int g) {
        for (int i = g * size; i < (g + 1) * size; ++i) best.offer(i, values[i]);
    });
    best.best().each([&](int i) { *chosen++ = i; });
}

}  // namespace moe::detail
