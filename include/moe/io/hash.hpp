// SPDX-License-Identifier: MIT
// Fingerprints of bytes: XXH3 with 128 bits (xxHash). Equal bits give equal text on every machine;
// against damage, not against forgers.
#pragma once

#include <moe/io/tensor_list.hpp>

namespace moe::io {

struct hash128 {
    std::uint64_t high = 0, low = 0;

    bool operator==(const hash128&) const = default;
};
std::string text_of(hash128 hash);  // 32 hexadecimal digits, as xxhsum -H2 prints
bool parse_hash(std::string_view text, hash128& hash);  // false unless it is exactly that

std::uint64_t hash64_of(std::string_view bytes);
hash128 hash_of(const void* bytes, std::size_t count);
inline hash128 hash_of(std::string_view bytes) { return hash_of(bytes.data(), bytes.size()); }

// The same of bytes that come in pieces.
class hasher {
public:
    hasher();
    hasher(const hasher&) = delete;
    hasher& operator=(const hasher&) = delete;
    ~hasher();
    void add(const void* bytes, std::size_t count);
    hash128 result() const;

private:
    void* state_;
};

struct tensor_hash {
    std::string name;
    hash128 hash;  // of the bytes of its elements

    bool operator==(const tensor_hash&) const = default;
};
std::vector<tensor_hash> hashes_of(const tensor_list& tensors);
// Of "NAME HASH\n" for every tensor, in the order of names: equal for equal bits, in whatever order
// and by whatever layout the tensors came.
hash128 combined_hash(std::vector<tensor_hash> hashes);

}  // namespace moe::io
