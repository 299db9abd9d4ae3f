// SPDX-License-Identifier: MIT
// How well a network predicts a text: consecutive windows of the context length, each beginning
// where the one before ended; row i predicts token i + 1, and the mean is over the predicted
// tokens.
#pragma once

#include <moe/model/network.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace moe {

struct text_score {
    std::int64_t tokens = 0;  // predicted
    double nats = 0;          // the sum over them

    double nats_per_token() const { return nats / double(tokens); }
};

inline constexpr auto nobody_watches = [] {};

// logits: (tokens, vocab), filled where it is not null; otherwise one window's worth of memory
// serves all. watch() is called behind each window's forward pass.
template <class Recipe, class On, class Watch = decltype(nobody_watches)>
text_score score(network<Recipe, On>& network, std::span<const int> text,
                 precise_of<Recipe>* logits = nullptr, const Watch& watch = {}) {
    using number = precise_of<Recipe>;
    constexpr int vocab = of<Recipe>.model.vocab;
    const std::size_t context = std::size_t(network.largest_grain().length);
    std::vector<number> own;
    if (logits == nullptr) own.resize(context * vocab);
    text_score sum;
    for (std::size_t first = 0; first < text.size(); first += context) {
        const int tokens = int(std::min(context, text.size() - first));
        const rows<number> window(logits ? logits + first * vocab : own.data(), tokens, vocab);
        network.logits(window, text.subspan(first, std::size_t(tokens)));
        watch();
        for (int i = 0; i < tokens; ++i) {
            if (first + std::size_t(i) + 1 >= text.size()) continue;
            const int target = text[first + std::size_t(i) + 1];
            double highest = double(window(i, 0)), total = 0;
            for (int j = 1; j < vocab; ++j) highest = std::max(highest, double(window(i, j)));
            for (int j = 0; j < vocab; ++j) total += std::exp(double(window(i, j)) - highest);
            sum.nats += highest + std::log(total) - double(window(i, target));
            ++sum.tokens;
        }
    }
    return sum;
}

}  // namespace moe
