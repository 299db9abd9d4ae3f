// SPDX-License-Identifier: MIT
#include <moe/recipe/print.hpp>

#include <doctest/doctest.h>

#include <tests/support/deepseek.hpp>

#include <array>
#include <clocale>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <locale>
#include <string>
#include <utility>
#include <vector>

namespace {

using lines = std::vector<std::pair<std::string, std::string>>;

template <class Recipe> lines printed() {
    lines all;
    moe::print<Recipe>([&](const moe::recipe_field& field) {
        all.emplace_back(std::string(field.key), std::string(field.value));
    });
    return all;
}

template <class T> moe::recipe_field one_field(const T& value, std::string& keeps) {
    moe::recipe_field seen{};
    int visits = 0;
    auto visit = [&](const moe::recipe_field& field) {
        ++visits;
        keeps = field.value;
        seen = field;
    };
    moe::detail::print_value(moe::name("x"), value, visit);
    CHECK(visits == 1);
    return seen;
}
template <class T> std::string text(const T& value) {
    std::string keeps;
    one_field(value, keeps);
    return keeps;
}
template <class T> bool quoted(const T& value) {
    std::string keeps;
    return one_field(value, keeps).quoted;
}

enum class color : std::uint8_t { red, green };
enum class shape : std::uint8_t { round, flat = 200 };
constexpr std::string_view text_of(color c) { return c == color::red ? "red" : "green"; }

struct inner {
    int number = 7;
    color paint = color::green;
    constexpr void each(auto visit) const {
        visit("number", number);
        visit("paint", paint);
    }
};
template <int Block> struct own_mesh {
    static constexpr bool is_mesh = true;
    std::array<int, 2> axes{2, 4};
    inner part{};
    const char* note = "two by four";
    bool on = true;
};
struct own : test::deepseek_v2_lite {
    own_mesh<128> parallel{};
};

// Each differs from 'own' in one field, or in one policy.
struct longer_context : own {
    moe::transformer model{.vocab = 102400, .context = 8192, .layers = 27, .hidden = 2048};
};
struct scaled : own {
    moe::transformer model{.vocab = 102400,
                           .context = 4096,
                           .layers = 27,
                           .hidden = 2048,
                           .rope_scaling = {.mscale_all_dim = 0.707}};
};
struct other_axes : own {
    own_mesh<128> parallel{.axes = {2, 5}};
};
struct other_block : own {
    own_mesh<64> parallel{};
};

template <class Left, class Right> std::vector<std::string> differences() {
    const lines left = printed<Left>(), right = printed<Right>();
    REQUIRE(left.size() == right.size());
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < left.size(); ++i) {
        CHECK(left[i].first == right[i].first);
        if (left[i].second != right[i].second) keys.push_back(left[i].first);
    }
    return keys;
}

}  // namespace

TEST_CASE("a recipe is a flat list of keys and values") {
    const lines is = printed<own>();
    const lines expected = {
        {"model", "transformer"},
        {"model.vocab", "102400"},
        {"model.context", "4096"},
        {"model.layers", "27"},
        {"model.hidden", "2048"},
        {"model.rope_base", "10000"},
        {"model.rope_scaling", "yarn"},
        {"model.rope_scaling.factor", "1"},
        {"model.rope_scaling.beta_fast", "32"},
        {"model.rope_scaling.beta_slow", "1"},
        {"model.rope_scaling.original_length", "4096"},
        {"model.rope_scaling.mscale", "0"},
        {"model.rope_scaling.mscale_all_dim", "0"},
        {"model.norm_epsilon", "1e-06"},
        {"model.tied_embeddings", "false"},
        {"model.initial_deviation", "0.02"},
        {"model.mtp_depth", "0"},
        {"model.mtp_weight", "0.3"},
        {"attention", "mla"},
        {"attention.heads", "16"},
        {"attention.q_rank", "0"},
        {"attention.kv_rank", "512"},
        {"attention.nope_dim", "128"},
        {"attention.rope_dim", "64"},
        {"attention.value_dim", "128"},
        {"ffn", "experts"},
        {"ffn.routed", "64"},
        {"ffn.shared", "2"},
        {"ffn.intermediate", "1408"},
        {"ffn.dense_layers", "1"},
        {"ffn.dense_intermediate", "10944"},
        {"ffn.slot", "0"},
        {"routing", "softmax_top_k"},
        {"routing.active", "6"},
        {"routing.groups", "1"},
        {"routing.kept_groups", "1"},
        {"routing.scale", "1"},
        {"routing.renormalise", "false"},
        {"balance", "bias_balance"},
        {"balance.rate", "0.001"},
        {"balance.sequence_loss", "1e-04"},
        {"balance.proportional", "false"},
        {"precision", "fp32"},
        {"parallel", "own_mesh<128>"},
        {"parallel.1", "array<int, 2>"},
        {"parallel.1.1", "2"},
        {"parallel.1.2", "4"},
        {"parallel.2", "inner"},
        {"parallel.2.number", "7"},
        {"parallel.2.paint", "green"},
        {"parallel.3", "two by four"},
        {"parallel.4", "true"},
        {"optimizer", "adamw"},
        {"optimizer.beta1", "0.9"},
        {"optimizer.beta2", "0.95"},
        {"optimizer.epsilon", "1e-08"},
        {"optimizer.decay", "0.1"},
        {"optimizer.clip", "1"},
        {"device", "cpu"},
    };
    REQUIRE(is.size() == expected.size());
    for (std::size_t i = 0; i < is.size(); ++i) {
        CHECK(is[i].first == expected[i].first);
        CHECK(is[i].second == expected[i].second);
    }
}

TEST_CASE("two recipes differ in the text exactly where they differ") {
    CHECK(differences<own, own>().empty());
    CHECK(differences<own, longer_context>() == std::vector<std::string>{"model.context"});
    CHECK(differences<own, scaled>() ==
          std::vector<std::string>{"model.rope_scaling.mscale_all_dim"});
    CHECK(differences<own, other_axes>() == std::vector<std::string>{"parallel.1.2"});
    CHECK(differences<own, other_block>() == std::vector<std::string>{"parallel"});
}

TEST_CASE("a number gives itself back") {
    const double numbers[] = {0.1, 1.0 / 3, 1e-300, 5e-324, 1e22, 123456789.0, -2.5, 6.02214076e23};
    for (const double number : numbers) CHECK(std::strtod(text(number).c_str(), nullptr) == number);
    CHECK(text(0.1F) == "0.1");
    CHECK(text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(text(std::uint8_t{200}) == "200");
    CHECK(text(true) == "true");
}

TEST_CASE("enumerators have names where their author gave them") {
    CHECK(text(color::green) == "green");
    CHECK(text(shape::flat) == "200");
}

TEST_CASE("JSON needs quotes around all but numbers and truth values") {
    CHECK_FALSE(quoted(1));
    CHECK_FALSE(quoted(1.5));
    CHECK_FALSE(quoted(false));
    CHECK_FALSE(quoted(shape::flat));
    CHECK(quoted(color::red));
    CHECK(quoted("text"));
    CHECK(quoted(std::string_view("text")));
    CHECK(quoted(moe::fp32{}));
    CHECK(quoted(std::numeric_limits<double>::infinity()));
    CHECK(quoted(std::numeric_limits<double>::quiet_NaN()));
}

TEST_CASE("the locale changes nothing") {
    struct comma : std::numpunct<char> {
        char do_decimal_point() const override { return ','; }
        char do_thousands_sep() const override { return '.'; }
        std::string do_grouping() const override { return "\3"; }
    };
    const lines before = printed<own>();
    const std::locale old = std::locale::global(std::locale(std::locale::classic(), new comma));
    const char* const known = std::setlocale(LC_ALL, "de_DE.UTF-8");
    CHECK(printed<own>() == before);
    std::locale::global(old);
    if (!known) MESSAGE("no German locale here: only the C++ one was tried");
}
