// SPDX-License-Identifier: MIT
#include "tests/support/random.hpp"
#include "tests/support/small.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <map>

namespace {
using network = moe::network<test::small>;

void put_gradient(network& to, std::uint64_t seed) {
    to.each_gradient([&](const moe::name& of_field, auto values, moe::spec) {
        test::fill_random(values, seed + of_field.text().size());
    });
}
std::map<std::string, std::vector<float>> weights_of(network& from) {
    std::map<std::string, std::vector<float>> all;
    from.each_parameter([&](const moe::name& of_field, auto values, moe::spec) {
        all[std::string(of_field.text())].assign(values.at,
                                                 values.at + values.count * values.width);
    });
    return all;
}
}  // namespace

TEST_CASE("the norm is that of all gradients together") {
    network net({1, 32}, {.threads = 2});
    moe::optimizer<test::small> optimizer;
    put_gradient(net, 1);
    double sum = 0;
    net.each_gradient([&](const moe::name&, auto values, moe::spec) {
        sum += test::inner_product(values, values);
    });
    const moe::clipping clip = optimizer.measure(net);
    CHECK(clip.norm == doctest::Approx(std::sqrt(sum)).epsilon(1e-5));
    CHECK(clip.factor == doctest::Approx(1 / std::sqrt(sum)).epsilon(1e-5));
}

TEST_CASE("a step moves what is trained, leaves biases alone, and clears the gradient") {
    network net({1, 32}, {.threads = 2});
    net.start(1);
    moe::optimizer<test::small> optimizer;
    net.parameter("model.layers.1.mlp.gate.e_score_correction_bias")(0, 3) = 0.25F;
    const auto before = weights_of(net);
    put_gradient(net, 1);
    optimizer.update(net, 1, 1e-2, optimizer.measure(net));
    const auto after = weights_of(net);
    for (const auto& [name, values] : before) {
        INFO(name);
        const bool is_bias = name.find("correction_bias") != std::string::npos;
        CHECK((after.at(name) == values) == is_bias);
    }
    net.each_gradient([&](const moe::name&, auto values, moe::spec) {
        CHECK(test::inner_product(values, values) == 0);
    });
}

TEST_CASE("gains do not decay, matrices do") {
    network net({1, 32}, {.threads = 2});
    net.start(1);
    moe::optimizer<test::small> optimizer;
    const auto before = weights_of(net);
    // No gradient at all: only decay is left.
    optimizer.update(net, 1, 1e-2, optimizer.measure(net));
    const auto after = weights_of(net);
    CHECK(after.at("model.norm.weight") == before.at("model.norm.weight"));
    const float was = before.at("lm_head.weight")[0], is = after.at("lm_head.weight")[0];
    CHECK(is == doctest::Approx(was * (1 - 1e-2 * 0.1)).epsilon(1e-6));
}

TEST_CASE("a gradient that is not finite is named by its tensor") {
    network net({1, 32}, {.threads = 2});
    moe::optimizer<test::small> optimizer;
    put_gradient(net, 1);
    CHECK(optimizer.first_not_finite(net).empty());
    net.gradients().head.view()(3, 3) = std::numeric_limits<float>::quiet_NaN();
    CHECK(!optimizer.measure(net).finite());
    CHECK(optimizer.first_not_finite(net) == "lm_head.weight");
}

TEST_CASE("shares of moments cover every row once and take what they must") {
    constexpr moe::spec matrix{.rows = 7, .columns = 5, .stack = 3}, gain{.columns = 9};
    for (const moe::spec is : {matrix, gain})
        for (int ranks = 1; ranks <= 9; ++ranks) {
            std::int64_t next = 0;
            for (int r = 0; r < ranks; ++r) {
                const moe::interval mine = moe::moment_share{ranks, r}.rows_of(is);
                CHECK(mine.first == next);
                next = mine.last;
            }
            CHECK(next == is.rows * is.stack);
        }
    using optimizer = moe::optimizer<test::small>;
    const std::size_t all = optimizer::planned_bytes();
    std::size_t sum = 0;
    for (int r = 0; r < 4; ++r) sum += optimizer::planned_bytes({4, r});
    CHECK(sum >= all);
    CHECK(optimizer::planned_bytes({4, 3}) < all / 3);
}
