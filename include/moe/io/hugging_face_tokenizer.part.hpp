// SPDX-License-Identifier: MIT
// Definitions of io/hugging_face_tokenizer.hpp.
#pragma once

#include <moe/core/error.hpp>
#include <moe/io/file.hpp>
#include <moe/io/hugging_face_tokenizer.hpp>
#include <moe/io/json.hpp>

namespace moe::detail {

// The letter for a byte: itself where Latin-1 prints something, else the next free one from U+0100
// on. Below U+0800, so UTF-8 has at most two bytes.
inline std::string letter_of_byte(int byte) {
    const auto prints = [](int b) {
        return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
    };
    int code = byte;
    if (!prints(byte)) {
        code = 256;
        for (int b = 0; b < byte; ++b) code += !prints(b);
    }
    if (code < 128) return std::string(1, char(code));
    return {char(0xC0 | code >> 6), char(0x80 | (code & 63))};
}

inline std::string byte_tokenizer_json() {
    io::json_writer out(1);
    const auto byte_level = [&](const char* key) {
        out.key(key).object().field("type", "ByteLevel").field("add_prefix_space", false);
        out.field("trim_offsets", false).field("use_regex", false).close();
    };
    out.object().field("version", "1.0");
    for (const char* key : {"truncation", "padding"}) out.key(key).null();
    out.key("added_tokens").array().close();
    out.key("normalizer").null();
    byte_level("pre_tokenizer");
    out.key("post_processor").null();
    byte_level("decoder");
    out.key("model").object().field("type", "BPE");
    for (const char* key :
         {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"})
        out.key(key).null();
    for (const char* key : {"fuse_unk", "byte_fallback", "ignore_merges"}) out.field(key, false);
    out.key("vocab").object();
    for (int byte = 0; byte < 256; ++byte) out.field(letter_of_byte(byte), byte);
    out.close().key("merges").array().close().close();
    return out.close().text() + "\n";
}

inline constexpr const char *tokenizer_text = "tokenizer.json",
                            *tokenizer_model = "tokenizer.model";

}  // namespace moe::detail

namespace moe::io {

void write_hugging_face_tokenizer(const std::string& folder, const tokenizer& tokens, int context) {
    json_writer out(2);
    out.object();
    if (tokens.is_bytes())
        write_file(join(folder, moe::detail::tokenizer_text), moe::detail::byte_tokenizer_json());
    else
        write_file(join(folder, moe::detail::tokenizer_model), tokens.model());
    // The class that takes a tokenizer as its file says it is; the others add tokens of their own.
    out.field("tokenizer_class", "PreTrainedTokenizerFast");
    out.field("clean_up_tokenization_spaces", false).field("model_max_length", context);
    write_file(join(folder, "tokenizer_config.json"), out.close().text() + "\n");
}

tokenizer read_hugging_face_tokenizer(const std::string& folder, int vocab) {
    const std::string model = join(folder, moe::detail::tokenizer_model);
    if (status_of(model).exists) {
        tokenizer tokens = tokenizer::load(model);
        tokens.require_fits(vocab);
        return tokens;
    }
    const std::string text = join(folder, moe::detail::tokenizer_text);
    if (status_of(text).exists) {
        if (read_file(text, std::uint64_t{1} << 28) != moe::detail::byte_tokenizer_json())
            throw error(text +
                        ": a tokenizer that cannot be used here, expected a tokenizer.model "
                        "beside it, or the bytes that export writes");
    } else if (vocab != 256) {
        throw error(folder + ": no tokenizer.model, and the vocabulary is " +
                    std::to_string(vocab) + ", expected 256 for a tokenizer of bytes");
    }
    tokenizer tokens;
    tokens.require_fits(vocab);
    return tokens;
}

}  // namespace moe::io
