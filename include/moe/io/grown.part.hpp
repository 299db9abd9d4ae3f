// SPDX-License-Identifier: MIT
// Definitions of io/grown.hpp.
#pragma once

#include <moe/io/grown.hpp>
#include <moe/io/grown_tensors.part.hpp>
#include <moe/io/json.hpp>

#include <algorithm>
#include <cstring>

namespace moe::detail {

// The first expert of a domain: a model's own come before all that were grown.
inline int first_expert(const std::vector<io::grown_domain>& domains, std::size_t which,
                        const io::key_values& recipe) {
    const bool in_slot = domains[which].in_slot;
    int first = count_of(recipe, names_of(in_slot).count);
    for (std::size_t i = which; i < domains.size(); ++i)
        if (domains[i].in_slot == in_slot) first -= domains[i].experts;
    return first;
}

inline io::saved_checkpoint save_grown(const std::string& to, const io::good_model& like,
                                       const io::key_values& recipe,
                                       const std::vector<io::grown_domain>& domains,
                                       const model_tensors& tensors, const std::string& how) {
    io::snapshot what;
    what.recipe = recipe;
    what.settings = {{how, like.folder}};
    what.state = io::text_of(domains);
    what.model = tensors.list;
    if (io::has_attachment(like, "tokenizer.model"))
        what.attachments.push_back({"tokenizer.model", load_attachment(like, "tokenizer.model")});
    return io::save_model(to, what);
}

// What must agree in models that are put together.
inline bool is_of_the_base(std::string_view key) {
    if (key == "ffn.slot" || key == "ffn.routed" || key == "routing.groups") return false;
    for (const char* slot : {"model", "attention", "ffn", "routing", "precision"})
        if (key == slot || key.starts_with(std::string(slot) + ".")) return true;
    return false;
}

}  // namespace moe::detail

namespace moe::io {

std::vector<grown_domain> grown_domains(const manifest& about) {
    std::vector<grown_domain> domains;
    for (;;) {
        const std::string prefix = "grown." + std::to_string(domains.size()) + ".";
        grown_domain one;
        one.domain = moe::detail::value_of(about.state, prefix + "domain");
        if (one.domain.empty()) return domains;
        one.experts = moe::detail::count_of(about.state, prefix + "experts");
        one.in_slot = moe::detail::value_of(about.state, prefix + "place") == "slot";
        one.base = moe::detail::value_of(about.state, prefix + "base");
        if (one.experts < 1)
            throw error("manifest.json: state." + prefix + "experts: expected a whole number of " +
                        "at least 1");
        for (const key_value& field : about.state)
            if (field.key.starts_with(prefix + "was."))
                one.was.push_back({field.key.substr(prefix.size() + 4), field.value});
        domains.push_back(std::move(one));
    }
}

key_values text_of(const std::vector<grown_domain>& domains) {
    key_values state;
    for (std::size_t i = 0; i < domains.size(); ++i) {
        const grown_domain& one = domains[i];
        const std::string prefix = "grown." + std::to_string(i) + ".";
        state.push_back({prefix + "domain", one.domain});
        state.push_back({prefix + "experts", std::to_string(one.experts)});
        state.push_back({prefix + "place", one.in_slot ? "slot" : "top-k"});
        state.push_back({prefix + "base", one.base});
        for (const key_value& field : one.was)
            state.push_back({prefix + "was." + field.key, field.value});
    }
    return state;
}

saved_checkpoint remove_domain(const good_model& from, const std::string& domain,
                               const std::string& to) {
    using namespace moe::detail;
    std::vector<grown_domain> domains = grown_domains(from.about);
    const auto found = std::find_if(domains.begin(), domains.end(),
                                    [&](const auto& one) { return one.domain == domain; });
    if (found == domains.end()) {
        std::string all;
        for (const grown_domain& one : domains) all += (all.empty() ? "" : ", ") + one.domain;
        throw error(from.folder + ": has not grown the domain '" + domain + "'; it has grown " +
                    (all.empty() ? "none" : all));
    }
    const bool in_slot = found->in_slot;
    const expert_names& names = names_of(in_slot);
    key_values recipe = from.about.recipe;
    const int first = first_expert(domains, std::size_t(found - domains.begin()), recipe);
    const int count = count_of(recipe, names.count), left = count - found->experts;
    if (first < 0 || left < 0)
        throw error(from.folder + ": manifest.json: " + names.count + " is " +
                    std::to_string(count) + ", fewer experts than were grown");
    if (!in_slot) {
        const int groups = std::max(1, count_of(recipe, "routing.groups"));
        const int size = count / groups, active = count_of(recipe, "routing.active");
        const int kept = std::max(1, count_of(recipe, "routing.kept_groups"));
        if (left < active)
            throw error(from.folder + ": without '" + domain + "' " + std::to_string(left) +
                        " experts are left, and a token needs " + std::to_string(active) +
                        " (routing.active)");
        if (groups > 1 && (left % size != 0 || left / size < kept))
            throw error(from.folder + ": without '" + domain + "' " + std::to_string(left) +
                        " experts are left, which do not fill " + std::to_string(kept) +
                        " or more groups of " + std::to_string(size));
        if (groups > 1) *find_value(recipe, "routing.groups") = std::to_string(left / size);
    }
    *find_value(recipe, names.count) = std::to_string(left);

    std::vector<model_tensors> models;
    models.emplace_back(from);
    const std::vector<int> counts[2] = {{count_of(from.about.recipe, of_top_k.count)},
                                        {count_of(from.about.recipe, of_slot.count)}};
    expert_order order;
    for (const bool kind : {true, false})
        for (int e = 0; e < counts[kind][0]; ++e)
            if (kind != in_slot || e < first || e >= first + found->experts)
                (kind ? order.slot : order.top_k).push_back({0, e});
    // Without its newest domain a model has the recipe that it had before.
    const grown_domain gone = *found;
    if (found + 1 == domains.end())
        for (const key_value& field : gone.was)
            if (std::string* value = find_value(recipe, field.key)) *value = field.value;
    domains.erase(found);
    const model_tensors result = put_together(models, order, counts);
    if (domains.empty()) {
        const std::string hash = text_of(weights_hash_of(result.list));
        if (!gone.base.empty() && hash != gone.base)
            throw error(from.folder + ": without '" + domain + "' the weights' hash is " + hash +
                        ", and that of the model it was grown on is " + gone.base);
    }
    return save_grown(to, from, recipe, domains, result, "without " + domain);
}

saved_checkpoint merge_models(std::span<const good_model> models, const key_values& recipe,
                              const std::string& to) {
    using namespace moe::detail;
    const good_model& first = models[0];
    std::vector<std::vector<grown_domain>> grown;
    for (const good_model& one : models) grown.push_back(grown_domains(one.about));
    for (std::size_t m = 1; m < models.size(); ++m)
        for (const key_value& field : first.about.recipe)
            if (is_of_the_base(field.key) &&
                value_of(models[m].about.recipe, field.key) != field.value)
                throw error(models[m].folder + ": grown on another recipe: " + field.key + " is " +
                            value_of(models[m].about.recipe, field.key) + " there and " +
                            field.value + " in " + first.folder);
    // Domains that all of them have, grown before they parted.
    std::size_t common = grown[0].size();
    for (const auto& other : grown) {
        std::size_t same = 0;
        while (same < std::min(common, other.size()) && other[same] == grown[0][same]) ++same;
        common = same;
    }
    struct part {
        std::size_t model, domain;
    };
    std::vector<part> parts;
    for (std::size_t m = 0; m < models.size(); ++m) {
        if (grown[m].size() == common && models.size() > 1 && common == 0)
            throw error(models[m].folder + ": has grown no domain; there is nothing to merge");
        for (std::size_t d = common; d < grown[m].size(); ++d) parts.push_back({m, d});
    }
    const auto of = [&](const part& p) -> const grown_domain& { return grown[p.model][p.domain]; };
    std::stable_sort(parts.begin(), parts.end(),
                     [&](const part& a, const part& b) { return of(a).domain < of(b).domain; });
    for (std::size_t i = 1; i < parts.size(); ++i)
        if (of(parts[i]).domain == of(parts[i - 1]).domain)
            throw error(models[parts[i].model].folder + ": has grown '" + of(parts[i]).domain +
                        "', and so has " + models[parts[i - 1].model].folder);

    expert_order order;
    std::vector<int> counts[2];
    int bases[2] = {0, 0};  // experts before those that a model has grown by itself
    std::vector<grown_domain> domains(grown[0].begin(), grown[0].begin() + std::int64_t(common));
    for (const bool in_slot : {false, true}) {
        std::vector<expert_source>& list = in_slot ? order.slot : order.top_k;
        for (std::size_t m = 0; m < models.size(); ++m)
            counts[in_slot].push_back(
                std::max(0, count_of(models[m].about.recipe, names_of(in_slot).count)));
        int& base = bases[in_slot];
        base = counts[in_slot][0];
        for (std::size_t d = common; d < grown[0].size(); ++d)
            if (grown[0][d].in_slot == in_slot) base -= grown[0][d].experts;
        for (int e = 0; e < base; ++e) list.push_back({0, e});
        for (const part& p : parts)
            if (of(p).in_slot == in_slot)
                for (int e = 0; e < of(p).experts; ++e)
                    list.push_back(
                        {p.model,
                         first_expert(grown[p.model], p.domain, models[p.model].about.recipe) + e});
        if (const int wanted = count_of(recipe, names_of(in_slot).count);
            wanted != int(list.size()))
            throw error("merging gives " + std::string(names_of(in_slot).count) + " = " +
                        std::to_string(list.size()) + ", and this program's recipe has " +
                        std::to_string(wanted));
    }
    for (const part& p : parts) domains.push_back(of(p));
    for (const key_value& field : recipe)
        if (is_of_the_base(field.key) && value_of(first.about.recipe, field.key) != field.value)
            throw error(first.folder + ": made with another recipe: " + field.key + " is " +
                        value_of(first.about.recipe, field.key) + " there and " + field.value +
                        " here");

    std::vector<model_tensors> tensors;
    for (const good_model& one : models) tensors.emplace_back(one);
    // Below what each has grown by itself all must be the same.
    for (std::size_t m = 1; m < models.size(); ++m) {
        const auto differ = [&](const std::string& name) {
            throw error(models[m].folder + ": grown on another model than " + first.folder +
                        ": tensor " + json_quoted(name) + " differs");
        };
        for (const named_tensor& one : tensors[0].list) {
            std::size_t bytes = one.bytes;
            bool shared = true;
            for (const bool in_slot : {true, false}) {
                const int base = bases[in_slot];
                const expert_names& names = names_of(in_slot);
                if (const expert_name parts_of(one.name, names); parts_of.expert >= 0) {
                    shared = parts_of.expert < base;
                    break;
                }
                if (one.name.find(names.router) == std::string::npos) continue;
                bytes = bytes_an_expert(one, counts[in_slot][0]) * std::size_t(base);
                break;
            }
            if (!shared || bytes == 0) continue;
            const named_tensor* other = tensors[m].find(one.name);
            if (!other || other->format != one.format || other->bytes < bytes ||
                std::memcmp(other->data, one.data, bytes) != 0)
                differ(one.name);
        }
    }
    return save_grown(to, first, recipe, domains, put_together(tensors, order, counts),
                      "merged with");
}

}  // namespace moe::io
