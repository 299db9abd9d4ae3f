// SPDX-License-Identifier: MIT
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/routing/select.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace {

using namespace moe;

constexpr double infinity = std::numeric_limits<double>::infinity();

// By sorting everything: what is larger first, and of equals the lower index.
std::vector<int> sorted_largest(std::vector<double> values, int wanted) {
    std::vector<int> order(values.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return values[a] > values[b]; });
    order.resize(std::size_t(wanted));
    std::sort(order.begin(), order.end());
    return order;
}

std::vector<int> sorted_in_groups(std::vector<double> values, int wanted, int groups, int kept,
                                  int summed) {
    const int size = int(values.size()) / groups;
    std::vector<double> score;
    for (int g = 0; g < groups; ++g) {
        std::vector<double> of_group(values.begin() + g * size, values.begin() + (g + 1) * size);
        std::sort(of_group.rbegin(), of_group.rend());
        score.push_back(
            std::accumulate(of_group.begin(), of_group.begin() + std::min(summed, size), 0.0));
    }
    const std::vector<int> best = sorted_largest(score, kept);
    for (int i = 0; i < int(values.size()); ++i)
        if (std::find(best.begin(), best.end(), i / size) == best.end()) values[i] = -infinity;
    return sorted_largest(values, wanted);
}

template <int Size> void compare_with_sorting(std::uint64_t seed) {
    for (std::uint64_t trial = 0; trial < 200; ++trial) {
        // Few different values, some negative: ties everywhere.
        const int levels = test::random_size(1, 3 * Size, seed, 4 * trial);
        std::vector<double> values(Size);
        for (int i = 0; i < Size; ++i)
            values[i] = int(random_below(levels, seed, trial + 2, i)) - levels / 2;
        const int wanted = test::random_size(1, Size, seed, 4 * trial + 1);
        std::vector<int> chosen(std::size_t(wanted) + 1, -7);
        detail::select_largest<Size>(chosen.data(), wanted, values.data());
        CHECK(chosen.back() == -7);
        chosen.pop_back();
        CHECK(chosen == sorted_largest(values, wanted));

        for (const int groups : {1, 2, 4, 8, Size}) {
            if (Size % groups != 0) continue;
            const int kept = test::random_size(1, groups, seed, 4 * trial + 2);
            const int few = 1 + (wanted - 1) % (kept * (Size / groups));
            for (const int summed : {1, 2}) {
                std::vector<int> grouped(std::size_t(few) + 1, -7);
                detail::select_in_groups<Size>(grouped.data(), few, values.data(), groups, kept,
                                               summed);
                CHECK(grouped.back() == -7);
                grouped.pop_back();
                CHECK(grouped == sorted_in_groups(values, few, groups, kept, summed));
            }
        }
    }
}

TEST_CASE("the largest values are those that sorting finds, with and without groups") {
    compare_with_sorting<1>(1);
    compare_with_sorting<2>(6);
    compare_with_sorting<5>(2);
    compare_with_sorting<16>(3);
    compare_with_sorting<72>(4);
    compare_with_sorting<256>(5);
}

constexpr bool ties_go_to_the_lower_index() {
    const float values[6] = {1, 3, 3, -2, 3, 0};
    int chosen[3] = {};
    detail::select_largest<6>(chosen, 2, values);
    return chosen[0] == 1 && chosen[1] == 2;
}
static_assert(ties_go_to_the_lower_index());

constexpr bool groups_compete_by_their_two_largest() {
    // The largest value of all stands in the group with the smaller sum.
    const float values[6] = {5, -4, 3, 2.5F, 0, 0};
    int by_sum[2] = {}, by_one[2] = {};
    detail::select_in_groups<6>(by_sum, 2, values, 3, 1, 2);
    detail::select_in_groups<6>(by_one, 2, values, 3, 1, 1);
    return by_sum[0] == 2 && by_sum[1] == 3 && by_one[0] == 0 && by_one[1] == 1;
}
static_assert(groups_compete_by_their_two_largest());

TEST_CASE("a dropped group stays out though all kept values are negative") {
    const double values[4] = {-3, -3, -2, -9};
    int chosen[2];
    detail::select_in_groups<4>(chosen, 2, values, 2, 1, 2);
    CHECK(chosen[0] == 0);
    CHECK(chosen[1] == 1);
}

TEST_CASE("every index is still chosen once when values are infinite or NaN") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double nothing[4] = {-infinity, -infinity, -infinity, -infinity};
    const double broken[4] = {1, nan, infinity, nan}, all_broken[4] = {nan, nan, nan, nan};
    int chosen[4];
    detail::select_largest<4>(chosen, 2, nothing);
    CHECK((chosen[0] == 0 && chosen[1] == 1));
    detail::select_largest<4>(chosen, 2, all_broken);
    CHECK((chosen[0] == 0 && chosen[1] == 1));
    // NaN shows itself: it is chosen before every number.
    detail::select_largest<4>(chosen, 2, broken);
    CHECK((chosen[0] == 1 && chosen[1] == 2));
    detail::select_in_groups<4>(chosen, 2, all_broken, 2, 1, 2);
    CHECK((chosen[0] == 0 && chosen[1] == 1));
    const double late[4] = {1, nan, 5, 6};
    detail::select_in_groups<4>(chosen, 2, late, 2, 1, 2);
    CHECK((chosen[0] == 0 && chosen[1] == 1));
    detail::select_in_groups<4>(chosen, 2, nothing, 2, 1, 2);
    CHECK((chosen[0] == 0 && chosen[1] == 1));
}

TEST_CASE("many values meet in the order of few: zeros are equal, NaN is infinite") {
    constexpr float infinite = std::numeric_limits<float>::infinity();
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    const float some[] = {0.0F, -0.0F, 1.0F, -1.0F, infinite, -infinite, nan, -nan, 1e-40F};
    for (std::uint64_t trial = 0; trial < 500; ++trial) {
        float values[50];
        for (int i = 0; i < 50; ++i)
            values[i] = some[random_below(trial % 2 ? 9 : 4, 3, trial, std::uint64_t(i))];
        const int wanted = 1 + int(trial % 50);
        detail::ranking<50, float> ranked(wanted);
        for (int i = 0; i < 50; ++i) ranked.offer(i, values[i]);
        std::vector<int> expected, chosen(std::size_t(wanted), -7);
        ranked.best().each([&](int i) { expected.push_back(i); });
        detail::select_largest<50>(chosen.data(), wanted, values);
        CHECK(chosen == expected);
    }
}

}  // namespace
