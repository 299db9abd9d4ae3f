// SPDX-License-Identifier: MIT
// Definitions of io/checkpoint.hpp: saving, finding, loading. The manifest's text is the matter of
// io/manifest.part.hpp.
#pragma once

#include <moe/io/checkpoint.hpp>
#include <moe/io/json.hpp>
#include <moe/io/manifest.hpp>
#include <moe/io/masters.hpp>
#include <moe/io/safetensors.hpp>
#include <moe/io/staged_folder.hpp>

#include <algorithm>
#include <cstdio>

namespace moe::detail {

inline constexpr const char* model_file = "model.safetensors";
inline constexpr const char* optimizer_file = "optimizer.safetensors";

inline std::string step_folder(std::int64_t step) {
    char name[40];
    std::snprintf(name, sizeof name, "step-%06lld", static_cast<long long>(step));
    return name;
}
// The step that a folder's name says; -1 when it is not such a name.
inline std::int64_t step_of_folder(const std::string& name) {
    if (name.size() < 11 || name.size() > 23 || !name.starts_with("step-")) return -1;
    if (name.find_first_not_of("0123456789", 5) != std::string::npos) return -1;
    const std::int64_t step = std::stoll(name.substr(5));
    return step_folder(step) == name ? step : -1;
}
// Newest first.
inline std::vector<std::int64_t> steps_in(const std::string& folder) {
    std::vector<std::int64_t> steps;
    if (!io::status_of(folder).folder) return steps;
    for (const std::string& name : io::list_folder(folder))
        if (const std::int64_t step = step_of_folder(name); step >= 0) steps.push_back(step);
    std::sort(steps.rbegin(), steps.rend());
    return steps;
}

inline bool is_safetensors(std::string_view name) { return name.ends_with(".safetensors"); }

// An upper bound, for the question whether the disk has room.
inline std::uint64_t bytes_to_save(const io::snapshot& what, bool with_optimizer) {
    std::uint64_t bytes = 1 << 16;
    for (const io::tensor_list* list : {&what.model, &what.optimizer}) {
        if (list == &what.optimizer && !with_optimizer) continue;
        for (const io::named_tensor& tensor : *list)
            bytes += tensor.bytes + 2 * tensor.name.size() + 300;
    }
    for (const io::file_contents& file : what.attachments) bytes += file.contents.size();
    for (const io::key_values* list : {&what.recipe, &what.settings, &what.state})
        for (const io::key_value& one : *list)
            bytes += 2 * (one.key.size() + one.value.size()) + 20;
    return bytes;
}

inline io::manifest_file save_tensors(const std::string& folder, const char* name,
                                      const io::tensor_list& tensors) {
    io::manifest_file entry;
    entry.name = name;
    entry.tensors = io::hashes_of(tensors);
    io::output_file file(io::join(folder, name), io::open_for::creating);
    const std::string head = io::write_safetensors(file, tensors, {{"format", "pt"}});
    file.sync();
    file.close();
    entry.head = io::hash_of(head);
    entry.bytes = head.size();
    for (const io::named_tensor& tensor : tensors) entry.bytes += tensor.bytes;
    return entry;
}

// Writes all files of a checkpoint or model into a folder that nobody sees yet.
inline io::manifest save_into(const std::string& folder, const io::snapshot& what,
                              bool with_optimizer) {
    io::manifest about;
    about.recipe = what.recipe;
    about.settings = what.settings;
    about.state = what.state;
    about.step = what.step;
    about.data_position = what.data_position;
    about.files.push_back(save_tensors(folder, model_file, what.model));
    if (with_optimizer) about.files.push_back(save_tensors(folder, optimizer_file, what.optimizer));
    for (const io::file_contents& file : what.attachments) {
        io::write_file(io::join(folder, file.name), file.contents);
        about.files.push_back({file.name, file.contents.size(), io::hash_of(file.contents), {}});
    }
    io::write_file(io::join(folder, "manifest.json"), io::text_of(about));
    return about;
}

inline io::saved_checkpoint summary_of(const std::string& folder, const io::manifest& about) {
    io::saved_checkpoint saved{folder, 0, io::weights_hash_of(about), io::state_hash_of(about), {}};
    for (const io::manifest_file& file : about.files) saved.bytes += file.bytes;
    return saved;
}

// Compares the tensors of a file with their hashes, a piece at a time.
inline void verify_tensors(const io::input_file& file, const io::manifest_file& entry) {
    const io::safetensors_header header = io::read_safetensors_header(file);
    std::string piece(header.data_at, '\0');
    file.read(0, piece.data(), piece.size());
    if (io::hash_of(piece) != entry.head)
        throw error(file.path() + ": damaged: the header's hash differs from the manifest's");
    std::vector<io::tensor_hash> expected = entry.tensors;
    std::sort(expected.begin(), expected.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    if (expected.size() != header.tensors.size())
        throw error(file.path() + ": holds " + std::to_string(header.tensors.size()) +
                    " tensors, the manifest lists " + std::to_string(expected.size()));
    piece.resize(std::size_t{1} << 20);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const io::stored_tensor& tensor = header.tensors[i];
        if (tensor.name != expected[i].name)
            throw error(file.path() + ": tensor " + io::json_quoted(tensor.name) +
                        " is not in the manifest");
        io::hasher hash;
        for (std::uint64_t at = tensor.first; at < tensor.last;) {
            const auto bytes = std::size_t(std::min<std::uint64_t>(piece.size(), tensor.last - at));
            file.read(header.data_at + at, piece.data(), bytes);
            hash.add(piece.data(), bytes);
            at += bytes;
        }
        if (hash.result() != expected[i].hash)
            throw error(file.path() + ": damaged: the hash of tensor " +
                        io::json_quoted(tensor.name) + " differs from the manifest's");
    }
}

inline io::hash128 combined(const io::manifest& about, const char* name) {
    const io::manifest_file* file = about.file(name);
    return io::combined_hash(file ? file->tensors : std::vector<io::tensor_hash>());
}
inline io::hash128 state_hash(io::hash128 weights, io::hash128 moments, std::uint64_t position) {
    return io::hash_of("weights " + io::text_of(weights) + "\nmoments " + io::text_of(moments) +
                       "\ndata_position " + std::to_string(position) + "\n");
}

}  // namespace moe::detail

namespace moe::io {

saved_checkpoint save_checkpoint(const std::string& run, const snapshot& what, int keep) {
    using namespace moe::detail;
    const std::string folder = join(run, "checkpoints");
    const std::string target = join(folder, step_folder(what.step));
    make_folders(folder);
    require_free_space(folder, bytes_to_save(what, true));
    staged_folder staged(target, staged_folder::target_may::be_replaced);
    const manifest about = save_into(staged.path(), what, true);
    staged.commit();

    saved_checkpoint saved = summary_of(target, about);
    int seen = 0;
    for (const std::int64_t step : steps_in(folder)) {
        // Later steps than this one were passed over as damaged; the run will come by them again.
        if (step > what.step || ++seen <= std::max(keep, 1)) continue;
        const std::string old = join(folder, step_folder(step));
        try {
            const std::string trash = temporary_beside(old);
            rename_path(old, trash);
            remove_all(trash);
        } catch (const error& wrong) {
            saved.warnings.push_back(wrong.what());
        }
    }
    return saved;
}

saved_checkpoint save_model(const std::string& folder, const snapshot& what) {
    staged_folder staged(folder);
    require_free_space(staged.path(), moe::detail::bytes_to_save(what, false));
    const manifest about = moe::detail::save_into(staged.path(), what, false);
    staged.commit();
    return moe::detail::summary_of(folder, about);
}

void verify(const std::string& folder, const manifest& about) {
    for (const manifest_file& entry : about.files) {
        const input_file file(join(folder, entry.name));
        if (file.bytes() != entry.bytes)
            throw error(file.path() + ": damaged: " + std::to_string(file.bytes()) +
                        " bytes, the manifest says " + std::to_string(entry.bytes));
        if (moe::detail::is_safetensors(entry.name)) {
            moe::detail::verify_tensors(file, entry);
        } else {
            std::string contents(file.bytes(), '\0');
            file.read(0, contents.data(), contents.size());
            if (hash_of(contents) != entry.head)
                throw error(file.path() + ": damaged: its hash differs from the manifest's");
        }
    }
}

good_model find_checkpoint(const std::string& run) {
    good_model found;
    const std::string folder = join(run, "checkpoints");
    for (const std::int64_t step : moe::detail::steps_in(folder)) {
        const std::string candidate = join(folder, moe::detail::step_folder(step));
        try {
            found.about = read_manifest(candidate);
            if (found.about.step != step)
                throw error(join(candidate, "manifest.json") + ": says step " +
                            std::to_string(found.about.step));
            verify(candidate, found.about);
            found.folder = candidate;
            return found;
        } catch (const error& wrong) {
            found.warnings.push_back(std::string(wrong.what()) + "; passed over");
        }
    }
    if (!found.warnings.empty())
        throw error(folder + ": no checkpoint is good; the newest: " + found.warnings.front());
    return found;
}

good_model find_model(const std::string& path) {
    if (!status_of(path).folder)
        throw error(path + ": does not exist; a model folder or a run folder was expected");
    if (status_of(join(path, "manifest.json")).exists) {
        good_model found{path, read_manifest(path), {}};
        verify(path, found.about);
        return found;
    }
    good_model found = find_checkpoint(path);
    if (found.folder.empty())
        throw error(path + ": holds neither a model (manifest.json) nor a run's checkpoints");
    return found;
}

void require_recipe(const good_model& found, const key_values& recipe) {
    const auto find = [](const key_values& list, const std::string& key) {
        const auto at = std::find_if(list.begin(), list.end(),
                                     [&](const key_value& one) { return one.key == key; });
        return at == list.end() ? std::string("absent") : at->value;
    };
    // How many ranks made it changes nothing in it.
    const auto differ = [&](const std::string& key) {
        if (key == "parallel" || key.starts_with("parallel.")) return;
        const std::string there = find(found.about.recipe, key), here = find(recipe, key);
        if (there != here)
            throw error(found.folder + ": made with another recipe: " + key + " is " + there +
                        " there and " + here + " here");
    };
    for (const key_value& one : recipe) differ(one.key);
    for (const key_value& one : found.about.recipe) differ(one.key);
}

void load_weights(const good_model& from, const tensor_list& wanted) {
    fill_masters(wanted, join(from.folder, moe::detail::model_file));
}
void load_optimizer(const good_model& from, const tensor_list& wanted) {
    fill(wanted, join(from.folder, moe::detail::optimizer_file));
}
bool has_attachment(const good_model& from, std::string_view name) {
    return from.about.file(name) != nullptr;
}
std::string load_attachment(const good_model& from, const std::string& name) {
    return read_file(join(from.folder, name));
}

hash128 weights_hash_of(const tensor_list& model) { return combined_hash(hashes_of(model)); }
hash128 state_hash_of(const tensor_list& model, const tensor_list& optimizer,
                      std::uint64_t data_position) {
    return moe::detail::state_hash(weights_hash_of(model), combined_hash(hashes_of(optimizer)),
                                   data_position);
}
hash128 weights_hash_of(const manifest& about) {
    return moe::detail::combined(about, moe::detail::model_file);
}
hash128 state_hash_of(const manifest& about) {
    return moe::detail::state_hash(weights_hash_of(about),
                                   moe::detail::combined(about, moe::detail::optimizer_file),
                                   about.data_position);
}

}  // namespace moe::io
