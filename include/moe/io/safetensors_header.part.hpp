// SPDX-License-Identifier: MIT
// The rules of a safetensors header, for io/safetensors.part.hpp. It is read event by event,
// straight into the list: a hostile one never becomes a tree in memory.
#pragma once

#include <moe/io/json.hpp>
#include <moe/io/safetensors.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

#include <nlohmann/json.hpp>

namespace moe::detail {

// A name from a file, short enough and printable, for a message.
inline std::string shown(std::string_view name) {
    return io::json_quoted(name.substr(0, 100)) + (name.size() > 100 ? "..." : "");
}
inline std::string shown(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (const std::int64_t extent : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + "]";
}

inline bool find_format(std::string_view name, io::format& format) {
    for (int i = 0; i < io::formats; ++i) {
        format = io::format(i);
        if (io::name_of(format) == name) return true;
    }
    return false;
}

// Bytes of a tensor, false when they overflow 64 bits or do not fill whole bytes.
inline bool bytes_of_tensor(io::format format, const std::vector<std::int64_t>& shape,
                            std::uint64_t& bytes) {
    std::uint64_t bits = 1;
    for (const std::int64_t extent : shape)
        if (__builtin_mul_overflow(bits, std::uint64_t(extent), &bits)) return false;
    if (__builtin_mul_overflow(bits, std::uint64_t(io::bits_of(format)), &bits)) return false;
    bytes = bits / 8;
    return bits % 8 == 0;
}

// Why a name cannot stand in a file; empty: it can.
inline std::string wrong_with_name(std::string_view name) {
    if (name.size() > io::safetensors_limits::name_bytes) return "has a name over 4096 bytes";
    for (const char letter : name)
        if (std::uint8_t(letter) < 0x20 || letter == 0x7F)
            return "has a control character in its name";
    return name == "__metadata__" ? "has a name that the format reserves" : "";
}

// Receives the events of the JSON parser.
class header_events {
public:
    using limits = io::safetensors_limits;

    header_events(io::safetensors_header& header, const std::string& file, std::size_t text_bytes)
        : header_(header), file_(file) {
        // The shortest entry takes 49 bytes, so this never reserves for more than can come.
        header_.tensors.reserve(std::min(text_bytes / 49 + 1, limits::tensors));
    }

    bool start_object(std::size_t) {
        if (skipping()) return skip_deeper();
        if (where_ == in::nothing)
            where_ = in::root;
        else if (where_ == in::root && metadata_next_)
            where_ = in::metadata;
        else if (where_ == in::root)
            where_ = in::entry;
        else if (unknown_next_)
            return skip_deeper();
        else
            wrong_value();
        return true;
    }
    bool end_object() {
        if (skipping()) return skip_shallower();
        if (where_ == in::entry) end_entry();
        where_ = where_ == in::root ? in::nothing : in::root;
        metadata_next_ = false;
        return true;
    }
    bool start_array(std::size_t) {
        if (skipping() || unknown_next_) return skip_deeper();
        if (where_ != in::entry || (field_ != shape && field_ != offsets)) wrong_value();
        where_ = in::numbers;
        return true;
    }
    bool end_array() {
        if (skipping()) return skip_shallower();
        where_ = in::entry;
        return true;
    }
    bool key(std::string& name) {
        if (skipping()) return true;
        if (where_ == in::root)
            begin_entry(name);
        else if (where_ == in::entry)
            begin_field(name);
        else
            begin_metadata(name);
        return true;
    }
    bool string(std::string& text) {
        if (passes()) return true;
        if (where_ == in::metadata)
            header_.metadata.back().value = text;
        else if (where_ == in::entry && field_ == dtype) {
            if (!find_format(text, tensor().format)) refuse("has the unknown dtype " + shown(text));
        } else
            wrong_value();
        return true;
    }
    bool number_unsigned(std::uint64_t number) {
        if (passes()) return true;
        if (where_ != in::numbers) wrong_value();
        if (field_ == shape) {
            if (tensor().shape.size() == limits::rank) refuse("has more than 8 dimensions");
            if (number > std::uint64_t(INT64_MAX)) refuse("has a dimension over 2^63");
            tensor().shape.push_back(std::int64_t(number));
        } else {
            if (count_ == 2) refuse("has more than two data_offsets");
            (count_++ == 0 ? tensor().first : tensor().last) = number;
        }
        return true;
    }
    bool null() {
        if (metadata_next_ && where_ == in::root) return !(metadata_next_ = false);
        return scalar();
    }
    bool boolean(bool) { return scalar(); }
    bool number_integer(std::int64_t) { return scalar(); }
    bool number_float(double, const std::string&) { return scalar(); }
    template <class Binary> bool binary(Binary&) { return scalar(); }
    bool parse_error(std::size_t byte, const std::string&, const nlohmann::json::exception&) {
        throw error(file_ + ": the header is not JSON (byte " + std::to_string(byte) + ")");
    }

private:
    enum class in { nothing, root, metadata, entry, numbers };
    enum fields { dtype = 1, shape = 2, offsets = 4 };

    io::stored_tensor& tensor() { return header_.tensors.back(); }
    [[noreturn]] void refuse(const std::string& what) {
        throw error(file_ + ": tensor " + shown(tensor().name) + " " + what);
    }
    [[noreturn]] void wrong_value() {
        if (where_ == in::metadata || metadata_next_)
            throw error(file_ + ": '__metadata__' must hold texts by name and nothing else");
        if (where_ == in::nothing || where_ == in::root)
            throw error(file_ + ": the header must be an object of tensors by name");
        if (field_ == dtype) refuse("has a dtype that is not a text");
        if (field_ == shape) refuse("has a shape that is not a list of whole numbers");
        refuse("has data_offsets that are not two whole numbers");
    }

    // Values of fields that the format does not know are passed over, with a warning.
    bool skipping() const { return skipped_ > 0; }
    bool skip_deeper() {
        unknown_next_ = false;
        if (++skipped_ + 3 > limits::depth)
            throw error(file_ + ": the header is nested too deeply");
        return true;
    }
    bool skip_shallower() { return --skipped_, true; }
    bool passes() {
        if (skipping()) return true;
        return std::exchange(unknown_next_, false);
    }
    bool scalar() {
        if (!passes()) wrong_value();
        return true;
    }

    void begin_entry(const std::string& name) {
        if (name == "__metadata__") {
            if (had_metadata_) throw error(file_ + ": '__metadata__' stands there twice");
            had_metadata_ = metadata_next_ = true;
            return;
        }
        if (header_.tensors.size() == limits::tensors)
            throw error(file_ + ": more than 1048576 tensors");
        header_.tensors.emplace_back().name = name;
        if (const std::string wrong = wrong_with_name(name); !wrong.empty()) refuse(wrong);
        seen_ = count_ = 0;
    }
    void begin_field(const std::string& name) {
        field_ = name == "dtype" ? dtype : name == "shape" ? shape : offsets;
        if (field_ == offsets && name != "data_offsets") {
            unknown_next_ = true;
            if (header_.warnings.size() < 10)
                header_.warnings.push_back(file_ + ": tensor " + shown(tensor().name) +
                                           " has the unknown field " + shown(name));
            return;
        }
        if (seen_ & field_) refuse("has the field '" + name + "' twice");
        seen_ |= field_;
    }
    void begin_metadata(const std::string& name) {
        if (header_.metadata.size() == limits::metadata)
            throw error(file_ + ": more than 16384 entries in '__metadata__'");
        header_.metadata.push_back({name, ""});
    }
    void end_entry() {
        if (seen_ != (dtype | shape | offsets)) refuse("needs dtype, shape and data_offsets");
        if (count_ != 2) refuse("has data_offsets that are not two whole numbers");
        const io::stored_tensor& t = tensor();
        if (t.first > t.last) refuse("ends before it begins");
        std::uint64_t bytes = 0;
        if (!bytes_of_tensor(t.format, t.shape, bytes))
            refuse("has a size that no memory holds or that ends inside a byte");
        if (bytes != t.bytes())
            refuse("of " + std::string(io::name_of(t.format)) + " " + shown(t.shape) + " takes " +
                   std::to_string(bytes) + " bytes, but its data_offsets span " +
                   std::to_string(t.bytes()));
    }

    io::safetensors_header& header_;
    const std::string& file_;
    in where_ = in::nothing;
    int field_ = 0, seen_ = 0, count_ = 0, skipped_ = 0;
    bool metadata_next_ = false, had_metadata_ = false, unknown_next_ = false;
};

// Names once each; the data without a hole or an overlap, from its first byte to its last.
inline void check_layout(io::safetensors_header& header, std::uint64_t data_bytes,
                         const std::string& file) {
    auto& tensors = header.tensors;
    std::sort(tensors.begin(), tensors.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    for (std::size_t i = 1; i < tensors.size(); ++i)
        if (tensors[i].name == tensors[i - 1].name)
            throw error(file + ": tensor " + shown(tensors[i].name) + " stands there twice");
    std::vector<std::uint32_t> by_place(tensors.size());
    std::iota(by_place.begin(), by_place.end(), 0U);
    std::sort(by_place.begin(), by_place.end(), [&](std::uint32_t a, std::uint32_t b) {
        const io::stored_tensor &x = tensors[a], &y = tensors[b];
        return x.first != y.first ? x.first < y.first : x.last < y.last;
    });
    std::uint64_t end = 0;
    for (const std::uint32_t i : by_place) {
        if (tensors[i].first != end)
            throw error(file + ": tensor " + shown(tensors[i].name) + " begins at byte " +
                        std::to_string(tensors[i].first) + " of the data, " + std::to_string(end) +
                        " was expected");
        end = tensors[i].last;
    }
    if (end != data_bytes)
        throw error(file + ": holds " + std::to_string(data_bytes) +
                    " bytes of data, but its tensors take " + std::to_string(end));
    std::sort(header.metadata.begin(), header.metadata.end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    for (std::size_t i = 1; i < header.metadata.size(); ++i)
        if (header.metadata[i].key == header.metadata[i - 1].key)
            throw error(file + ": '__metadata__' has the key " + shown(header.metadata[i].key) +
                        " twice");
}

}  // namespace moe::detail
