// SPDX-License-Identifier: MIT
// What a network makes of one domain's held-out text, and how many of its tokens use certain
// experts.
#pragma once

#include <moe/io/corpus.hpp>
#include <moe/model/network.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace moe {

struct domain_look {
    std::string domain;
    double bits_per_byte = 0;
    std::vector<double> use;  // a mixture layer: share of the tokens that use them

    double mean_use() const {
        double sum = 0;
        for (const double one : use) sum += one / double(use.size());
        return sum;
    }
};

// text: of one domain, 'limit' windows spread evenly over it (0: all). uses(kept of a mixture,
// token): whether a token counts there. Without held-out text: NaN.
template <class Recipe, class On, class Uses>
domain_look look_at(network<Recipe, On>& network, const io::corpus& text, std::int64_t limit,
                    const Uses& uses) {
    constexpr int context = of<Recipe>.model.context, width = context + 1;
    constexpr int layers = moe::network<Recipe, On>::transformer::mixture_layers;
    const std::int64_t all = text.validation_windows(0);
    const std::int64_t count = limit > 0 ? std::min(limit, all) : all;
    const std::int64_t at_once = network.largest_grain().sequences;
    std::vector<int> windows(std::size_t(at_once * width));
    domain_look look{text.domain(0), 0, std::vector<double>(std::size_t(layers), 0.0)};
    double nats = 0, bytes = 0;
    for (std::int64_t i = 0; i < count; i += at_once) {
        const std::int64_t some = std::min(at_once, count - i);
        for (std::int64_t j = 0; j < some; ++j) {
            const io::window one = text.validation(0, (i + j) * all / count);
            text.read(one.first, width, windows.data() + j * width);
            bytes += double(text.bytes(one.first + 1, context));
        }
        nats += network.loss({windows.data(), std::size_t(some * width)}, context);
        int layer = 0;
        network.each_mixture([&](const auto& mixture) {
            // The module for multi-token prediction does not run here.
            if (layer < layers)
                for (int t = 0; t < int(some) * context; ++t)
                    look.use[std::size_t(layer)] += uses(mixture, t) / (double(count) * context);
            ++layer;
        });
    }
    look.bits_per_byte = nats / std::log(2.0) / bytes;
    return look;
}

}  // namespace moe
