// SPDX-License-Identifier: MIT
// Definitions of io/manifest.hpp.
#pragma once

#include <moe/io/file.hpp>
#include <moe/io/json.hpp>
#include <moe/io/manifest.hpp>
#include <moe/io/strict_json.part.hpp>

#include <algorithm>

#include <nlohmann/json.hpp>

namespace moe::detail {

// The manifest's text ends with this, the hash of all before it, and the closing bracket.
inline constexpr std::string_view hash_line = "  \"manifest_hash\": \"";
inline constexpr std::string_view hash_end = "\"\n}\n";

inline void write_pairs(io::json_writer& json, std::string_view name, const io::key_values& list) {
    json.key(name).array();
    for (const io::key_value& one : list) {
        io::json_writer pair;
        json.raw(pair.array().value(one.key).value(one.value).close().text());
    }
    json.close();
}

// Reads one field after the other and says which is wrong.
class manifest_reader {
public:
    manifest_reader(const nlohmann::json& from, const std::string& file)
        : from_(from), file_(file) {
        if (!from.is_object()) refuse("an object was expected");
    }
    const nlohmann::json& field(const char* name) const {
        const auto found = from_.find(name);
        if (found == from_.end()) refuse("the field '" + std::string(name) + "' is missing");
        return *found;
    }
    std::string text(const char* name) const {
        if (!field(name).is_string()) refuse("a text was expected in '" + std::string(name) + "'");
        return field(name).get<std::string>();
    }
    std::uint64_t number(const char* name, std::uint64_t most = UINT64_MAX) const {
        const nlohmann::json& value = field(name);
        if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most)
            refuse("a whole number was expected in '" + std::string(name) + "'");
        return value.get<std::uint64_t>();
    }
    io::hash128 hash(const nlohmann::json& value) const {
        io::hash128 read;
        if (!value.is_string() || !io::parse_hash(value.get_ref<const std::string&>(), read))
            refuse("32 hexadecimal digits were expected for a hash");
        return read;
    }
    io::key_values pairs(const char* name) const {
        io::key_values list;
        if (!field(name).is_array()) refuse("a list was expected in '" + std::string(name) + "'");
        for (const nlohmann::json& pair : field(name)) {
            if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() ||
                !pair[1].is_string())
                refuse("pairs of texts were expected in '" + std::string(name) + "'");
            list.push_back({pair[0].get<std::string>(), pair[1].get<std::string>()});
        }
        return list;
    }
    [[noreturn]] void refuse(const std::string& what) const { throw error(file_ + ": " + what); }

private:
    const nlohmann::json& from_;
    const std::string& file_;
};

// Only plain names: what a file says never leads out of its folder.
inline bool is_plain_name(std::string_view name) {
    if (name.empty() || name.size() > 255 || name.front() == '.') return false;
    return std::all_of(name.begin(), name.end(), [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
    });
}

}  // namespace moe::detail

namespace moe::io {

const manifest_file* manifest::file(std::string_view name) const {
    for (const manifest_file& one : files)
        if (one.name == name) return &one;
    return nullptr;
}

std::string text_of(const manifest& about) {
    json_writer json(2);
    json.object().field("format", "moe").field("version", about.version);
    json.field("step", about.step).field("data_position", about.data_position);
    moe::detail::write_pairs(json, "recipe", about.recipe);
    moe::detail::write_pairs(json, "settings", about.settings);
    moe::detail::write_pairs(json, "state", about.state);
    json.key("files").array();
    for (const manifest_file& file : about.files) {
        if (!moe::detail::is_plain_name(file.name))
            throw error(json_quoted(file.name) + ": a plain file name was expected");
        json.object().field("name", file.name).field("bytes", file.bytes);
        json.field("head", text_of(file.head)).key("tensors").object();
        for (const tensor_hash& tensor : file.tensors)
            json.field(tensor.name, text_of(tensor.hash));
        json.close().close();
    }
    std::string text = json.close().text() + ",\n";
    const hash128 hash = hash_of(text);
    return (text += moe::detail::hash_line) += text_of(hash) + std::string(moe::detail::hash_end);
}

manifest parse_manifest(std::string_view text, const std::string& file) {
    using moe::detail::hash_end;
    using moe::detail::hash_line;
    const std::size_t tail = hash_line.size() + 32 + hash_end.size();
    const std::string_view body = text.substr(0, text.size() - std::min(text.size(), tail));
    hash128 hash;
    if (text.size() < tail || !text.ends_with(hash_end) ||
        text.substr(body.size(), hash_line.size()) != hash_line ||
        !parse_hash(text.substr(body.size() + hash_line.size(), 32), hash) || hash != hash_of(body))
        throw error(file + ": damaged: its text does not agree with the hash in its last line");

    const nlohmann::json json = strict_json(text, file);
    const moe::detail::manifest_reader fields(json, file);
    manifest about;
    about.version = int(fields.number("version", 1'000'000));
    if (about.version > manifest::newest_version)
        fields.refuse("format version " + std::to_string(about.version) +
                      ", this program reads up to " + std::to_string(manifest::newest_version));
    about.step = std::int64_t(fields.number("step", INT64_MAX));
    about.data_position = fields.number("data_position");
    about.recipe = fields.pairs("recipe");
    about.settings = fields.pairs("settings");
    about.state = fields.pairs("state");
    if (!fields.field("files").is_array()) fields.refuse("a list was expected in 'files'");
    for (const nlohmann::json& one : fields.field("files")) {
        const moe::detail::manifest_reader entry(one, file);
        manifest_file& into = about.files.emplace_back();
        into.name = entry.text("name");
        if (!moe::detail::is_plain_name(into.name))
            fields.refuse("a plain file name was expected instead of " + json_quoted(into.name));
        into.bytes = entry.number("bytes");
        into.head = entry.hash(entry.field("head"));
        if (!entry.field("tensors").is_object()) fields.refuse("'tensors' must be an object");
        for (const auto& [name, value] : entry.field("tensors").items())
            into.tensors.push_back({name, entry.hash(value)});
    }
    if (!about.file("model.safetensors")) fields.refuse("lists no model.safetensors");
    return about;
}

manifest read_manifest(const std::string& folder) {
    const std::string path = join(folder, "manifest.json");
    return parse_manifest(read_file(path, std::uint64_t{1} << 28), path);
}

}  // namespace moe::io
