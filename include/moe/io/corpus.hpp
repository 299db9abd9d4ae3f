// SPDX-License-Identifier: MIT
// The text to learn, tokenised once into memory: DIR/<domain>/*.txt, one domain a sub-folder; a
// folder that holds the text files itself is one domain, named after the folder. The last part of
// every file is held out for validation; no token of it is ever trained on.
#pragma once

#include <moe/io/hash.hpp>
#include <moe/io/tokenizer.hpp>

namespace moe::io {

// Tokens [first, first + context + lookahead) of the corpus, all of one document: inputs, and the
// tokens to predict behind them.
struct window {
    int domain = 0, document = 0;
    std::int64_t first = 0;
};

// One file. Its tokens [first, first + trained) are trained on, the rest is held out.
struct document {
    std::string path;
    int domain = 0;
    std::int64_t first = 0, tokens = 0, trained = 0;
    std::int64_t validation_windows = 0;
};

struct corpus_shape {
    int context = 0;
    int lookahead = 1;       // tokens predicted beyond a window's inputs: 1, more with MTP
    double held_out = 0.05;  // share of every file: as many whole windows as come closest
};

// A sentencepiece model learnt from all text of such a folder, held-out parts included.
tokenizer train_tokenizer(const std::string& folder, int vocab);

class corpus {
public:
    // Refuses, naming the file: a missing or empty folder, a NUL byte, a text shorter than a
    // window. A file of two windows or more gives at least one to validation, and always keeps one.
    corpus(const std::string& folder, const tokenizer& words, corpus_shape shape);

    const corpus_shape& shape() const { return shape_; }
    int window_tokens() const { return shape_.context + shape_.lookahead; }

    int domains() const { return int(domains_.size()); }
    const std::string& domain(int i) const { return domains_[std::size_t(i)]; }
    const std::vector<document>& documents() const { return documents_; }  // by domain, then name
    std::int64_t tokens() const { return std::int64_t(narrow_.size() + wide_.size()); }

    int token(std::int64_t at) const {
        return narrow_.empty() ? int(wide_[std::size_t(at)]) : int(narrow_[std::size_t(at)]);
    }
    void read(std::int64_t first, int count, int* into) const;
    // How many bytes of text tokens [first, first + count) stand for.
    std::int64_t bytes(std::int64_t first, std::int64_t count) const;
    std::string text(std::int64_t first, std::int64_t count) const;

    // The held-out windows of a domain, in order: each begins where the inputs of the one before
    // end.
    std::int64_t validation_windows(int domain) const;
    window validation(int domain, std::int64_t index) const;
    // All held-out text of a domain, file after file.
    std::string held_out_text(int domain) const;

    // Equal only when a resumed run would see the same tokens at the same positions.
    hash128 fingerprint() const { return fingerprint_; }

private:
    void add_file(const std::string& path, int domain, const tokenizer& words);
    void hold_out(document& one) const;
    hash128 compute_fingerprint() const;

    corpus_shape shape_;
    tokenizer words_;
    std::vector<std::string> domains_;
    std::vector<document> documents_;
    std::vector<std::vector<window>> validation_;  // by domain
    std::vector<std::uint16_t> narrow_;  // one of the two: vocabularies up to 65,536, or larger
    std::vector<std::uint32_t> wide_;
    hash128 fingerprint_;
};

}  // namespace moe::io
