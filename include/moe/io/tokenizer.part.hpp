// SPDX-License-Identifier: MIT
// Definitions of io/tokenizer.hpp: bytes, and sentencepiece where it is compiled in.
#pragma once

#include <moe/core/check.hpp>
#include <moe/io/file.hpp>
#include <moe/io/json.hpp>
#include <moe/io/tokenizer.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <unordered_map>
#include <utility>

#if defined(MOE_HAS_SENTENCEPIECE)
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>
#endif

namespace moe::detail {

inline std::vector<int> ids_of_bytes(std::string_view text) {
    std::vector<int> ids(text.size());
    std::transform(text.begin(), text.end(), ids.begin(),
                   [](char letter) { return int(std::uint8_t(letter)); });
    return ids;
}
inline std::string byte_of_id(int id) {
    MOE_CHECK(id, >=, 0);
    return id < 256 ? std::string(1, char(id)) : std::string();
}

// sentencepiece writes a space as U+2581, so that character itself it cannot tell from a space.
inline constexpr std::string_view space_mark = "\xE2\x96\x81";

// How many bytes at the start of a text only byte pieces can stand for: 0, none.
inline std::size_t bytes_apart(std::string_view text) {
    if (text.front() == '\0' || io::utf8_length(text) == 0) return 1;
    return text.starts_with(space_mark) ? space_mark.size() : 0;
}

// The lines of the texts as sentencepiece's trainer takes them: valid UTF-8 of a moderate length,
// about 64 MiB in all, evenly picked.
inline std::string training_lines(std::span<const std::string> texts) {
    constexpr std::size_t longest = 4000, most = std::size_t{1} << 26;
    std::size_t bytes = 0, lines = 0;
    for (const std::string& text : texts) bytes += text.size();
    const std::size_t every = bytes / most + 1;
    std::string all, line;
    const auto end_line = [&] {
        if (!line.empty() && lines++ % every == 0) (all += line) += '\n';
        line.clear();
    };
    for (std::string_view text : texts) {
        while (!text.empty()) {
            const std::size_t apart = bytes_apart(text);
            const std::size_t length = apart ? apart : io::utf8_length(text);
            if (text.front() == '\n' || line.size() + length > longest) end_line();
            if (!apart && text.front() != '\n') line += text.substr(0, length);
            text.remove_prefix(length);
        }
        end_line();
    }
    return all;
}

// One field of a protobuf message: its number, and where it and, if it has a length, its contents
// lie. False when the message ends or cannot be read.
struct message_field {
    std::uint64_t number = 0;
    std::string_view all, contents;
};
inline bool next_field(std::string_view& message, message_field& field) {
    const std::string_view start = message;
    const auto varint = [&](std::uint64_t& value) {
        value = 0;
        for (int shift = 0; shift < 64 && !message.empty(); shift += 7) {
            const auto byte = std::uint8_t(message.front());
            message.remove_prefix(1);
            value |= std::uint64_t{byte & 127U} << shift;
            if (byte < 128) return true;
        }
        return false;
    };
    std::uint64_t key = 0, length = 0;
    if (!varint(key)) return false;
    if ((key & 7) == 0 && !varint(length)) return false;
    if ((key & 7) == 0)
        length = 0;
    else if ((key & 7) == 1)
        length = 8;
    else if ((key & 7) == 5)
        length = 4;
    else if ((key & 7) != 2 || !varint(length))
        return false;
    if (length > message.size()) return false;
    field.number = key >> 3;
    field.contents = message.substr(0, length);
    message.remove_prefix(length);
    field.all = start.substr(0, start.size() - message.size());
    return true;
}

// A model without the path of the file it was trained from (trainer_spec.input), which is nobody's
// business and would make equal models differ.
inline std::string without_path(const std::string& model) {
    std::string kept;
    message_field field, inner;
    for (std::string_view rest = model; next_field(rest, field);) {
        if (field.number != 2) {
            kept += field.all;
            continue;
        }
        std::string spec;
        for (std::string_view in = field.contents; next_field(in, inner);)
            if (inner.number != 1) spec += inner.all;
        kept += '\x12';  // field 2, with a length
        for (std::size_t length = spec.size();; length >>= 7) {
            kept += char(length < 128 ? length : (length & 127) | 128);
            if (length < 128) break;
        }
        kept += spec;
    }
    return kept;
}

}  // namespace moe::detail

namespace moe::io {

#if defined(MOE_HAS_SENTENCEPIECE)

struct tokenizer::pieces {
    std::atomic<int> owners{1};
    std::string name, model;
    sentencepiece::SentencePieceProcessor processor;
    std::vector<std::string> text;   // that each id stands for
    std::array<int, 256> of_byte{};  // -1: the model has no piece for it
    bool exact = false;              // gives every text back, even cut into pieces
    bool adds_space = false;         // at the start of a text

    std::vector<int> encode(std::string_view some) const {
        std::vector<int> ids;
        const auto status = processor.Encode(absl::string_view(some.data(), some.size()), &ids);
        if (!status.ok()) throw error(name + ": " + std::string(status.message()));
        return ids;
    }
    void read() {
        text.resize(std::size_t(processor.GetPieceSize()));
        of_byte.fill(-1);
        for (int id = 0; id < int(text.size()); ++id) {
            std::string& of = text[std::size_t(id)];
            const std::string& piece = processor.IdToPiece(id);
            if (processor.IsByte(id)) {  // <0x0A>
                of = std::string(1, char(std::stoi(piece.substr(3, 2), nullptr, 16)));
                of_byte[std::uint8_t(of[0])] = id;
            } else if (processor.IsUnknown(id)) {
                of = "\xEF\xBF\xBD";
            } else if (!processor.IsControl(id)) {
                of = piece;
                for (std::size_t at; (at = of.find(moe::detail::space_mark)) != of.npos;)
                    of.replace(at, moe::detail::space_mark.size(), " ");
            }
        }
        const std::vector<int> first = encode("a");
        adds_space = !first.empty() && text[std::size_t(first[0])].starts_with(' ');
        // Spaces at both ends and in a row, a newline, and letters that normalisation would change.
        const std::string probe = "  a  b \n\n\xEF\xBC\xA1 e\xCC\x81 ";
        std::string back;
        for (const int id : encode(probe)) back += text[std::size_t(id)];
        exact = back == probe && std::find(of_byte.begin(), of_byte.end(), -1) == of_byte.end();
    }
};

tokenizer::tokenizer(const tokenizer& other) : pieces_(other.pieces_) {
    if (pieces_) ++pieces_->owners;
}
tokenizer::~tokenizer() {
    if (pieces_ && --pieces_->owners == 0) delete pieces_;
}

bool tokenizer::has_sentencepiece() { return true; }
tokenizer tokenizer::from_model(std::string model, const std::string& name) {
    tokenizer made;
    made.pieces_ = new pieces;
    made.pieces_->name = name;
    const auto status = made.pieces_->processor.LoadFromSerializedProto(model);
    if (!status.ok()) throw error(name + ": not a sentencepiece model");
    made.pieces_->model = std::move(model);
    made.pieces_->read();
    return made;
}

tokenizer tokenizer::train(std::span<const std::string> texts, int vocab) {
    const std::string lines = moe::detail::training_lines(texts);
    if (lines.empty()) throw error("tokenizer: no text to learn pieces from");
    const std::string path =
        temporary_beside((std::filesystem::temp_directory_path() / "moe-tokenizer-text").string());
    std::string model;
    sentencepiece::util::Status status;
    try {
        write_file(path, lines);
        status = sentencepiece::SentencePieceTrainer::Train(
            std::unordered_map<std::string, std::string>{{"input", path},
                                                         {"model_type", "bpe"},
                                                         {"vocab_size", std::to_string(vocab)},
                                                         {"byte_fallback", "true"},
                                                         {"normalization_rule_name", "identity"},
                                                         {"add_dummy_prefix", "false"},
                                                         {"remove_extra_whitespaces", "false"},
                                                         {"user_defined_symbols", "\n"},
                                                         {"bos_id", "-1"},
                                                         {"eos_id", "-1"},
                                                         {"pad_id", "-1"},
                                                         {"num_threads", "1"},
                                                         {"minloglevel", "2"}},
            nullptr, &model);
        remove_all(path);
    } catch (...) {
        files().remove(files().self, path.c_str());
        throw;
    }
    if (!status.ok()) {
        // Without the library's own file, line and condition before it.
        std::string reason(status.message());
        reason.erase(0, reason.rfind("] ") == reason.npos ? 0 : reason.rfind("] ") + 2);
        throw error("tokenizer: cannot learn " + std::to_string(vocab) + " pieces: " + reason);
    }
    return from_model(moe::detail::without_path(model), "tokenizer");
}

int tokenizer::vocab() const { return pieces_ ? int(pieces_->text.size()) : 256; }
const std::string& tokenizer::model() const {
    static const std::string none;
    return pieces_ ? pieces_->model : none;
}

std::vector<int> tokenizer::encode(std::string_view text) const {
    if (!pieces_) return moe::detail::ids_of_bytes(text);
    if (!pieces_->exact) return pieces_->encode(text);
    // Newlines are never part of a longer piece, so cutting before them changes nothing and keeps
    // the memory small.
    constexpr std::size_t longest = std::size_t{1} << 16;
    std::vector<int> ids;
    const auto add = [&](std::string_view some) {
        const std::vector<int> more = pieces_->encode(some);
        ids.insert(ids.end(), more.begin(), more.end());
    };
    std::size_t first = 0, at = 0;
    while (at < text.size()) {
        const std::size_t apart = moe::detail::bytes_apart(text.substr(at));
        if (apart || (text[at] == '\n' && at - first >= longest)) {
            if (at > first) add(text.substr(first, at - first));
            for (std::size_t i = 0; i < apart; ++i)
                ids.push_back(pieces_->of_byte[std::uint8_t(text[at + i])]);
            first = at + apart;
        }
        at += apart ? apart : utf8_length(text.substr(at));
    }
    if (at > first) add(text.substr(first));
    return ids;
}

std::string tokenizer::text_of(int id) const {
    if (!pieces_) return moe::detail::byte_of_id(id);
    MOE_CHECK(id, >=, 0);
    return id < vocab() ? pieces_->text[std::size_t(id)] : std::string();
}

std::string tokenizer::decode(std::span<const int> ids) const {
    std::string text;
    for (const int id : ids) text += text_of(id);
    if (pieces_ && pieces_->adds_space && text.starts_with(' ')) text.erase(0, 1);
    return text;
}

int tokenizer::bytes_of(int id) const {
    return pieces_ ? int(pieces_->text[std::size_t(id)].size()) : 1;
}

#else  // without sentencepiece there are only bytes

struct tokenizer::pieces {};

tokenizer::tokenizer(const tokenizer&) {}
tokenizer::~tokenizer() = default;
bool tokenizer::has_sentencepiece() { return false; }
tokenizer tokenizer::from_model(std::string, const std::string& name) {
    throw error(name + ": a sentencepiece model, but this program was built without sentencepiece");
}
tokenizer tokenizer::train(std::span<const std::string>, int) {
    throw error("tokenizer: cannot learn pieces, this program was built without sentencepiece");
}
int tokenizer::vocab() const { return 256; }
const std::string& tokenizer::model() const {
    static const std::string none;
    return none;
}
std::vector<int> tokenizer::encode(std::string_view text) const {
    return moe::detail::ids_of_bytes(text);
}
std::string tokenizer::text_of(int id) const { return moe::detail::byte_of_id(id); }
std::string tokenizer::decode(std::span<const int> ids) const {
    std::string text;
    for (const int id : ids) text += text_of(id);
    return text;
}
int tokenizer::bytes_of(int) const { return 1; }

#endif

tokenizer::tokenizer(tokenizer&& other) noexcept : pieces_(std::exchange(other.pieces_, nullptr)) {}
tokenizer& tokenizer::operator=(tokenizer other) noexcept {
    std::swap(pieces_, other.pieces_);
    return *this;
}

tokenizer tokenizer::load(const std::string& path) {
    return from_model(read_file(path, std::uint64_t{1} << 28), path);
}

void tokenizer::require_fits(int vocab_of_recipe) const {
    if (vocab() > vocab_of_recipe)
        throw error("model.vocab is " + std::to_string(vocab_of_recipe) +
                    ", but the tokenizer has " + std::to_string(vocab()) +
                    " tokens: raise model.vocab or use a smaller tokenizer");
}

}  // namespace moe::io
