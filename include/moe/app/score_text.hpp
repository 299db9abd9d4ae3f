// SPDX-License-Identifier: MIT
// NAME score: how well a model predicts a text, or the texts of some domains, and where it sends
// their tokens.
#pragma once

#include <moe/app/scored_text.hpp>
#include <moe/io/corpus.hpp>
#include <moe/io/safetensors.hpp>
#include <moe/train/count_routing.hpp>
#include <moe/train/load_model.hpp>
#include <moe/train/score.hpp>

#include <string>
#include <vector>

namespace moe {

// text: a file, or a folder of text or of domains. logits: a file to write them to, if not empty.
template <class Recipe, class On>
scored_text score_text(loaded_model<Recipe, On>& model, const std::string& text,
                       const std::string& logits, bool with_routing) {
    using number = precise_of<Recipe>;
    constexpr int vocab = of<Recipe>.model.vocab;
    scored_text result{.folder = io::status_of(text).folder,
                       .with_routing = with_routing,
                       .domains = {},
                       .routing = {}};
    std::vector<routing_counts> counts;
    routing_tally tally = tally_for<Recipe>();
    const auto add = [&](const std::string& domain) {
        result.domains.push_back({.domain = domain, .tokens = 0, .bytes = 0, .nats = 0});
        counts.push_back(counts_for<Recipe>());
    };
    const auto score_tokens = [&](std::span<const int> tokens, number* into) {
        const text_score one = score(*model.network, tokens, into, [&] {
            if (with_routing) count_routing(*model.network, counts.back(), tally);
        });
        scored_domain& domain = result.domains.back();
        domain.tokens += one.tokens, domain.nats += one.nats;
        for (const int token : tokens.subspan(1)) domain.bytes += model.words.bytes_of(token);
    };
    if (result.folder) {
        if (!logits.empty()) throw usage_error("--logits: expected a file at --text, not a folder");
        const io::corpus all(text, model.words, {.context = of<Recipe>.model.context});
        std::vector<int> tokens;
        int last = -1;
        for (const io::document& one : all.documents()) {
            if (one.domain != last) add(all.domain(last = one.domain));
            tokens.resize(std::size_t(one.tokens));
            all.read(one.first, int(one.tokens), tokens.data());
            score_tokens(tokens, nullptr);
        }
    } else {
        const std::vector<int> tokens = model.words.encode(io::read_file(text));
        if (tokens.size() < 2)
            throw error(text + ": expected a text of at least two tokens, found " +
                        std::to_string(tokens.size()));
        add(io::name_in_folder(text));
        std::vector<number> rows_of_text;
        if (!logits.empty()) rows_of_text.resize(tokens.size() * std::size_t(vocab));
        score_tokens(tokens, rows_of_text.empty() ? nullptr : rows_of_text.data());
        if (!logits.empty())
            io::write_safetensors(logits, {io::make_tensor("logits", rows_of_text.data(),
                                                           {std::int64_t(tokens.size()), vocab})});
    }
    if (with_routing) {
        std::vector<std::string> names;
        for (const scored_domain& one : result.domains) names.push_back(one.domain);
        result.routing = routing_report_of(std::move(names), counts, std::move(tally));
    }
    return result;
}

}  // namespace moe
