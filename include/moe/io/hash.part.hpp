// SPDX-License-Identifier: MIT
// Definitions of io/hash.hpp, by xxHash.
#pragma once

#include <moe/io/hash.hpp>

#include <algorithm>
#include <new>

#if defined(__AVX512F__)
#define XXH_VECTOR 2  // its AVX2 code: g++ 12 warns inside its own AVX-512 headers
#endif
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace moe::io {

std::string text_of(hash128 hash) {
    std::string text;
    for (const std::uint64_t half : {hash.high, hash.low})
        for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[half >> shift & 15];
    return text;
}

bool parse_hash(std::string_view text, hash128& hash) {
    if (text.size() != 32) return false;
    std::uint64_t halves[2] = {0, 0};
    for (std::size_t i = 0; i < 32; ++i) {
        const std::size_t digit = std::string_view("0123456789abcdef").find(text[i]);
        if (digit == std::string_view::npos) return false;
        halves[i / 16] = halves[i / 16] << 4 | digit;
    }
    hash = {halves[0], halves[1]};
    return true;
}

std::uint64_t hash64_of(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

hash128 hash_of(const void* bytes, std::size_t count) {
    const XXH128_hash_t hash = XXH3_128bits(bytes, count);
    return {hash.high64, hash.low64};
}

hasher::hasher() : state_(XXH3_createState()) {
    if (!state_) throw std::bad_alloc();
    XXH3_128bits_reset(static_cast<XXH3_state_t*>(state_));
}
hasher::~hasher() { XXH3_freeState(static_cast<XXH3_state_t*>(state_)); }
void hasher::add(const void* bytes, std::size_t count) {
    XXH3_128bits_update(static_cast<XXH3_state_t*>(state_), bytes, count);
}
hash128 hasher::result() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(static_cast<const XXH3_state_t*>(state_));
    return {hash.high64, hash.low64};
}

std::vector<tensor_hash> hashes_of(const tensor_list& tensors) {
    std::vector<tensor_hash> hashes;
    hashes.reserve(tensors.size());
    for (const named_tensor& tensor : tensors)
        hashes.push_back({tensor.name, hash_of(tensor.data, tensor.bytes)});
    return hashes;
}

hash128 combined_hash(std::vector<tensor_hash> hashes) {
    std::sort(hashes.begin(), hashes.end(),
              [](const tensor_hash& a, const tensor_hash& b) { return a.name < b.name; });
    hasher all;
    for (const tensor_hash& one : hashes) {
        const std::string line = one.name + ' ' + text_of(one.hash) + '\n';
        all.add(line.data(), line.size());
    }
    return all.result();
}

}  // namespace moe::io
