// SPDX-License-Identifier: MIT
// Definitions of io/safetensors.hpp.
#pragma once

#include <moe/core/check.hpp>
#include <moe/io/safetensors.hpp>
#include <moe/io/safetensors_header.part.hpp>
#include <moe/io/strict_json.part.hpp>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

namespace moe::detail {

static_assert(std::endian::native == std::endian::little,
              "moe: safetensors files are little-endian; this machine is not.");

inline float float_of_bf16(std::uint16_t bits) {
    return std::bit_cast<float>(std::uint32_t{bits} << 16);
}
inline float float_of_f16(std::uint16_t bits) {
    const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16;
    const std::uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023U;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13);
    if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
    const float small = float(fraction) * 0x1p-24F;  // zero or subnormal, exact
    return sign ? -small : small;
}

// Numbers that stand at the end of their destination spread out over all of it, front to back: a
// number is read before its place is written.
template <class Wide, class Stored, class Convert>
void widen(char* all, std::size_t count, Convert convert) {
    const char* from = all + count * (sizeof(Wide) - sizeof(Stored));
    for (std::size_t i = 0; i < count; ++i) {
        Stored stored;
        std::memcpy(&stored, from + i * sizeof(Stored), sizeof(Stored));
        const Wide wide = convert(stored);
        std::memcpy(all + i * sizeof(Wide), &wide, sizeof(Wide));
    }
}
template <class Wide> void widen_to(char* all, std::size_t count, io::format stored) {
    if (stored == io::format::bf16) widen<Wide, std::uint16_t>(all, count, float_of_bf16);
    if (stored == io::format::f16) widen<Wide, std::uint16_t>(all, count, float_of_f16);
    if constexpr (sizeof(Wide) == 8)
        if (stored == io::format::f32)
            widen<Wide, float>(all, count, [](float x) { return Wide(x); });
}

// True when every value of one format is a value of the other, and we know how to convert.
inline bool widens(io::format stored, io::format wanted) {
    const bool half = stored == io::format::bf16 || stored == io::format::f16;
    return (half && wanted == io::format::f32) ||
           ((half || stored == io::format::f32) && wanted == io::format::f64);
}

// model-00003-of-00017.safetensors, rebuilt from its numbers: no text of the file becomes a path.
inline bool shard_name(const std::string& text, std::string& name) {
    int shard = 0, shards = 0, end = 0;
    if (text.size() != 32 ||
        std::sscanf(text.c_str(), "model-%5d-of-%5d.safetensors%n", &shard, &shards, &end) != 2)
        return false;
    char rebuilt[40];
    if (shard < 0 || shards < 0) return false;
    std::snprintf(rebuilt, sizeof rebuilt, "model-%05d-of-%05d.safetensors", shard % 100000,
                  shards % 100000);
    name = rebuilt;
    return name == text;
}

// The shards that an index lists, and which tensor it says is where.
inline std::map<std::string, std::string> read_index(const std::string& path) {
    const auto index = io::strict_json(io::read_file(path, std::uint64_t{1} << 26), path);
    const bool fits = index.is_object() && index.contains("weight_map");
    if (!fits || !index["weight_map"].is_object())
        throw error(path + ": 'weight_map' (tensor name to file) was expected");
    std::map<std::string, std::string> files;
    for (const auto& [tensor, file] : index["weight_map"].items())
        if (!file.is_string() || !shard_name(file.get<std::string>(), files[tensor]))
            throw error(path + ": tensor " + shown(tensor) +
                        ": a file name like model-00001-of-00002.safetensors was expected");
    if (files.empty()) throw error(path + ": lists no tensor");
    return files;
}

inline std::vector<const io::named_tensor*> order_in_file(const io::tensor_list& tensors) {
    std::vector<const io::named_tensor*> order;
    for (const io::named_tensor& tensor : tensors) order.push_back(&tensor);
    std::sort(order.begin(), order.end(), [](const io::named_tensor* a, const io::named_tensor* b) {
        return a->format != b->format ? a->format > b->format : a->name < b->name;
    });
    return order;
}

}  // namespace moe::detail

namespace moe::io {

safetensors_header parse_safetensors(std::string_view text, std::uint64_t data_bytes,
                                     const std::string& file) {
    if (text.empty() || text.front() != '{') throw error(file + ": the header must begin with '{'");
    // The parser would take a NUL byte for the end of the text.
    if (text.find('\0') != std::string_view::npos)
        throw error(file + ": the header holds a NUL byte");
    if (moe::detail::has_long_token(text))
        throw error(file + ": the header holds a text over 1 MiB");
    safetensors_header header;
    moe::detail::header_events events(header, file, text.size());
    nlohmann::json::sax_parse(text.begin(), text.end(), &events);
    moe::detail::check_layout(header, data_bytes, file);
    header.data_at = 8 + text.size();
    return header;
}

safetensors_header read_safetensors_header(const input_file& file) {
    if (file.bytes() < 8)
        throw error(file.path() + ": " + std::to_string(file.bytes()) +
                    " bytes are too few for a safetensors file");
    std::uint64_t length = 0;
    file.read(0, &length, 8);
    if (length > safetensors_limits::header_bytes || length > file.bytes() - 8)
        throw error(file.path() + ": a header of " + std::to_string(length) +
                    " bytes does not fit (file: " + std::to_string(file.bytes()) +
                    ", limit: 100000000)");
    std::string text(length, '\0');
    file.read(8, text.data(), text.size());
    return parse_safetensors(text, file.bytes() - 8 - length, file.path());
}

tensor_source::tensor_source(const std::string& path) : path_(path) {
    const std::string one = join(path, "model.safetensors");
    const std::string index = join(path, "model.safetensors.index.json");
    const path_status status = status_of(path);
    if (!status.exists)
        throw error(path +
                    ": does not exist; a safetensors file or a folder with one was expected");
    std::map<std::string, std::string> listed;
    std::set<std::string> names;
    if (!status.folder)
        names.insert(path);
    else if (status_of(one).exists)
        names.insert(one);
    else if (status_of(index).exists) {
        listed = moe::detail::read_index(index);
        for (const auto& [tensor, file] : listed) names.insert(join(path, file));
    } else
        throw error(path + ": holds neither model.safetensors nor model.safetensors.index.json");

    const bool sharded = !listed.empty();
    for (const std::string& name : names) {
        const auto file = std::uint32_t(files_.size());
        headers_.push_back(read_safetensors_header(files_.emplace_back(name)));
        const std::vector<stored_tensor>& tensors = headers_.back().tensors;
        for (std::uint32_t i = 0; i < tensors.size(); ++i) {
            where_.push_back({file, i});
            if (!sharded) continue;
            const auto found = listed.find(tensors[i].name);
            if (found == listed.end() || join(path, found->second) != name)
                throw error(name + ": holds tensor " + moe::detail::shown(tensors[i].name) +
                            ", which " + index + " does not list there");
            listed.erase(found);
        }
    }
    if (!listed.empty())
        throw error(join(path, listed.begin()->second) + ": tensor " +
                    moe::detail::shown(listed.begin()->first) + ", listed by " + index +
                    ", is missing");
    if (files_.size() == 1) path_ = files_[0].path();
    std::sort(where_.begin(), where_.end(), [&](place a, place b) {
        return headers_[a.file].tensors[a.tensor].name < headers_[b.file].tensors[b.tensor].name;
    });
}

const stored_tensor& tensor_source::operator[](std::size_t i) const {
    return headers_[where_[i].file].tensors[where_[i].tensor];
}
const std::string& tensor_source::file_of(std::size_t i) const {
    return files_[where_[i].file].path();
}
std::size_t tensor_source::find(std::string_view name) const {
    std::size_t first = 0, last = count();
    while (first < last) {
        const std::size_t middle = first + (last - first) / 2;
        if ((*this)[middle].name < name)
            first = middle + 1;
        else
            last = middle;
    }
    return first < count() && (*this)[first].name == name ? first : none;
}

std::vector<std::string> tensor_source::warnings() const {
    std::vector<std::string> all;
    for (const safetensors_header& header : headers_)
        all.insert(all.end(), header.warnings.begin(), header.warnings.end());
    return all;
}

void tensor_source::read_bytes(std::size_t i, std::uint64_t offset, void* into,
                               std::size_t bytes) const {
    const safetensors_header& header = headers_[where_[i].file];
    files_[where_[i].file].read(header.data_at + (*this)[i].first + offset, into, bytes);
}

void tensor_source::read(std::size_t i, format wanted, void* into, std::size_t bytes) const {
    const stored_tensor& stored = (*this)[i];
    const auto refuse = [&](const std::string& expected) {
        throw error(file_of(i) + ": tensor " + moe::detail::shown(stored.name) + " is " +
                    std::string(name_of(stored.format)) + ", " + expected + " was expected");
    };
    if (stored.format == wanted) {
        MOE_CHECK(bytes, ==, stored.bytes());
        read_bytes(i, 0, into, bytes);
        return;
    }
    if (!moe::detail::widens(stored.format, wanted)) refuse(std::string(name_of(wanted)));
    const std::size_t count = bytes / (std::size_t(bits_of(wanted)) / 8);
    MOE_CHECK(count * std::size_t(bits_of(stored.format)) / 8, ==, stored.bytes());
    char* all = static_cast<char*>(into);
    read_bytes(i, 0, all + bytes - stored.bytes(), stored.bytes());
    if (wanted == format::f32)
        moe::detail::widen_to<float>(all, count, stored.format);
    else
        moe::detail::widen_to<double>(all, count, stored.format);
}

void fill(const tensor_list& wanted, const tensor_source& source,
          const std::vector<std::string>& ignored) {
    std::vector<char> expected(source.count(), 0);
    std::vector<std::size_t> where;
    for (const named_tensor& tensor : wanted) {
        const std::size_t i = source.find(tensor.name);
        if (i == tensor_source::none)
            throw error(source.path() + ": tensor " + moe::detail::shown(tensor.name) +
                        " is missing");
        const stored_tensor& stored = source[i];
        const auto refuse = [&](const std::string& is, const std::string& not_this) {
            throw error(source.file_of(i) + ": tensor " + moe::detail::shown(tensor.name) + " " +
                        is + ", " + not_this + " was expected");
        };
        if (stored.shape != tensor.shape)
            refuse("has the shape " + moe::detail::shown(stored.shape),
                   moe::detail::shown(tensor.shape));
        if (stored.format != tensor.format && !moe::detail::widens(stored.format, tensor.format))
            refuse("is " + std::string(name_of(stored.format)),
                   std::string(name_of(tensor.format)));
        expected[i] = 1;
        where.push_back(i);
    }
    for (const std::string& name : ignored)
        if (const std::size_t i = source.find(name); i != tensor_source::none) expected[i] = 1;
    for (std::size_t i = 0; i < source.count(); ++i)
        if (!expected[i])
            throw error(source.file_of(i) + ": tensor " + moe::detail::shown(source[i].name) +
                        " is one too many: the model has none of this name");
    for (std::size_t i = 0; i < wanted.size(); ++i)
        source.read(where[i], wanted[i].format, wanted[i].data, wanted[i].bytes);
}
void fill(const tensor_list& wanted, const std::string& path,
          const std::vector<std::string>& ignored) {
    fill(wanted, tensor_source(path), ignored);
}

std::string write_safetensors(output_file& file, const tensor_list& tensors,
                              const key_values& metadata) {
    const std::vector<const named_tensor*> order = moe::detail::order_in_file(tensors);
    json_writer json;
    json.object();
    if (!metadata.empty()) {
        key_values sorted = metadata;
        std::sort(sorted.begin(), sorted.end(),
                  [](const key_value& a, const key_value& b) { return a.key < b.key; });
        json.key("__metadata__").object();
        for (const key_value& one : sorted) json.field(one.key, one.value);
        json.close();
    }
    std::uint64_t at = 0;
    for (const named_tensor* tensor : order) {
        json.key(tensor->name).object().field("dtype", name_of(tensor->format));
        json.key("shape").array();
        for (const std::int64_t extent : tensor->shape) json.value(extent);
        json.close().key("data_offsets").array().value(at).value(at + tensor->bytes);
        json.close().close();
        at += tensor->bytes;
    }
    std::string head = json.close().text();
    head.resize((head.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = head.size();
    head.insert(0, reinterpret_cast<const char*>(&length), 8);
    // What is written can be read: the same rules on both sides.
    parse_safetensors(std::string_view(head).substr(8), at, file.path());
    file.write(head);
    for (const named_tensor* tensor : order) file.write(tensor->data, tensor->bytes);
    return head;
}

void write_safetensors(const std::string& path, const tensor_list& tensors,
                       const key_values& metadata) {
    write_atomically(path, [&](output_file& file) { write_safetensors(file, tensors, metadata); });
}

}  // namespace moe::io
