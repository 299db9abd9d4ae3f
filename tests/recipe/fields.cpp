// SPDX-License-Identifier: MIT
#include <moe/recipe/fields.hpp>

#include <doctest/doctest.h>

#include <tests/support/deepseek.hpp>

#include <array>
#include <string>
#include <type_traits>

namespace {

struct nothing {};
struct pair {
    int first = 1;
    double second = 2.5;
};
struct nested {
    pair inside{3, 4.5};
    std::array<int, 3> numbers{1, 2, 3};
    bool last = true;
};
struct eight {
    int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
};
struct nine : eight {
    int i = 9;
};
struct renamed : pair {};
struct longer : pair {
    int third = 3;
};
struct listed : pair {
    int third = 3;
    constexpr void each(auto visit) const {
        visit("first", first);
        visit("second", second);
        visit("third", third);
    }
};
struct forgetful : pair {
    constexpr void each(auto visit) const { visit("first", first); }
};
struct tag {};
struct tagged : tag {
    int number = 4;
    constexpr void each(auto visit) const { visit("number", number); }
};
struct closed {
    explicit closed(int) {}
};

template <class Policy> std::string text(const Policy& policy) {
    std::string all;
    moe::each_field(policy, [&](const char* name, const auto& value) {
        all += std::string(all.empty() ? "" : " ") + name;
        if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(value)>>)
            all += "=" + std::to_string(int(value * 2));
    });
    return all;
}

}  // namespace

TEST_CASE("fields are counted, those of a base too") {
    using moe::detail::fields;
    CHECK(fields<nothing>() == 0);
    CHECK(fields<pair>() == 2);
    CHECK(fields<nested>() == 3);
    CHECK(fields<nine>() == 9);
    CHECK(fields<renamed>() == 2);
    CHECK(fields<longer>() == 3);
    CHECK(fields<moe::transformer>() == 11);
    CHECK(fields<moe::yarn>() == 6);
    CHECK(fields<moe::adamw>() == 5);
}

TEST_CASE("every policy of ours names all of its fields") {
    using moe::detail::lists_fields;
    using moe::detail::names_every_field;
    const auto complete = [](const auto&... policy) {
        return (... &&
                (lists_fields<std::remove_cvref_t<decltype(policy)>> &&
                 names_every_field<std::remove_cvref_t<decltype(policy)>>(decltype(policy){})));
    };
    CHECK(complete(moe::transformer{}, moe::yarn{}, moe::mla{}, moe::gqa{}, moe::experts{},
                   moe::sigmoid_top_k{}, moe::softmax_top_k{}, moe::bias_balance{},
                   moe::loss_balance{}, moe::adamw{}));
}

TEST_CASE("a list that misses a field is found out") {
    using moe::detail::names_every_field;
    CHECK(names_every_field(listed{}));
    CHECK(names_every_field(tagged{}));
    CHECK(names_every_field(moe::mesh{}));
    CHECK_FALSE(names_every_field(forgetful{}));
}

TEST_CASE("without a list, fields are called by their place, as long as they can be found") {
    using moe::detail::names_every_field;
    CHECK(names_every_field(pair{}));
    CHECK(names_every_field(renamed{}));
    CHECK(names_every_field(eight{}));
    CHECK_FALSE(names_every_field(nine{}));
    CHECK_FALSE(names_every_field(longer{}));
    CHECK(text(nothing{}) == "");
    CHECK(text(pair{}) == "1=2 2=5");
    CHECK(text(renamed{}) == "1=2 2=5");
    CHECK(text(nested{}) == "1 2 3=2");
    CHECK(text(eight{}) == "1=2 2=4 3=6 4=8 5=10 6=12 7=14 8=16");
    CHECK(text(std::array<int, 3>{1, 2, 3}) == "1=2 2=4 3=6");
    CHECK(text(listed{}) == "first=2 second=5 third=6");
    CHECK(text(closed{1}) == "");
}
