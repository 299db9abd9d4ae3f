// SPDX-License-Identifier: MIT
// Checkpoints of a run and model folders. A checkpoint is a folder
//     RUN/checkpoints/step-000100/  model.safetensors  optimizer.safetensors  manifest.json
// that appears complete or not at all: written under a temporary name, files and folder synced,
// renamed, the parent synced; only then are older ones removed. The manifest holds the hash of
// every byte beside it and of itself. The newest checkpoint that agrees with its hashes counts. A
// model folder holds the same without optimizer.safetensors.
#pragma once

#include <moe/io/manifest.hpp>

namespace moe::io {

struct file_contents {
    std::string name, contents;
};

// What is saved. The views must not change meanwhile.
struct snapshot {
    key_values recipe;    // in the recipe's order: the first difference is the one named
    key_values settings;  // of the run; for people
    key_values state;     // what else a resumed run must know
    std::int64_t step = 0;
    std::uint64_t data_position = 0;  // next sequence number of io/stream.hpp
    tensor_list model, optimizer;
    std::vector<file_contents> attachments;  // small files of the model, such as a tokenizer
};

// A checkpoint or model that agrees with its manifest. 'warnings' names what was passed over.
struct good_model {
    std::string folder;  // empty: none was found
    manifest about;
    std::vector<std::string> warnings;
};

struct saved_checkpoint {
    std::string folder;
    std::uint64_t bytes = 0;
    hash128 weights, state;             // weights_hash_of, state_hash_of
    std::vector<std::string> warnings;  // old checkpoints that could not be removed
};

// Keeps the newest 'keep' checkpoints up to this step, this one included. Throws before anything of
// the old is touched: the disk is too full, a write, sync, close or rename fails.
saved_checkpoint save_checkpoint(const std::string& run, const snapshot& what, int keep = 2);
// A model folder, new or empty until then; the optimizer's tensors are left out.
saved_checkpoint save_model(const std::string& folder, const snapshot& what);

// The newest good checkpoint of a run. A damaged one is named in the warnings. None at all: folder
// is empty; only damaged ones: an error, so that nobody starts afresh by mistake.
good_model find_checkpoint(const std::string& run);
// A model folder, or a run folder, which stands for its newest good checkpoint.
good_model find_model(const std::string& path);
// Reads everything and compares it with the manifest; names the file and tensor that differ.
void verify(const std::string& folder, const manifest& about);

// "FOLDER: made with another recipe: model.hidden is 256 there and 512 here"
void require_recipe(const good_model& found, const key_values& recipe);
// Every tensor wanted and no other, whichever way either side holds its weights (io/masters.hpp).
void load_weights(const good_model& from, const tensor_list& wanted);
void load_optimizer(const good_model& from, const tensor_list& wanted);
bool has_attachment(const good_model& from, std::string_view name);
std::string load_attachment(const good_model& from, const std::string& name);

// What summary.json calls weights_hash and state_hash: the same for equal bits in any layout.
hash128 weights_hash_of(const tensor_list& model);
hash128 state_hash_of(const tensor_list& model, const tensor_list& optimizer,
                      std::uint64_t data_position);
hash128 weights_hash_of(const manifest& about);
hash128 state_hash_of(const manifest& about);

}  // namespace moe::io
