// SPDX-License-Identifier: MIT
// Growing: a model of the recipe From becomes one of To, which has more experts, for one more
// domain. What the model was before does not change by a bit, and can be had back
// (io/grown.hpp).
//
//   moe::grow<nano, physics>({.model = "run", .data = "text/physics", .replay = "text/old",
//                             .out = "grown"});
#pragma once

#include <moe/core/type_name.hpp>
#include <moe/io/grown.hpp>
#include <moe/recipe/count.hpp>
#include <moe/train/energy.hpp>
#include <moe/train/grower.hpp>
#include <moe/train/growth_summary.hpp>
#include <moe/train/summary.hpp>
#include <moe/train/tensors.hpp>
#include <moe/train/training_run.hpp>

#include <string>
#include <unordered_map>

namespace moe {

// The tensors of the model that is grown: each is the first part of one of the grown network's.
template <class Recipe, class On> io::tensor_list base_tensors_of(network<Recipe, On>& network) {
    using from = typename Recipe::grows;
    std::unordered_map<std::string, io::named_tensor> there;
    for (io::named_tensor& one : tensors_of(network)) there.emplace(one.name, std::move(one));
    io::tensor_list list;
    using state = weights_of<transformer_of<from>, from>;
    const auto shapes = std::make_unique<state>();  // without memory
    state::each(
        name(),
        [&](const name& of_field, auto& field) {
            constexpr spec is = spec_of<decltype(field)>;
            const auto add = [&]<class T>(const name& of_part, rows<T>, spec part) {
                const std::string wanted(of_part.text());
                list.push_back(io::make_tensor(wanted, static_cast<T*>(there.at(wanted).data),
                                               detail::shape_of_tensor(part)));
            };
            if constexpr (is.count() > 0)
                for (int member = 0; member < is.stack; ++member)
                    detail::visit_parts(field, of_field.member(member), member, add);
        },
        *shapes);
    return list;
}

namespace detail {

// Every sub-folder of a replay folder is one old domain; a folder without any is one itself.
inline std::vector<std::string> old_domains_in(const std::string& folder) {
    if (!io::status_of(folder).folder)
        throw error(folder + ": no such folder; one of old text was expected");
    std::vector<std::string> found;
    for (const std::string& one : io::list_folder(folder))
        if (one.front() != '.' && io::status_of(io::join(folder, one)).folder)
            found.push_back(io::join(folder, one));
    if (found.empty()) found.push_back(folder);
    return found;
}

inline void require_new_folder(const std::string& folder) {
    const io::path_status is = io::status_of(folder);
    if (is.exists && (!is.folder || !io::list_folder(folder).empty()))
        throw error(folder + ": a new or empty folder was expected");
}

// Names the first tensor of the base whose bits are not those of its file.
inline void require_unchanged(const io::tensor_list& base, const io::good_model& from) {
    std::unordered_map<std::string, io::hash128> hashes;
    if (const io::manifest_file* file = from.about.file("model.safetensors"))
        for (const io::tensor_hash& one : file->tensors) hashes.emplace(one.name, one.hash);
    for (const io::tensor_hash& one : io::hashes_of(base))
        if (const auto known = hashes.find(one.name);
            known == hashes.end() || !(known->second == one.hash))
            throw error("tensor " + one.name + " of the model that was grown has changed");
}

}  // namespace detail

// From must be what To says that it grows. Writes nothing until all is done.
template <class From, class To, class On = device_on<To>, class Observer>
growth_summary grow(grow_settings s, Observer& observer) {
    static_assert(growing<To> && checked<To>());
    static_assert(std::is_same_v<From, typename To::grows>,
                  "moe: grow<From, To> needs a To that says 'using grows = From;'");
    constexpr int context = of<To>.model.context;
    if (s.batch == 0) s.batch = 16 * context;
    if (s.batch < 2 * context || s.batch % context != 0)
        throw usage_error("--batch: expected at least two whole sequences, a multiple of " +
                          std::to_string(context) + ", found " + std::to_string(s.batch));
    detail::require_new_folder(s.out);
    const io::good_model from = io::find_model(s.model);
    for (const std::string& warning : from.warnings) observer.note(warning);
    io::require_recipe(from, recipe_text<From>());
    io::tokenizer words;
    if (io::has_attachment(from, "tokenizer.model"))
        words = io::tokenizer::from_model(io::load_attachment(from, "tokenizer.model"),
                                          from.folder + "/tokenizer.model");
    grower<To, On> grower(s, words, detail::old_domains_in(s.replay));

    const io::corpus& fresh = grower.fresh();
    if (fresh.domains() != 1)
        throw usage_error("--data: expected the folder of one domain, found " +
                          std::to_string(fresh.domains()) + " in " + s.data);
    if (fresh.validation_windows(0) == 0)
        throw error(s.data + ": too short: no file holds two windows of " +
                    std::to_string(context) + " tokens, one to train and one to check");
    const std::string domain = fresh.domain(0);
    std::vector<io::grown_domain> domains = io::grown_domains(from.about);
    for (const io::grown_domain& one : domains)
        if (one.domain == domain)
            throw error(from.folder + ": has grown the domain '" + domain + "' already");
    for (std::size_t i = 0; i < grower.old_domains(); ++i)
        if (grower.old(i).domain(0) == domain)
            throw error(s.replay + ": holds the new domain '" + domain + "' among the old ones");

    const io::tensor_list base = base_tensors_of(grower.network());
    io::load_weights(from, base);
    grower.network().weights_changed();

    growth_summary summary;
    const auto look = [&](const io::corpus& text) {
        return grower.look_at(text, s.validation_windows);
    };
    const auto before = [&](const io::corpus& text) {
        const domain_look one = look(text);
        return domain_change{one.domain, one.bits_per_byte, 0, {}};
    };
    const auto behind = [&](domain_change& change, const io::corpus& text) {
        const domain_look one = look(text);
        change.after = one.bits_per_byte;
        change.use = one.use;
    };
    summary.fresh = before(fresh);
    for (std::size_t i = 0; i < grower.old_domains(); ++i)
        summary.old.push_back(before(grower.old(i)));

    observer.note("placing the experts of " + domain);
    const auto begin = std::chrono::steady_clock::now();
    energy_meter meter({.watts = s.watts, .cores = grower.network().threads()});
    grower.place();
    while (grower.steps_done() < s.steps) {
        if (observer.stop())
            throw error("stopped at step " + std::to_string(grower.steps_done()) + " of " +
                        std::to_string(s.steps) + "; nothing was written");
        const step_report report = grower.step();
        observer.stepped(report, double(report.tokens) / report.seconds, run_summary::unknown);
        if (s.log_every > 0 && report.step % s.log_every == 0) meter.sample();
    }
    summary.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const energy used = meter.read(summary.seconds);
    summary.joules = used.joules;
    summary.joules_source = used.source;
    behind(summary.fresh, fresh);
    for (std::size_t i = 0; i < grower.old_domains(); ++i) behind(summary.old[i], grower.old(i));
    detail::require_unchanged(base, from);

    io::grown_domain grown;
    grown.domain = domain;
    grown.experts = growth<To>::experts;
    grown.in_slot = growth<To>::slot > 0;
    grown.base = io::text_of(io::weights_hash_of(from.about));
    const io::key_values now = recipe_text<To>();
    for (const io::key_value& was : recipe_text<From>())
        for (const io::key_value& is : now)
            if (is.key == was.key && is.value != was.value && !is.key.starts_with("ffn.") &&
                !is.key.starts_with("routing."))
                grown.was.push_back(was);
    domains.push_back(grown);

    using counts = count<To>;
    summary.recipe = std::string(type_name<To>());
    summary.grows = std::string(type_name<From>());
    summary.place = grown.in_slot ? "slot" : "top-k";
    summary.steps = s.steps;
    summary.tokens = s.steps * s.batch;
    summary.parameters = counts::parameters;
    summary.trained = counts::parameters - count<From>::parameters;
    summary.planned_bytes = std::int64_t(grower.planned().total());
    summary.resident_bytes = resident_peak_bytes();
    const io::tensor_list tensors = tensors_of(grower.network());
    summary.base_hash = grown.base;
    summary.weights_hash = io::text_of(io::weights_hash_of(tensors));

    io::snapshot what;
    what.recipe = now;
    what.settings = {{"grown from", from.folder},
                     {"data", s.data},
                     {"replay", s.replay},
                     {"steps", std::to_string(s.steps)},
                     {"rate", io::number_text(s.rate)},
                     {"leak", io::number_text(s.leak)},
                     {"replay weight", io::number_text(s.replay_weight)}};
    what.state = io::text_of(domains);
    what.model = tensors;
    if (!words.is_bytes()) what.attachments.push_back({"tokenizer.model", words.model()});
    what.attachments.push_back({"growth.json", growth_json(summary)});
    io::save_model(s.out, what);
    return summary;
}
template <class From, class To> growth_summary grow(const grow_settings& s) {
    quiet nobody;
    return grow<From, To>(s, nobody);
}

}  // namespace moe
