// SPDX-License-Identifier: MIT
// Definitions of io/masters.hpp.
#pragma once

#include <moe/core/error.hpp>
#include <moe/io/masters.hpp>
#include <moe/op/expanded_update.hpp>

#include <cstring>
#include <map>

namespace moe::detail {

inline constexpr std::string_view remainder_suffix = ".remainder", scale_suffix = ".scale";

// Where the parts of a weight are: in a list or a file. Formats are those of the parts.
struct weight_parts {
    io::named_tensor base, rest, scale;  // without data where there is none

    std::size_t count() const { return std::size_t(rows()) * std::size_t(columns()); }
    int rows() const { return int(base.shape.size() > 1 ? base.shape[0] : 1); }
    int columns() const { return int(base.shape.back()); }

    // Of a file: every part there, and as large as the base asks for.
    void require(const std::string& file) const {
        const bool scaled = base.format == io::format::f8_e4m3;
        const auto refuse = [&](const std::string& part, const std::string& what) {
            throw error(file + ": tensor \"" + base.name + part + "\": expected " + what);
        };
        if (rest.data != nullptr && (rest.shape != base.shape || (rest.format != io::format::i8 &&
                                                                  rest.format != io::format::i16)))
            refuse(std::string(remainder_suffix), "I8 or I16 in the shape of its weight");
        if (scaled && (scale.format != io::format::f8_e8m0 || scale.data == nullptr ||
                       std::ptrdiff_t(scale.bytes) != scale_count(rows(), columns())))
            refuse(std::string(scale_suffix), "F8_E8M0, one for each block of 128 x 128");
    }
    void join(float* whole) const {
        const auto into = moe::rows<float>(whole, rows(), columns());
        use([&](const auto& held) { expand_all(into, held); });
    }
    void hold(const float* whole) const {
        const auto from = moe::rows<const float>(whole, rows(), columns());
        use([&](const auto& held) { hold_numbers(held, from); });
    }

private:
    template <class Use> void use(const Use& how) const {
        if (rest.data == nullptr)
            with<no_remainder>(how);
        else if (rest.format == io::format::i16)
            with<std::int16_t>(how);
        else
            with<std::int8_t>(how);
    }
    template <class Integer, class Use> void with(const Use& how) const {
        const moe::rows<Integer> behind(static_cast<Integer*>(rest.data), rows(), columns());
        if (base.format == io::format::f8_e4m3)
            how(split_blocks<Integer>{{static_cast<e4m3*>(base.data), rows(), columns()},
                                      static_cast<ue8m0*>(scale.data),
                                      behind});
        else
            how(split_rows<Integer>{{static_cast<bfloat16*>(base.data), rows(), columns()},
                                    behind});
    }
};

// The weight of this name in a list: a lone number is its base.
using tensors_by_name = std::map<std::string, const io::named_tensor*, std::less<>>;
inline tensors_by_name by_name(const io::tensor_list& list) {
    tensors_by_name found;
    for (const io::named_tensor& tensor : list) found.emplace(tensor.name, &tensor);
    return found;
}
inline weight_parts parts_in(const tensors_by_name& all, const io::named_tensor& base) {
    weight_parts parts{base, {}, {}};
    const auto find = [&](std::string_view suffix, io::named_tensor& into) {
        const auto found = all.find(base.name + std::string(suffix));
        if (found != all.end()) into = *found->second;
    };
    find(remainder_suffix, parts.rest);
    find(scale_suffix, parts.scale);
    return parts;
}
// Whether it stands behind a weight of the list.
inline bool is_second_part(const tensors_by_name& all, std::string_view name) {
    for (const std::string_view suffix : {remainder_suffix, scale_suffix})
        if (name.ends_with(suffix) && all.contains(name.substr(0, name.size() - suffix.size())))
            return true;
    return false;
}

// The same parts as a file has, in memory of their own.
struct stored_parts {
    std::vector<char> memory[3];
    weight_parts parts;

    stored_parts(const io::tensor_source& source, std::size_t base, std::size_t rest,
                 std::size_t scale) {
        read(source, base, memory[0], parts.base);
        read(source, rest, memory[1], parts.rest);
        read(source, scale, memory[2], parts.scale);
    }

private:
    static void read(const io::tensor_source& source, std::size_t i, std::vector<char>& memory,
                     io::named_tensor& into) {
        if (i == io::tensor_source::none) return;
        const io::stored_tensor& stored = source[i];
        memory.resize(stored.bytes());
        into = {stored.name, stored.format, stored.shape, memory.data(), memory.size()};
        source.read(i, stored.format, memory.data(), memory.size());
    }
};

}  // namespace moe::detail

namespace moe::io {

void fill_masters(const tensor_list& wanted, const std::string& path) {
    const tensor_source source(path);
    const auto ours = moe::detail::by_name(wanted);
    const auto in_file = [&](const std::string& name, std::string_view suffix) {
        return source.find(name + std::string(suffix));
    };
    constexpr std::size_t none = tensor_source::none;
    struct conversion {
        moe::detail::weight_parts to;
        std::size_t base, rest, scale;
    };
    std::vector<conversion> conversions;
    std::vector<std::string> ignored;
    tensor_list alike;
    for (const named_tensor& tensor : wanted) {
        if (moe::detail::is_second_part(ours, tensor.name)) continue;
        const conversion one{moe::detail::parts_in(ours, tensor), source.find(tensor.name),
                             in_file(tensor.name, moe::detail::remainder_suffix),
                             in_file(tensor.name, moe::detail::scale_suffix)};
        const auto equal = [&](const named_tensor& part, std::size_t i) {
            return part.data == nullptr ? i == none : i != none && source[i].format == part.format;
        };
        const auto is = [&](format f) { return one.base != none && source[one.base].format == f; };
        const bool held_there = is(format::bf16) || is(format::f8_e4m3);
        const bool held_here = tensor.format == format::bf16 || tensor.format == format::f8_e4m3;
        const bool same_way = equal(one.to.base, one.base) && equal(one.to.rest, one.rest) &&
                              equal(one.to.scale, one.scale);
        const bool fits = one.base == none || source[one.base].shape == tensor.shape;
        if (same_way || !fits || !(held_there || held_here) || one.base == none) {
            // fill() says what is wrong, where anything is.
            alike.push_back(tensor);
            for (const named_tensor* part : {&one.to.rest, &one.to.scale})
                if (part->data) alike.push_back(*part);
            continue;
        }
        conversions.push_back(one);
        ignored.push_back(tensor.name);
        ignored.push_back(tensor.name + std::string(moe::detail::remainder_suffix));
        ignored.push_back(tensor.name + std::string(moe::detail::scale_suffix));
    }
    fill(alike, source, ignored);
    for (const conversion& one : conversions) {
        std::vector<float> whole(one.to.count());
        if (source[one.base].format == format::f8_e4m3 || one.rest != none) {
            const moe::detail::stored_parts from(source, one.base, one.rest, one.scale);
            from.parts.require(source.file_of(one.base));
            from.parts.join(whole.data());
        } else {
            source.read(one.base, format::f32, whole.data(), whole.size() * sizeof(float));
        }
        if (one.to.base.format == format::f32)
            std::memcpy(one.to.base.data, whole.data(), one.to.base.bytes);
        else
            one.to.hold(whole.data());
    }
}

whole_masters::whole_masters(const tensor_list& held) {
    const auto all = moe::detail::by_name(held);
    for (const named_tensor& tensor : held) {
        if (moe::detail::is_second_part(all, tensor.name)) continue;
        whole_.push_back(tensor);
        if (tensor.format != format::bf16 && tensor.format != format::f8_e4m3) continue;
        const auto parts = moe::detail::parts_in(all, tensor);
        std::vector<float>& numbers = numbers_.emplace_back(parts.count());
        parts.join(numbers.data());
        parts_.push_back({whole_.size() - 1, parts.base, parts.rest, parts.scale});
        named_tensor& whole = whole_.back();
        whole.format = format::f32;
        whole.data = numbers.data();
        whole.bytes = numbers.size() * sizeof(float);
    }
}

void whole_masters::store() const {
    for (const joined& one : parts_)
        moe::detail::weight_parts{one.base, one.rest, one.scale}.hold(
            static_cast<const float*>(whole_[one.whole].data));
}

}  // namespace moe::io
