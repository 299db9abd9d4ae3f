// SPDX-License-Identifier: MIT
#include "tests/support/random.hpp"
#include "tests/support/small.hpp"

#include <doctest/doctest.h>

#include <map>

namespace {
using state = moe::network<test::small>::weights_state;

struct started {
    explicit started(std::uint64_t seed) {
        moe::arena counts;
        auto unplaced = state();
        moe::place_weights(unplaced, counts);
        memory = moe::memory(counts.bytes());
        moe::arena place = memory.as_arena();
        moe::place_weights(weights, place);
        moe::start_weights(weights, seed, 0.02);
    }
    moe::memory memory;
    state weights;
};
}  // namespace

TEST_CASE("matrices start normal, gains at one, biases at zero") {
    started one(3);
    moe::each_member(one.weights, [](const moe::name& of_field, auto values, moe::spec is) {
        INFO(std::string(of_field.text()));
        double sum = 0, squares = 0;
        const double count = double(values.count) * values.width;
        for (int i = 0; i < values.count; ++i)
            for (int j = 0; j < values.width; ++j) {
                sum += values(i, j);
                squares += double(values(i, j)) * values(i, j);
            }
        if (is.start == moe::start::normal) {
            CHECK(std::sqrt(squares / count) ==
                  doctest::Approx(0.02).epsilon(4 / std::sqrt(count)));
            CHECK(std::abs(sum / count) < 4 * 0.02 / std::sqrt(count));
        } else {
            CHECK(sum == (is.start == moe::start::one ? count : 0));
        }
    });
}

TEST_CASE("values depend on name and seed alone, and every tensor draws its own") {
    started one(3), again(3), other(4);
    std::map<std::string, float> first;
    const auto collect = [](started& from) {
        std::map<std::string, float> of;
        moe::each_member(from.weights, [&](const moe::name& of_field, auto values, moe::spec is) {
            if (is.start == moe::start::normal) of[std::string(of_field.text())] = values(0, 0);
        });
        return of;
    };
    const auto a = collect(one), b = collect(again), c = collect(other);
    CHECK(a == b);
    int equal = 0, repeated = 0;
    std::map<float, int> seen;
    for (const auto& [name, value] : a) {
        equal += value == c.at(name);
        repeated += seen[value]++;
    }
    CHECK(equal == 0);
    CHECK(repeated == 0);
}

TEST_CASE("packed copies hold the numbers of their masters") {
    moe::network<test::small> network({1, 32}, {.threads = 2, .trains = false});
    network.start(1);
    state::each(
        moe::name(),
        [](const moe::name& of_field, auto& field) {
            constexpr moe::spec is = moe::spec_of<decltype(field)>;
            if constexpr (is.packed && is.count() > 0) {
                INFO(std::string(of_field.text()));
                const auto last = field.all()[is.stack - 1];
                for (const int row : {0, is.rows - 1})
                    for (const int column : {0, is.columns - 1})
                        CHECK(last.packed[moe::packed_index(row, column, is.rows, is.columns)] ==
                              last.view()(row, column));
            }
        },
        network.weights());
}
