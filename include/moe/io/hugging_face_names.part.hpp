// SPDX-License-Identifier: MIT
// Definitions of io/hugging_face_names.hpp. Names and shapes were read off files that transformers
// 5.23 writes and loads.
#pragma once

#include <moe/core/error.hpp>
#include <moe/io/hugging_face_names.hpp>
#include <moe/io/json.hpp>

#include <cstring>

namespace moe::detail {

struct hugging_face_lister {
    const io::model_shape& is;
    io::hugging_face_class target;
    std::vector<io::hugging_face_tensor>& all;
    bool further = false, low = false;

    void add(std::string ours, std::string theirs, std::vector<std::int64_t> shape,
             int head_dim = 0) {
        const bool coded = low && !ours.empty() && shape.size() == 2 && !is_router(theirs);
        all.push_back(
            {std::move(ours), std::move(theirs), std::move(shape), head_dim, further, coded});
    }
    void add(std::string name, std::vector<std::int64_t> shape, int head_dim = 0) {
        add(name, name, std::move(shape), head_dim);
    }

    static bool is_router(const std::string& name) {
        const std::string_view ending = ".gate.weight";
        return name.size() > ending.size() && name.ends_with(ending);
    }
    void latent_attention(const std::string& at) {
        const std::int64_t hidden = is.hidden, heads = is.heads;
        const std::int64_t query = heads * (is.nope_dim + is.rope_dim);
        if (is.q_rank == 0) {
            add(at + "q_proj.weight", {query, hidden});
        } else {
            add(at + "q_a_proj.weight", {is.q_rank, hidden});
            add(at + "q_a_layernorm.weight", {is.q_rank});
            add(at + "q_b_proj.weight", {query, is.q_rank});
        }
        add(at + "kv_a_proj_with_mqa.weight", {is.kv_rank + is.rope_dim, hidden});
        add(at + "kv_a_layernorm.weight", {is.kv_rank});
        add(at + "kv_b_proj.weight", {heads * (is.nope_dim + is.value_dim), is.kv_rank});
        add(at + "o_proj.weight", {hidden, heads * is.value_dim});
    }

    void grouped_attention(const std::string& at) {
        const std::int64_t hidden = is.hidden;
        const std::int64_t query = std::int64_t{is.heads} * is.head_dim;
        const std::int64_t key = std::int64_t{is.kv_heads} * is.head_dim;
        add(at + "q_proj.weight", {query, hidden}, is.head_dim);
        add(at + "k_proj.weight", {key, hidden}, is.head_dim);
        add(at + "v_proj.weight", {key, hidden});
        add(at + "o_proj.weight", {hidden, query});
        if (is.qk_norm) {
            add(at + "q_norm.weight", {is.head_dim}, is.head_dim);
            add(at + "k_norm.weight", {is.head_dim}, is.head_dim);
        }
    }

    void swiglu(const std::string& at, std::int64_t width, bool exists = true) {
        const std::int64_t hidden = is.hidden;
        const auto ours = [&](const char* name) { return exists ? at + name : std::string(); };
        add(ours("gate_proj.weight"), at + "gate_proj.weight", {width, hidden});
        add(ours("up_proj.weight"), at + "up_proj.weight", {width, hidden});
        add(ours("down_proj.weight"), at + "down_proj.weight", {hidden, width});
    }

    void mixture(const std::string& at) {
        using enum io::hugging_face_class;
        const std::int64_t hidden = is.hidden, width = is.intermediate;
        const std::string mlp = at + "mlp.", block = at + "block_sparse_moe.";
        if (target == mixtral) {
            add(mlp + "gate.weight", block + "gate.weight", {is.routed, hidden});
            for (int e = 0; e < is.routed; ++e) {
                const std::string expert = "experts." + std::to_string(e) + ".";
                add(mlp + expert + "gate_proj.weight", block + expert + "w1.weight",
                    {width, hidden});
                add(mlp + expert + "up_proj.weight", block + expert + "w3.weight", {width, hidden});
                add(mlp + expert + "down_proj.weight", block + expert + "w2.weight",
                    {hidden, width});
            }
            return;
        }
        add(mlp + "gate.weight", {is.routed, hidden});
        const std::string bias = mlp + "gate.e_score_correction_bias";
        if (target == deepseek_v3) add(is.selection_bias ? bias : "", bias, {is.routed});
        for (int e = 0; e < is.routed; ++e)
            swiglu(mlp + "experts." + std::to_string(e) + ".", width);
        // transformers builds a shared expert of no width where there is none.
        if (target == deepseek_v3)
            swiglu(mlp + "shared_experts.", is.shared * width, is.shared > 0);
    }

    void block(const std::string& at, bool routes) {
        add(at + "input_layernorm.weight", {is.hidden});
        if (is.attention == io::attention_kind::latent)
            latent_attention(at + "self_attn.");
        else
            grouped_attention(at + "self_attn.");
        add(at + "post_attention_layernorm.weight", {is.hidden});
        if (routes)
            mixture(at);
        else
            swiglu(at + "mlp.", is.dense_intermediate);
    }
};

template <class Row> void reorder_rows(std::int64_t rows, int head_dim, Row copy) {
    for (std::int64_t head = 0; head < rows; head += head_dim)
        for (int i = 0; i < head_dim; ++i)
            copy(head + i, head + i / 2 + (i % 2) * (head_dim / 2));  // in pairs, in halves
}

}  // namespace moe::detail

namespace moe::io {

hugging_face_class hugging_face_class_of(const model_shape& is) {
    const auto refuse = [](const std::string& why) {
        throw error("no Hugging Face class computes what this recipe computes: " + why);
    };
    const auto need = [&](bool fits, const std::string& why) {
        if (!fits) refuse(why);
    };
    if (is.unknown_policy)
        refuse("the slot '" + std::string(is.unknown_policy) + "' holds a policy of your own");
    need(is.context > 0 && is.layers > 0, "the recipe has no sizes");
    need(is.slot == 0,
         "ffn.slot = " + std::to_string(is.slot) +
             " experts stand beside the top-k; what was grown with ffn.routed goes out");

    if (is.attention == attention_kind::latent) {
        need(is.routing == routing_kind::sigmoid,
             "attention mla goes with routing sigmoid_top_k only (DeepseekV3ForCausalLM)");
        need(is.groups > 0 && is.routed / is.groups >= 2,
             "DeepseekV3ForCausalLM scores a group by its two best experts, routing.groups = " +
                 std::to_string(is.groups) + " leaves " +
                 std::to_string(is.groups ? is.routed / is.groups : 0) + " in each");
        return hugging_face_class::deepseek_v3;
    }
    need(is.routing == routing_kind::softmax,
         "attention gqa goes with routing softmax_top_k only (Qwen3MoeForCausalLM, "
         "MixtralForCausalLM)");
    need(is.kept_groups == is.groups,
         "Qwen3MoeForCausalLM and MixtralForCausalLM choose among all experts, routing keeps " +
             std::to_string(is.kept_groups) + " groups of " + std::to_string(is.groups));
    need(is.scale == 1,
         "Qwen3MoeForCausalLM and MixtralForCausalLM have no routing.scale but 1, this one is " +
             number_text(is.scale));
    need(!is.selection_bias,
         "Qwen3MoeForCausalLM and MixtralForCausalLM have no selection bias; balance must keep "
         "none (bias_balance with .rate = 0, or loss_balance)");
    need(is.shared == 0,
         "Qwen3MoeForCausalLM and MixtralForCausalLM have no shared experts, "
         "ffn.shared is " +
             std::to_string(is.shared));
    need(is.rope_scaling.factor <= 1 || is.rope_scaling.mscale_all_dim == 0,
         "Qwen3MoeForCausalLM and MixtralForCausalLM do not scale the softmax, "
         "model.rope_scaling.mscale_all_dim must be 0");
    if (is.qk_norm) return hugging_face_class::qwen3_moe;
    need(is.dense_layers == 0,
         "without attention.qk_norm it must be MixtralForCausalLM, which has no dense layers; "
         "ffn.dense_layers is " +
             std::to_string(is.dense_layers));
    need(is.renormalise,
         "without attention.qk_norm it must be MixtralForCausalLM, which always renormalises; "
         "routing.renormalise is false");
    return hugging_face_class::mixtral;
}

std::vector<hugging_face_tensor> hugging_face_tensors(const model_shape& is) {
    std::vector<hugging_face_tensor> all;
    moe::detail::hugging_face_lister list{is, hugging_face_class_of(is), all};
    list.add("model.embed_tokens.weight", {is.vocab, is.hidden});
    for (int layer = 0; layer < is.layers; ++layer) {
        list.low = !is.stays_high(layer);
        list.block("model.layers." + std::to_string(layer) + ".", is.routes(layer));
    }
    list.low = false;
    list.add("model.norm.weight", {is.hidden});
    if (!is.tied_embeddings) list.add("lm_head.weight", {is.vocab, is.hidden});
    list.further = true;
    for (int layer = is.layers; layer < is.layers + is.mtp_depth; ++layer) {
        const std::string at = "model.layers." + std::to_string(layer) + ".";
        list.add(at + "enorm.weight", {is.hidden});
        list.add(at + "hnorm.weight", {is.hidden});
        list.add(at + "eh_proj.weight", {is.hidden, 2 * is.hidden});
        list.block(at, is.routes(layer));
        list.add(at + "shared_head.norm.weight", {is.hidden});
    }
    return all;
}

std::vector<std::string> modules_not_coded(const model_shape& is) {
    std::vector<std::string> modules{"lm_head"};
    for (int layer = 0; layer < is.layers; ++layer) {
        const std::string at = "model.layers." + std::to_string(layer);
        if (is.stays_high(layer))
            modules.push_back(at);
        else if (is.routes(layer))
            modules.push_back(at + ".mlp.gate");
    }
    return modules;
}

void pairs_to_halves(void* to, const void* from, std::int64_t rows, int head_dim,
                     std::size_t row_bytes) {
    moe::detail::reorder_rows(rows, head_dim, [&](std::int64_t pair, std::int64_t half) {
        std::memcpy(static_cast<char*>(to) + std::size_t(half) * row_bytes,
                    static_cast<const char*>(from) + std::size_t(pair) * row_bytes, row_bytes);
    });
}
void halves_to_pairs(void* to, const void* from, std::int64_t rows, int head_dim,
                     std::size_t row_bytes) {
    moe::detail::reorder_rows(rows, head_dim, [&](std::int64_t pair, std::int64_t half) {
        std::memcpy(static_cast<char*>(to) + std::size_t(pair) * row_bytes,
                    static_cast<const char*>(from) + std::size_t(half) * row_bytes, row_bytes);
    });
}

}  // namespace moe::io
