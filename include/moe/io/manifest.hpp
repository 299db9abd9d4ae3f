// SPDX-License-Identifier: MIT
// manifest.json: what a checkpoint or model folder holds, with the hash of every byte beside it
// and, in its last line, of itself.
#pragma once

#include <moe/io/hash.hpp>

namespace moe::io {

struct manifest_file {
    std::string name;
    std::uint64_t bytes = 0;
    hash128 head;  // of all that is not a tensor: a safetensors file's header, any other file whole
    std::vector<tensor_hash> tensors;
};

struct manifest {
    static constexpr int newest_version = 1;
    int version = newest_version;
    key_values recipe, settings, state;
    std::int64_t step = 0;
    std::uint64_t data_position = 0;
    std::vector<manifest_file> files;

    const manifest_file* file(std::string_view name) const;  // null: there is none
};

std::string text_of(const manifest& about);
// 'file' is for messages. The text's own hash is compared first.
manifest parse_manifest(std::string_view text, const std::string& file);
// That of a folder.
manifest read_manifest(const std::string& folder);

}  // namespace moe::io
