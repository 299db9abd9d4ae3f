// SPDX-License-Identifier: MIT
// The tensors of models whose experts are put together anew; a helper of grown.part.hpp.
#pragma once

#include <moe/io/checkpoint.hpp>
#include <moe/io/safetensors.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

namespace moe::detail {

inline std::string* find_value(io::key_values& list, std::string_view key) {
    for (io::key_value& one : list)
        if (one.key == key) return &one.value;
    return nullptr;
}
inline std::string value_of(const io::key_values& list, std::string_view key) {
    const std::string* const found = find_value(const_cast<io::key_values&>(list), key);
    return found ? *found : std::string();
}
// A count in a manifest; -1 when it is none.
inline int count_of(const io::key_values& list, std::string_view key) {
    const std::string text = value_of(list, key);
    int number = -1;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    return code == std::errc() && end == text.data() + text.size() ? number : -1;
}

// Where the experts of one kind stand in the names of tensors.
struct expert_names {
    const char *router, *stack, *count;  // count: the recipe's key
};
inline constexpr expert_names of_slot{".slot.gate.", ".slot.experts.", "ffn.slot"};
inline constexpr expert_names of_top_k{".mlp.gate.", ".mlp.experts.", "ffn.routed"};
inline const expert_names& names_of(bool in_slot) { return in_slot ? of_slot : of_top_k; }

// The number of an expert in a tensor's name, and the name on both sides of it.
struct expert_name {
    std::string before, behind;
    int expert = -1;

    expert_name(std::string_view name, const expert_names& of) {
        const std::size_t at = name.find(of.stack);
        if (at == std::string_view::npos) return;
        const std::size_t first = at + std::string_view(of.stack).size();
        const auto [end, code] =
            std::from_chars(name.data() + first, name.data() + name.size(), expert);
        if (code != std::errc()) {
            expert = -1;
            return;
        }
        before = name.substr(0, first);
        behind = name.substr(std::size_t(end - name.data()));
    }
    std::string with(int number) const { return before + std::to_string(number) + behind; }
};

// All tensors of a model, in memory.
struct model_tensors {
    io::tensor_list list;
    std::vector<std::vector<char>> bytes;

    model_tensors() = default;
    model_tensors(model_tensors&&) = default;  // a copy would point into the other's memory
    explicit model_tensors(const io::good_model& from) {
        const io::tensor_source source(io::join(from.folder, "model.safetensors"));
        for (std::size_t i = 0; i < source.count(); ++i) {
            const io::stored_tensor& one = source[i];
            add({one.name, one.format, one.shape, nullptr, std::size_t(one.bytes())});
            source.read_bytes(i, 0, list.back().data, list.back().bytes);
        }
    }
    io::named_tensor& add(io::named_tensor tensor) {
        bytes.emplace_back(tensor.bytes);
        tensor.data = bytes.back().data();
        list.push_back(std::move(tensor));
        return list.back();
    }
    const io::named_tensor* find(std::string_view name) const {
        for (const io::named_tensor& one : list)
            if (one.name == name) return &one;
        return nullptr;
    }
};

// Which expert of which model comes where: one list for the slot, one for the top-k.
struct expert_source {
    std::size_t model;
    int expert;
};
struct expert_order {
    std::vector<expert_source> slot, top_k;
    const std::vector<expert_source>& of(bool in_slot) const { return in_slot ? slot : top_k; }
};

// Rows of a router, or numbers of its bias: everything between the experts.
inline std::size_t bytes_an_expert(const io::named_tensor& router, int experts) {
    return experts > 0 ? router.bytes / std::size_t(experts) : 0;
}

// The tensors of a model made of the experts of others, everything else taken from the first.
// counts: how many experts of a kind each model has.
inline model_tensors put_together(std::span<const model_tensors> models, const expert_order& order,
                                  const std::vector<int> (&counts)[2]) {
    model_tensors result;
    const auto take = [&](const io::named_tensor& from, const std::string& name) {
        io::named_tensor copy = from;
        copy.name = name;
        const io::named_tensor& to = result.add(std::move(copy));
        std::memcpy(to.data, from.data, from.bytes);
    };
    // A model without a slot has no tensor to begin with: any that has one serves.
    std::vector<const io::named_tensor*> wanted;
    for (const model_tensors& model : models)
        for (const io::named_tensor& one : model.list) {
            const bool known =
                std::any_of(wanted.begin(), wanted.end(),
                            [&](const io::named_tensor* other) { return other->name == one.name; });
            if (!known) wanted.push_back(&one);
        }
    std::vector<std::string> done;
    for (const io::named_tensor* one : wanted) {
        bool placed = false;
        for (const bool in_slot : {true, false}) {
            const expert_names& names = names_of(in_slot);
            const std::vector<expert_source>& experts = order.of(in_slot);
            if (const expert_name parts(one->name, names); parts.expert >= 0) {
                placed = true;
                const std::string all = parts.with(0);
                if (std::find(done.begin(), done.end(), all) != done.end()) break;
                done.push_back(all);
                for (std::size_t i = 0; i < experts.size(); ++i)
                    take(*models[experts[i].model].find(parts.with(experts[i].expert)),
                         parts.with(int(i)));
                break;
            }
            if (one->name.find(names.router) == std::string::npos) continue;
            placed = true;
            if (experts.empty()) break;
            io::named_tensor joined = *one;
            std::size_t each = 0;
            for (std::size_t m = 0; m < models.size(); ++m)
                if (const io::named_tensor* part = models[m].find(one->name))
                    each = bytes_an_expert(*part, counts[in_slot][m]);
            joined.shape[0] = std::int64_t(experts.size());
            joined.bytes = each * experts.size();
            const io::named_tensor& to = result.add(std::move(joined));
            for (std::size_t i = 0; i < experts.size(); ++i) {
                const io::named_tensor* part = models[experts[i].model].find(one->name);
                std::memcpy(
                    static_cast<char*>(to.data) + i * each,
                    static_cast<const char*>(part->data) + std::size_t(experts[i].expert) * each,
                    each);
            }
            break;
        }
        if (!placed) take(*one, one->name);
    }
    return result;
}

}  // namespace moe::detail
