// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <moe/op/latent_heads.hpp>

namespace {
constexpr moe::latent_shape shape{.heads = 3, .nope = 2, .rope = 4, .value = 5};
constexpr int key_width = 3 * 6, value_width = 3 * 5, expanded_width = 3 * 7;
}  // namespace

TEST_CASE("a head's key is its own part and the shared one, its value the rest") {
    const auto expanded = test::random_rows<double>(2, expanded_width, 1);
    const auto shared = test::random_rows<double>(2, 4, 2);
    test::guarded<double> k(2, key_width), v(2, value_width);
    moe::op::join_latent_heads(moe::reference{}, k.view(), v.view(), expanded.view(), shared.view(),
                               shape);
    CHECK(k(1, 6 * 2 + 1) == expanded(1, 7 * 2 + 1));
    CHECK(k(1, 6 * 2 + 2 + 3) == shared(1, 3));
    CHECK(v(0, 5 * 1 + 4) == expanded(0, 7 * 1 + 2 + 4));
    CHECK((k.intact() && v.intact()));
}

TEST_CASE("the way back is the transpose of the way there") {
    auto expanded = test::random_rows<double>(2, expanded_width, 1),
         shared = test::random_rows<double>(2, 4, 2);
    const auto dk = test::random_rows<double>(2, key_width, 3),
               dv = test::random_rows<double>(2, value_width, 4);
    test::guarded<double> k(2, key_width), v(2, value_width), d_expanded(2, expanded_width),
        d_shared(2, 4);
    moe::op::join_latent_heads_backward(moe::reference{}, d_expanded.view(), d_shared.view(),
                                        dk.view(), dv.view(), shape);
    const auto value = [&] {
        moe::op::join_latent_heads(moe::reference{}, k.view(), v.view(), expanded.view(),
                                   shared.view(), shape);
        return test::inner_product(dk.view(), k.view()) + test::inner_product(dv.view(), v.view());
    };
    CHECK(test::gradient_error(expanded.view(), d_expanded.view(), value) < 1e-9);
    CHECK(test::gradient_error(shared.view(), d_shared.view(), value) < 1e-9);
}

TEST_CASE("the same bits on every machine") {
    const auto dk = test::random_rows<float>(5, key_width, 3),
               dv = test::random_rows<float>(5, value_width, 4);
    test::guarded<float> expected(5, expanded_width), expected_shared(5, 4);
    moe::op::join_latent_heads_backward(moe::reference{}, expected.view(), expected_shared.view(),
                                        dk.view(), dv.view(), shape);
    test::on_every_machine([&](auto on) {
        test::guarded<float> d_expanded(5, expanded_width), d_shared(5, 4);
        moe::op::join_latent_heads_backward(on, d_expanded.view(), d_shared.view(), dk.view(),
                                            dv.view(), shape);
        CHECK(test::same_bits(d_expanded, expected));
        CHECK(test::same_bits(d_shared, expected_shared));
    });
}
