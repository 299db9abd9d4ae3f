// SPDX-License-Identifier: MIT
// The tokenizer files of a Hugging Face folder. Bytes: a tokenizer.json whose vocabulary is the 256
// bytes, each under the letter that GPT-2 prints for it, without merges; ids are the bytes.
// Sentencepiece: tokenizer.model as it is; transformers reads it with the Python packages
// sentencepiece and protobuf.
#pragma once

#include <moe/io/tokenizer.hpp>

#include <string>

namespace moe::io {

// context: the longest text that the model was trained on, in tokens.
void write_hugging_face_tokenizer(const std::string& folder, const tokenizer& tokens, int context);

// tokenizer.model; or bytes, where the folder has the tokenizer.json that export writes, or no
// tokenizer at all and the vocabulary is 256. A moe::error otherwise.
tokenizer read_hugging_face_tokenizer(const std::string& folder, int vocab);

}  // namespace moe::io
