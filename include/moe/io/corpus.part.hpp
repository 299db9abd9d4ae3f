// SPDX-License-Identifier: MIT
// Definitions of io/corpus.hpp.
#pragma once

#include <moe/core/check.hpp>
#include <moe/io/corpus.hpp>
#include <moe/io/file.hpp>
#include <moe/io/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace moe::detail {

struct folder_contents {
    std::vector<std::string> folders, texts;  // paths, sorted
};
inline folder_contents contents_of(const std::string& folder) {
    folder_contents found;
    for (const std::string& name : io::list_folder(folder)) {
        const std::string path = io::join(folder, name);
        if (name.front() == '.') continue;
        if (io::status_of(path).folder)
            found.folders.push_back(path);
        else if (name.ends_with(".txt"))
            found.texts.push_back(path);
    }
    return found;
}

inline void refuse_nul(const std::string& path, std::string_view text, std::uint64_t offset) {
    const std::size_t at = text.find('\0');
    if (at != std::string_view::npos)
        throw error(path + ": a NUL byte at offset " + std::to_string(offset + at) +
                    ": text was expected, this is a binary file");
}

struct domain_texts {
    std::string name;
    std::vector<std::string> paths;  // sorted
};
// The domains of a folder of text, or the reason why there are none.
inline std::vector<domain_texts> domains_in(const std::string& folder) {
    if (!io::status_of(folder).folder)
        throw error(folder +
                    ": no such folder; one with .txt files, or with a sub-folder of them "
                    "for each domain, was expected");
    auto contents = contents_of(folder);
    if (contents.folders.empty() && contents.texts.empty())
        throw error(folder +
                    ": empty; .txt files, or a sub-folder of them for each domain, were "
                    "expected");
    if (!contents.folders.empty() && !contents.texts.empty())
        throw error(contents.texts.front() +
                    ": stands beside domain folders; move it into a folder of its domain");
    if (contents.folders.empty()) contents.folders.push_back(folder);

    std::vector<domain_texts> domains;
    for (const std::string& path : contents.folders) {
        auto texts = contents_of(path).texts;
        if (texts.empty()) throw error(path + ": holds no .txt file");
        // The name of "." and "data/" is that of the folder itself.
        std::filesystem::path full = std::filesystem::absolute(path).lexically_normal();
        if (!full.has_filename()) full = full.parent_path();
        domains.push_back({full.filename().string(), std::move(texts)});
    }
    return domains;
}

}  // namespace moe::detail

namespace moe::io {

tokenizer train_tokenizer(const std::string& folder, int vocab) {
    std::vector<std::string> texts;
    for (const auto& domain : moe::detail::domains_in(folder))
        for (const std::string& path : domain.paths) {
            texts.push_back(read_file(path));
            moe::detail::refuse_nul(path, texts.back(), 0);
        }
    return tokenizer::train(texts, vocab);
}

corpus::corpus(const std::string& folder, const tokenizer& words, corpus_shape shape)
    : shape_(shape), words_(words) {
    MOE_CHECK(shape.context, >, 0);
    MOE_CHECK(shape.lookahead, >, 0);
    const auto domains = moe::detail::domains_in(folder);
    std::uint64_t bytes = 0;
    for (const auto& domain : domains) {
        domains_.push_back(domain.name);
        for (const std::string& path : domain.paths) bytes += status_of(path).bytes;
    }
    if (words.is_bytes()) narrow_.reserve(bytes);
    for (std::size_t i = 0; i < domains.size(); ++i)
        for (const std::string& path : domains[i].paths) add_file(path, int(i), words);
    narrow_.shrink_to_fit();
    wide_.shrink_to_fit();
    fingerprint_ = compute_fingerprint();
}

void corpus::add_file(const std::string& path, int domain, const tokenizer& words) {
    document one;
    one.path = path;
    one.domain = domain;
    one.first = tokens();
    if (words.is_bytes()) {
        const input_file file(path);
        std::string piece;
        for (std::uint64_t at = 0; at < file.bytes(); at += piece.size()) {
            piece.resize(
                std::size_t(std::min<std::uint64_t>(std::uint64_t{1} << 20, file.bytes() - at)));
            file.read(at, piece.data(), piece.size());
            moe::detail::refuse_nul(path, piece, at);
            for (const char letter : piece) narrow_.push_back(std::uint8_t(letter));
        }
    } else {
        const std::string text = read_file(path);
        moe::detail::refuse_nul(path, text, 0);
        const std::vector<int> ids = words.encode(text);
        if (words.vocab() <= 1 << 16)
            narrow_.insert(narrow_.end(), ids.begin(), ids.end());
        else
            wide_.insert(wide_.end(), ids.begin(), ids.end());
    }
    one.tokens = tokens() - one.first;
    if (one.tokens < window_tokens())
        throw error(path + ": " + std::to_string(one.tokens) + " tokens; at least " +
                    std::to_string(window_tokens()) + " were expected, one window of context " +
                    std::to_string(shape_.context));
    hold_out(one);
    validation_.resize(domains_.size());
    for (std::int64_t i = 0; i < one.validation_windows; ++i)
        validation_[std::size_t(domain)].push_back(
            {domain, int(documents_.size()), one.first + one.trained + i * shape_.context});
    documents_.push_back(one);
}

// The windows held out take context tokens each and what the last one predicts; a window's worth at
// least stays for training.
void corpus::hold_out(document& one) const {
    const std::int64_t context = shape_.context, lookahead = shape_.lookahead;
    const std::int64_t most = (one.tokens - 2 * lookahead) / context - 1;
    const auto wished = std::llround(shape_.held_out * double(one.tokens) / double(context));
    const std::int64_t least = shape_.held_out > 0 ? 1 : 0;
    one.validation_windows =
        std::max<std::int64_t>(0, std::min(most, std::max<std::int64_t>(least, wished)));
    one.trained = one.tokens;
    if (one.validation_windows > 0) one.trained -= one.validation_windows * context + lookahead;
}

hash128 corpus::compute_fingerprint() const {
    hasher hash;
    const auto add = [&](const std::string& text) { hash.add(text.data(), text.size()); };
    add(std::to_string(shape_.context) + ' ' + std::to_string(shape_.lookahead) + ' ' +
        number_text(shape_.held_out) + '\n');
    for (const std::string& name : domains_) add(json_quoted(name) + '\n');
    for (const document& one : documents_)
        add(std::to_string(one.domain) + ' ' + std::to_string(one.tokens) + '\n');
    hash.add(narrow_.data(), narrow_.size() * sizeof(std::uint16_t));
    hash.add(wide_.data(), wide_.size() * sizeof(std::uint32_t));
    return hash.result();
}

void corpus::read(std::int64_t first, int count, int* into) const {
    MOE_CHECK(first, >=, 0);
    MOE_CHECK(first + count, <=, tokens());
    for (int i = 0; i < count; ++i) into[i] = token(first + i);
}
std::int64_t corpus::bytes(std::int64_t first, std::int64_t count) const {
    if (words_.is_bytes()) return count;
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < count; ++i) sum += words_.bytes_of(token(first + i));
    return sum;
}
std::string corpus::text(std::int64_t first, std::int64_t count) const {
    std::vector<int> ids(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) ids[std::size_t(i)] = token(first + i);
    return words_.decode(ids);
}

std::int64_t corpus::validation_windows(int domain) const {
    return std::int64_t(validation_[std::size_t(domain)].size());
}
window corpus::validation(int domain, std::int64_t index) const {
    return validation_[std::size_t(domain)][std::size_t(index)];
}
std::string corpus::held_out_text(int domain) const {
    std::string all;
    for (const document& one : documents_)
        if (one.domain == domain) all += text(one.first + one.trained, one.tokens - one.trained);
    return all;
}

}  // namespace moe::io
