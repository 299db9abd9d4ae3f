// SPDX-License-Identifier: MIT
// Text to tokens and back. The built-in tokenizer is bytes: id = byte, nothing inserted, any byte
// accepted. The alternative is a sentencepiece model, where the library is compiled in
// (MOE_HAS_SENTENCEPIECE); models trained here give every text back byte for byte.
#pragma once

#include <moe/core/error.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::io {

class tokenizer {
public:
    tokenizer() = default;  // bytes
    tokenizer(const tokenizer& other);
    tokenizer(tokenizer&& other) noexcept;
    tokenizer& operator=(tokenizer other) noexcept;
    ~tokenizer();

    // Whether sentencepiece is compiled in; where not, load and train say so in an error.
    static bool has_sentencepiece();
    // From a .model file, or from its contents ('name' is for messages).
    static tokenizer load(const std::string& path);
    static tokenizer from_model(std::string model, const std::string& name);
    // Byte pair encoding with 'vocab' pieces learnt from the texts: the 256 bytes, the characters,
    // the most frequent pairs. Newlines are tokens of their own.
    static tokenizer train(std::span<const std::string> texts, int vocab);

    bool is_bytes() const { return pieces_ == nullptr; }
    int vocab() const;  // ids are 0 ... vocab - 1
    // The contents of a .model file; empty for bytes.
    const std::string& model() const;

    std::vector<int> encode(std::string_view text) const;
    std::string decode(std::span<const int> ids) const;
    // What an id adds behind other text; nothing, where only the model has a row for it. Some
    // pieces lose their space at the beginning of a text, so decode(ids) may be shorter.
    std::string text_of(int id) const;
    // How many bytes of text an id stands for; 0 for control pieces.
    int bytes_of(int id) const;

    // Refuses ids that the model's vocabulary has no row for.
    void require_fits(int vocab_of_recipe) const;

private:
    struct pieces;
    pieces* pieces_ = nullptr;
};

}  // namespace moe::io
