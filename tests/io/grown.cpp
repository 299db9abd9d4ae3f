// SPDX-License-Identifier: MIT
#include <moe/io/grown.hpp>

#include <tests/support/folder.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using test::error_of;
using test::has;
namespace io = moe::io;

namespace {

// A model of one layer with hidden 2 and an expert of two numbers, each number telling whose it is:
// 'own' experts in the top-k, then those of the domains.
struct made {
    std::vector<std::unique_ptr<std::vector<float>>> memory;
    io::tensor_list list;

    void add(const std::string& name, std::vector<std::int64_t> shape, std::vector<float> values) {
        memory.push_back(std::make_unique<std::vector<float>>(std::move(values)));
        list.push_back(io::make_tensor(name, memory.back()->data(), std::move(shape)));
    }
    // The experts of a kind are told by the numbers that they hold.
    void add_experts(const std::string& router, const std::string& bias, const std::string& stack,
                     const std::vector<float>& experts) {
        if (experts.empty()) return;
        const auto count = std::int64_t(experts.size());
        std::vector<float> rows, biases;
        for (const float one : experts) rows.push_back(one), rows.push_back(-one);
        for (const float one : experts) biases.push_back(one / 2);
        add(router, {count, 2}, rows);
        add(bias, {count}, biases);
        for (std::size_t i = 0; i < experts.size(); ++i)
            add(stack + std::to_string(i) + ".up_proj.weight", {1, 2},
                {experts[i] + 0.25F, experts[i] + 0.75F});
    }
};
struct sizes {
    std::vector<float> top_k = {}, slot = {};
    int groups = 1;
};
io::good_model put_model(const std::string& folder, const sizes& is,
                         const std::vector<io::grown_domain>& domains, float base = 1) {
    made model;
    model.add("model.norm.weight", {2}, {base, 2});
    const std::string at = "model.layers.0.mlp.";
    model.add_experts(at + "gate.weight", at + "gate.e_score_correction_bias", at + "experts.",
                      is.top_k);
    model.add_experts(at + "slot.gate.weight", at + "slot.gate.bias", at + "slot.experts.",
                      is.slot);
    io::snapshot what;
    what.recipe = {{"model.hidden", "2"},
                   {"ffn.routed", std::to_string(is.top_k.size())},
                   {"ffn.slot", std::to_string(is.slot.size())},
                   {"routing.active", "2"},
                   {"routing.groups", std::to_string(is.groups)},
                   {"routing.kept_groups", "1"},
                   {"optimizer.decay", domains.empty() ? "0.1" : "0"}};
    what.state = io::text_of(domains);
    what.model = model.list;
    io::save_model(folder, what);
    return io::find_model(folder);
}
std::string hash_of(const io::good_model& model) {
    return io::text_of(io::weights_hash_of(model.about));
}
std::string value_of(const io::good_model& model, const std::string& key) {
    for (const io::key_value& one : model.about.recipe)
        if (one.key == key) return one.value;
    return {};
}
io::key_values recipe_of(const io::good_model& like, int slot) {
    io::key_values recipe = like.about.recipe;
    for (io::key_value& one : recipe)
        if (one.key == "ffn.slot") one.value = std::to_string(slot);
    return recipe;
}

struct grown_models {
    test::folder in;
    io::good_model base = put_model(in / "base", {.top_k = {10, 11, 12}}, {});
    io::grown_domain law{"law", 1, true, hash_of(base), {{"optimizer.decay", "0.1"}}};
    io::grown_domain art{"art", 2, true, hash_of(base), {{"optimizer.decay", "0.1"}}};
    io::good_model a = put_model(in / "a", {.top_k = {10, 11, 12}, .slot = {20}}, {law});
    io::good_model b = put_model(in / "b", {.top_k = {10, 11, 12}, .slot = {30, 31}}, {art});

    io::good_model merged(const std::vector<io::good_model>& models, const std::string& to) {
        io::merge_models(models, recipe_of(models[0], 3), in / to);
        return io::find_model(in / to);
    }
    io::good_model without(const io::good_model& from, const std::string& domain,
                           const std::string& to) {
        io::remove_domain(from, domain, in / to);
        return io::find_model(in / to);
    }
};

}  // namespace

TEST_CASE("grown domains are read as they were written") {
    grown_models m;
    CHECK(io::grown_domains(m.base.about).empty());
    CHECK(io::grown_domains(m.a.about) == std::vector{m.law});
    CHECK(io::grown_domains(m.merged({m.a, m.b}, "ab").about) == std::vector{m.art, m.law});
}

TEST_CASE("models grown apart are merged, in whatever order") {
    grown_models m;
    const auto ab = m.merged({m.a, m.b}, "ab"), ba = m.merged({m.b, m.a}, "ba");
    CHECK(hash_of(ab) == hash_of(ba));
    // As if both had been grown into one: the domains by name.
    CHECK(hash_of(ab) == hash_of(put_model(m.in / "as", {{10, 11, 12}, {30, 31, 20}}, {m.law})));
    CHECK(value_of(ab, "ffn.slot") == "3");
}

TEST_CASE("removing a domain leaves the others, or the old model") {
    grown_models m;
    const auto all = m.merged({m.a, m.b}, "ab");
    const auto only_law = m.without(all, "art", "only_law");
    CHECK(hash_of(only_law) == hash_of(m.a));
    CHECK(io::grown_domains(only_law.about) == std::vector{m.law});
    CHECK(hash_of(m.without(all, "law", "only_art")) == hash_of(m.b));
    const auto none = m.without(only_law, "law", "none");
    CHECK(hash_of(none) == hash_of(m.base));
    CHECK(none.about.recipe == m.base.about.recipe);
    CHECK(has(error_of([&] { io::remove_domain(all, "tax", m.in / "x"); }),
              "has not grown the domain 'tax'; it has grown art, law"));
    // What claims another base than it gives back is not believed.
    const auto liar = put_model(m.in / "liar", {.top_k = {10, 11, 13}, .slot = {20}}, {m.law});
    CHECK(has(error_of([&] { io::remove_domain(liar, "law", m.in / "x"); }), "hash"));
    CHECK_FALSE(std::filesystem::exists(m.in / "x"));
}

TEST_CASE("experts in the top-k are taken out too, unless the others need them") {
    const test::folder in;
    const io::grown_domain one{"law", 1, false, "", {}}, two{"art", 2, false, "", {}};
    const auto model = put_model(in / "m", {.top_k = {10, 11, 20, 30, 31}}, {one, two});
    io::remove_domain(model, "law", in / "a");
    const auto art = io::find_model(in / "a");
    CHECK(hash_of(art) == hash_of(put_model(in / "as", {.top_k = {10, 11, 30, 31}}, {two})));
    CHECK(value_of(art, "ffn.routed") == "4");
    const auto few = put_model(in / "few", {.top_k = {10, 30, 31}}, {two});
    CHECK(has(error_of([&] { io::remove_domain(few, "art", in / "x"); }),
              "1 experts are left, and a token needs 2"));
    // Groups of two: the domain's is one of its own.
    const auto grouped =
        put_model(in / "grouped", {.top_k = {10, 11, 12, 13, 30, 31}, .groups = 3}, {two});
    io::remove_domain(grouped, "art", in / "b");
    CHECK(value_of(io::find_model(in / "b"), "routing.groups") == "2");
    const auto split =
        put_model(in / "split", {.top_k = {10, 11, 12, 13, 20, 30}, .groups = 3}, {one});
    CHECK(has(error_of([&] { io::remove_domain(split, "law", in / "x"); }), "do not fill"));
    CHECK_FALSE(std::filesystem::exists(in / "x"));
}

TEST_CASE("what does not belong together is not merged") {
    grown_models m;
    const auto refused = [&](const std::vector<io::good_model>& models, int slot) {
        const std::string words =
            error_of([&] { io::merge_models(models, recipe_of(models[0], slot), m.in / "never"); });
        CHECK_FALSE(std::filesystem::exists(m.in / "never"));
        return words;
    };
    const auto other_base =
        put_model(m.in / "other", {.top_k = {10, 11, 12}, .slot = {30, 31}}, {m.art}, 3);
    CHECK(has(refused({m.a, other_base}, 3), "tensor \"model.norm.weight\" differs"));
    const auto other_expert =
        put_model(m.in / "expert", {.top_k = {10, 11, 13}, .slot = {30, 31}}, {m.art});
    CHECK(has(refused({m.a, other_expert}, 3), "differs"));
    const auto law_again = put_model(m.in / "law", {.top_k = {10, 11, 12}, .slot = {21}},
                                     {{"law", 1, true, "another", {}}});
    CHECK(has(refused({m.a, law_again}, 2), "has grown 'law', and so has"));
    CHECK(has(refused({m.a, m.base}, 1), "has grown no domain"));
    CHECK(
        has(refused({m.a, m.b}, 2), "merging gives ffn.slot = 3, and this program's recipe has 2"));
}

TEST_CASE("models that grew on the same grown model are merged behind it") {
    grown_models m;
    const io::grown_domain tax{"tax", 1, true, hash_of(m.a), {}},
        bio{"bio", 1, true, hash_of(m.a), {}};
    const auto c = put_model(m.in / "c", {{10, 11, 12}, {20, 40}}, {m.law, tax});
    const auto d = put_model(m.in / "d", {{10, 11, 12}, {20, 50}}, {m.law, bio});
    const auto cd = m.merged({c, d}, "cd");
    CHECK(hash_of(cd) == hash_of(put_model(m.in / "as", {{10, 11, 12}, {20, 50, 40}}, {m.law})));
    CHECK(hash_of(m.without(cd, "bio", "cd_c")) == hash_of(c));
    // A model and what was grown on it: nothing is there twice.
    io::merge_models(std::vector{m.a, c}, recipe_of(c, 2), m.in / "ac");
    CHECK(hash_of(io::find_model(m.in / "ac")) == hash_of(c));
}
