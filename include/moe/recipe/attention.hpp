// SPDX-License-Identifier: MIT
// Policies for the slot 'attention': multi-head latent attention and grouped-query attention.
#pragma once

#include <concepts>
#include <cstdint>

namespace moe {

template <class Policy>
concept attention_policy = requires(const Policy p, int hidden) {
    { p.heads } -> std::convertible_to<int>;
    { p.key_size() } -> std::convertible_to<int>;                   // of one head's query and key
    { p.value_size() } -> std::convertible_to<int>;                 // of one head's value
    { p.cache_size() } -> std::convertible_to<int>;                 // numbers a token and layer
    { p.parameters(hidden) } -> std::convertible_to<std::int64_t>;  // of one layer
};

// Keys and values are built from a latent of kv_rank numbers a token; beside it lies one rotated
// key that all heads share. DeepSeek-V2, section 2.1; deepseek-ai/DeepSeek-V3, model.py.
struct mla {
    int heads = 0;
    int q_rank = 0;  // width of the queries' latent; 0: queries come straight from the input
    int kv_rank = 0;
    int nope_dim = 0;  // of a head's query and key: not rotated
    int rope_dim = 0;  // and rotated, in pairs
    int value_dim = 0;

    constexpr int key_size() const { return nope_dim + rope_dim; }
    constexpr int value_size() const { return value_dim; }
    constexpr int cache_size() const { return kv_rank + rope_dim; }
    constexpr std::int64_t parameters(int hidden) const {
        const std::int64_t d = hidden, h = heads;
        const std::int64_t query =
            q_rank > 0 ? d * q_rank + q_rank + q_rank * h * key_size() : d * h * key_size();
        return query + d * cache_size() + kv_rank + kv_rank * h * (nope_dim + value_dim) +
               h * value_dim * d;
    }
    constexpr void each(auto visit) const {
        visit("heads", heads);
        visit("q_rank", q_rank);
        visit("kv_rank", kv_rank);
        visit("nope_dim", nope_dim);
        visit("rope_dim", rope_dim);
        visit("value_dim", value_dim);
    }
};

// Groups of heads / kv_heads heads share a key and a value. Ainslie et al., "GQA", 2023. With
// kv_heads = heads it is the classic multi-head attention. The whole head is rotated.
struct gqa {
    int heads = 0;
    int kv_heads = 0;
    int head_dim = 0;
    bool qk_norm = false;  // RMSNorm over each head's query and key, gains shared (Qwen3)

    constexpr int key_size() const { return head_dim; }
    constexpr int value_size() const { return head_dim; }
    constexpr int cache_size() const { return 2 * kv_heads * head_dim; }
    constexpr std::int64_t parameters(int hidden) const {
        const std::int64_t heads_in_all = 2 * (std::int64_t{heads} + kv_heads);
        return hidden * heads_in_all * head_dim + (qk_norm ? 2 * head_dim : 0);
    }
    constexpr void each(auto visit) const {
        visit("heads", heads);
        visit("kv_heads", kv_heads);
        visit("head_dim", head_dim);
        visit("qk_norm", qk_norm);
    }
};

static_assert(attention_policy<mla> && attention_policy<gqa>);

}  // namespace moe
