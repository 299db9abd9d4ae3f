// SPDX-License-Identifier: MIT
// Definitions of io/masters.hpp.
#pragma once

#include <moe/core/error.hpp>
#include <moe/io/masters.hpp>
#include <moe/precision/remainder.hpp>

#include <cstring>
#include <map>

namespace moe::detail {

inline constexpr std::string_view remainder_suffix = ".remainder";

// Tensors of a list by name.
using tensors_by_name = std::map<std::string, const io::named_tensor*, std::less<>>;
inline tensors_by_name by_name(const io::tensor_list& list) {
    tensors_by_name found;
    for (const io::named_tensor& tensor : list) found.emplace(tensor.name, &tensor);
    return found;
}
inline const io::named_tensor* remainder_in(const tensors_by_name& all, const std::string& name) {
    const auto found = all.find(name + std::string(remainder_suffix));
    return found == all.end() ? nullptr : found->second;
}

// calls use(Integer*) with what stands behind the numbers; with a null pointer if nothing does
template <class Use> void with_remainder_type(io::format f, void* data, const Use& use) {
    if (data != nullptr && f == io::format::i16)
        use(static_cast<std::int16_t*>(data));
    else
        use(static_cast<std::int8_t*>(data));
}
inline void join(float* whole, const bfloat16* base, io::format f, void* rest, std::size_t count) {
    with_remainder_type(f, rest, [&](const auto* remainder) {
        for (std::size_t i = 0; i < count; ++i)
            whole[i] = remainder ? joined_weight(base[i], remainder[i]) : float(base[i]);
    });
}
inline void split(const float* whole, bfloat16* base, io::format f, void* rest, std::size_t count) {
    with_remainder_type(f, rest, [&](auto* remainder) {
        for (std::size_t i = 0; i < count; ++i)
            if (remainder)
                split_weight(whole[i], base[i], remainder[i]);
            else
                base[i] = bfloat16(whole[i]);
    });
}

}  // namespace moe::detail

namespace moe::io {

void fill_masters(const tensor_list& wanted, const std::string& path) {
    const tensor_source source(path);
    const auto ours = moe::detail::by_name(wanted);
    struct conversion {
        const named_tensor *base, *rest;
        std::size_t stored, stored_rest;
    };
    std::vector<conversion> conversions;
    std::vector<std::string> ignored;
    tensor_list alike;
    for (const named_tensor& tensor : wanted) {
        const std::string_view name = tensor.name;
        if (name.ends_with(moe::detail::remainder_suffix) &&
            ours.contains(name.substr(0, name.size() - moe::detail::remainder_suffix.size())))
            continue;  // with its weight
        const named_tensor* const rest = moe::detail::remainder_in(ours, tensor.name);
        const std::string rest_name = tensor.name + std::string(moe::detail::remainder_suffix);
        const std::size_t stored = source.find(tensor.name), behind = source.find(rest_name);
        const bool has_rest = behind != tensor_source::none;
        const bool number = tensor.format == format::f32 || tensor.format == format::bf16;
        const bool same_way =
            rest ? has_rest && source[behind].format == rest->format
                 : !has_rest &&
                       (tensor.format != format::bf16 ||
                        (stored != tensor_source::none && source[stored].format == format::bf16));
        if (!number || same_way || stored == tensor_source::none) {
            alike.push_back(tensor);
            if (rest && has_rest) alike.push_back(*rest);
            continue;
        }
        const auto of_same_shape = [&](std::size_t i) {
            if (source[i].shape == tensor.shape) return;
            tensor_list one{tensor};  // fill() says what is wrong with it
            fill(one, source);
        };
        of_same_shape(stored);
        if (has_rest) of_same_shape(behind);
        conversions.push_back({&tensor, rest, stored, behind});
        ignored.push_back(tensor.name);
        ignored.push_back(rest_name);
    }
    fill(alike, source, ignored);
    for (const conversion& one : conversions) {
        std::size_t count = 1;
        for (const std::int64_t extent : one.base->shape) count *= std::size_t(extent);
        std::vector<float> whole(count);
        if (one.stored_rest == tensor_source::none) {
            source.read(one.stored, format::f32, whole.data(), count * sizeof(float));
        } else {
            const format of_rest = source[one.stored_rest].format;
            std::vector<bfloat16> base(count);
            std::vector<char> rest(count * std::size_t(bits_of(of_rest)) / 8);
            source.read(one.stored, format::bf16, base.data(), count * sizeof(bfloat16));
            source.read(one.stored_rest, of_rest, rest.data(), rest.size());
            moe::detail::join(whole.data(), base.data(), of_rest, rest.data(), count);
        }
        if (one.base->format == format::f32)
            std::memcpy(one.base->data, whole.data(), one.base->bytes);
        else
            moe::detail::split(whole.data(), static_cast<bfloat16*>(one.base->data),
                               one.rest ? one.rest->format : format::i8,
                               one.rest ? one.rest->data : nullptr, count);
    }
}

whole_masters::whole_masters(const tensor_list& held) {
    const auto all = moe::detail::by_name(held);
    for (const named_tensor& tensor : held) {
        if (tensor.format == format::i8 || tensor.format == format::i16) continue;
        whole_.push_back(tensor);
        if (tensor.format != format::bf16) continue;
        const named_tensor* const rest = moe::detail::remainder_in(all, tensor.name);
        std::vector<float>& numbers = numbers_.emplace_back(tensor.bytes / sizeof(bfloat16));
        moe::detail::join(numbers.data(), static_cast<const bfloat16*>(tensor.data),
                          rest ? rest->format : format::i8, rest ? rest->data : nullptr,
                          numbers.size());
        parts_.push_back({whole_.size() - 1, tensor, rest ? *rest : named_tensor{}});
        named_tensor& whole = whole_.back();
        whole.format = format::f32;
        whole.data = numbers.data();
        whole.bytes = numbers.size() * sizeof(float);
    }
}

void whole_masters::store() const {
    for (const joined& one : parts_)
        moe::detail::split(static_cast<const float*>(whole_[one.whole].data),
                           static_cast<bfloat16*>(one.base.data), one.rest.format, one.rest.data,
                           one.base.bytes / sizeof(bfloat16));
}

}  // namespace moe::io
