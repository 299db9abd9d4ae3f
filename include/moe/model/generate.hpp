// SPDX-License-Identifier: MIT
// Text from a network, token by token, with the keys and values of earlier tokens cached. When the
// context is full, its second half becomes the beginning of a new one.
#pragma once

#include <moe/core/random.hpp>
#include <moe/model/network.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

namespace moe {

struct sampling {
    double temperature = 0.8;  // 0: always the likeliest token, the lower one of two
    double top_p = 0.95;       // only from the likeliest tokens that together have this probability
    std::uint64_t seed = 1;
};

// One token from logits (vocab). 'uniform' in [0, 1). order is scratch space (vocab).
template <class T>
int sample(std::span<const T> logits, sampling how, double uniform, std::vector<int>& order) {
    order.resize(logits.size());
    std::iota(order.begin(), order.end(), 0);
    const auto likelier = [&](int a, int b) {
        const T first = logits[std::size_t(a)], second = logits[std::size_t(b)];
        return first != second ? first > second : a < b;
    };
    if (how.temperature <= 0) return *std::min_element(order.begin(), order.end(), likelier);
    std::sort(order.begin(), order.end(), likelier);
    const double highest = double(logits[std::size_t(order[0])]);
    const auto weight = [&](int token) {
        return std::exp((double(logits[std::size_t(token)]) - highest) / how.temperature);
    };
    double total = 0;
    for (const int token : order) total += weight(token);
    double kept = 0;
    std::size_t count = 0;
    while (count < order.size() && kept < how.top_p * total) kept += weight(order[count++]);
    double left = uniform * kept;
    for (std::size_t i = 0; i + 1 < count; ++i)
        if ((left -= weight(order[i])) < 0) return order[i];
    return order[count - 1];
}

// 'count' tokens behind the prompt, which must not be empty. emit(token) sees each as it comes; it
// returns false to stop.
template <class Recipe, class On, class Emit>
void generate(network<Recipe, On>& network, std::span<const int> prompt, std::int64_t count,
              sampling how, Emit&& emit) {
    using number = precise_of<Recipe>;
    const int context = network.largest_grain().length;
    std::vector<int> text(prompt.begin(), prompt.end()), order;
    std::vector<number> logits(std::size_t(of<Recipe>.model.vocab));
    const rows<number> last(logits.data(), 1, of<Recipe>.model.vocab);
    // The tokens that the network has not seen, and where they begin in its context.
    std::size_t next = text.size() > std::size_t(context) ? text.size() - std::size_t(context) : 0;
    int position = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        if (position + int(text.size() - next) > context) {
            next = text.size() - std::size_t(ceil_divide(context, 2));
            position = 0;
        }
        const std::span<const int> unseen(text.data() + next, text.size() - next);
        network.logits(last, unseen, position);
        position += int(unseen.size());
        next = text.size();
        const double uniform = double(random_uniform(how.seed, 0x67656E, std::uint64_t(i)));
        text.push_back(sample<number>(logits, how, uniform, order));
        if (!emit(text.back())) return;
    }
}

}  // namespace moe
