// SPDX-License-Identifier: MIT
// Definitions of io/stream.hpp.
#pragma once

#include <moe/core/random.hpp>
#include <moe/io/stream.hpp>

#include <algorithm>

namespace moe::detail {

// Streams of random numbers of their own: "order" and "offset" in ASCII; the epoch is added.
inline constexpr std::uint64_t order_stream = 0x6F72'6465'7200'0000U;
inline constexpr std::uint64_t offset_stream = 0x6F66'6673'6574'0000U;

}  // namespace moe::detail

namespace moe::io {

stream::stream(const corpus& text, std::uint64_t seed) : text_(&text), seed_(seed), first_{0} {
    const corpus_shape& shape = text.shape();
    for (const document& one : text.documents()) {
        // Every epoch has the same number of windows, whatever the offset. A long document gives
        // one up, so that the offset may be any; a short one keeps all and shifts by what is left.
        const std::int64_t inputs = one.trained - shape.lookahead;
        const std::int64_t fitting = inputs / shape.context;
        const bool is_long = fitting > 16;
        first_.push_back(first_.back() + (is_long ? fitting - 1 : fitting));
        slack_.push_back(is_long ? shape.context : inputs % shape.context + 1);
    }
}

window stream::at(std::uint64_t sequence) const {
    const auto count = std::uint64_t(windows());
    const std::uint64_t epoch = sequence / count;
    const auto place = std::int64_t(
        random_permutation(sequence % count, count, seed_, moe::detail::order_stream + epoch));
    const auto next = std::upper_bound(first_.begin(), first_.end(), place);
    const auto index = std::size_t(next - first_.begin() - 1);
    const document& one = text_->documents()[index];
    const auto offset = std::int64_t(random_below(std::uint64_t(slack_[index]), seed_,
                                                  moe::detail::offset_stream + epoch, index));
    return {one.domain, int(index),
            one.first + offset + (place - first_[index]) * text_->shape().context};
}

window stream::read(std::uint64_t sequence, int* tokens) const {
    const window here = at(sequence);
    text_->read(here.first, text_->window_tokens(), tokens);
    return here;
}

}  // namespace moe::io
