// SPDX-License-Identifier: MIT
// What is refused stands in tests/fail: it must not compile.
#include <moe/recipe/has_slots.hpp>

#include <doctest/doctest.h>

#include <tests/support/deepseek.hpp>

namespace {

using base = test::deepseek_v3;
struct unchanged : base {};
struct one_slot : unchanged {
    moe::gqa attention{.heads = 8, .kv_heads = 2, .head_dim = 32};
};
struct two_slots : one_slot {
    moe::gqa attention{.heads = 4, .kv_heads = 2, .head_dim = 32};
    moe::fp64 precision{};
};
struct first_half {
    moe::transformer model{};
    moe::mla attention{};
    moe::experts ffn{};
    moe::softmax_top_k routing{};
};
struct second_half {
    moe::loss_balance balance{};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::reference device{};
};
struct joined : first_half, second_half {};

template <class Recipe> constexpr int expected() {
    return moe::detail::initialisers_of_slots<Recipe>(moe::detail::members_of<Recipe>{});
}

// 'has_only_slots' would stop the compiler here: these are its two sides.
struct misspelt : two_slots {
    moe::gqa atention{};
};

}  // namespace

TEST_CASE("a recipe takes one initialiser a slot of its own and one a base") {
    CHECK(expected<base>() == 9);
    CHECK(expected<unchanged>() == 1);
    CHECK(expected<one_slot>() == 2);
    CHECK(expected<two_slots>() == 3);
    CHECK(expected<joined>() == 2);
    CHECK(moe::detail::initialisers<base>() == 9);
    CHECK(moe::detail::initialisers<unchanged>() == 1);
    CHECK(moe::detail::initialisers<one_slot>() == 2);
    CHECK(moe::detail::initialisers<two_slots>() == 3);
    CHECK(moe::detail::initialisers<joined>() == 2);
}

TEST_CASE("a member that is no slot takes one more") {
    CHECK(moe::detail::initialisers<misspelt>() == 2);
    CHECK(expected<misspelt>() == 1);
}

TEST_CASE("every question of this stage is answered by recipes that are right") {
    const auto right = []<class... Recipes>(std::type_identity<Recipes>...) {
        return (... &&
                (moe::detail::is_plain_struct<Recipes>() && moe::detail::has_all_slots<Recipes>() &&
                 moe::detail::has_only_slots<Recipes>() &&
                 moe::detail::slots_hold_policies<Recipes>() &&
                 moe::detail::is_known_at_compile_time<Recipes>()));
    };
    CHECK(right(std::type_identity<base>{}, std::type_identity<unchanged>{},
                std::type_identity<one_slot>{}, std::type_identity<two_slots>{},
                std::type_identity<joined>{}));
}
