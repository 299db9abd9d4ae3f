// SPDX-License-Identifier: MIT
// Definitions of io/hugging_face.hpp.
#pragma once

#include <moe/core/error.hpp>
#include <moe/io/block_scaled.hpp>
#include <moe/io/hugging_face.hpp>
#include <moe/io/hugging_face_config.hpp>
#include <moe/io/hugging_face_names.hpp>
#include <moe/io/hugging_face_tokenizer.hpp>
#include <moe/io/safetensors.hpp>
#include <moe/io/staged_folder.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

namespace moe::detail {

inline constexpr const char* further_file = "mtp.safetensors";

inline std::string_view torch_name(io::format f) {
    using enum io::format;
    if (f == f64) return "float64";
    if (f == f32) return "float32";
    if (f == bf16) return "bfloat16";
    if (f == f16) return "float16";
    throw error("weights in " + std::string(io::name_of(f)) + " have no Hugging Face form yet");
}

inline std::size_t bytes_of(const std::vector<std::int64_t>& shape, io::format f) {
    std::size_t count = 1;
    for (const std::int64_t extent : shape) count *= std::size_t(extent);
    return count * std::size_t(io::bits_of(f)) / 8;
}

// Our tensors, each to be used once.
class named_tensors {
public:
    explicit named_tensors(const io::tensor_list& all) {
        for (const io::named_tensor& tensor : all)
            if (tensor.bytes > 0) left_.emplace(tensor.name, &tensor);
    }
    // The tensor under the other name and shape. Theirs and ours have the same number of elements.
    io::named_tensor take(const io::hugging_face_tensor& is) {
        const auto found = left_.find(is.ours);
        if (found == left_.end()) throw error("the model holds no tensor " + is.ours);
        io::named_tensor tensor = *found->second;
        left_.erase(found);
        if (bytes_of(is.shape, tensor.format) != tensor.bytes)
            throw error("the model's tensor " + is.ours + " has not the size of " + is.theirs);
        tensor.name = is.theirs;
        tensor.shape = is.shape;
        return tensor;
    }
    void require_none_left() const {
        if (!left_.empty())
            throw error("no Hugging Face class has a place for the tensor " + left_.begin()->first);
    }

private:
    std::map<std::string, const io::named_tensor*> left_;
};

// Memory for tensors that a list only views.
class scratch_tensors {
public:
    char* take(std::size_t bytes) {
        all_.push_back(std::make_unique<char[]>(bytes));  // zeros
        return all_.back().get();
    }

private:
    std::vector<std::unique_ptr<char[]>> all_;
};

inline std::size_t row_bytes(const io::named_tensor& tensor) {
    return tensor.bytes / std::size_t(tensor.shape[0]);
}

// Tensors that a file may hold a second time, and which of the network's own each must equal.
struct copied_tensor {
    std::string copy, original;
};
inline std::vector<copied_tensor> copies_of(const io::model_shape& shape) {
    const std::string embedding = "model.embed_tokens.weight", head = "lm_head.weight";
    const std::string behind = "model.layers." + std::to_string(shape.layers) + ".";
    std::vector<copied_tensor> copies;
    if (shape.tied_embeddings) copies.push_back({head, embedding});
    if (shape.mtp_depth > 0) {
        copies.push_back({behind + "embed_tokens.weight", embedding});
        copies.push_back(
            {behind + "shared_head.head.weight", shape.tied_embeddings ? embedding : head});
    }
    return copies;
}
inline void require_same(const io::tensor_source& source, const std::string& copy,
                         const io::named_tensor& original) {
    const std::size_t i = source.find(copy);
    if (i == io::tensor_source::none) return;
    std::vector<char> bytes(original.bytes);
    const bool fits = source[i].shape == original.shape;
    if (fits) source.read(i, original.format, bytes.data(), bytes.size());
    if (!fits || std::memcmp(bytes.data(), original.data, bytes.size()) != 0)
        throw error(source.file_of(i) + ": tensor " + copy + " differs from " + original.name +
                    ", expected a copy of it");
}

// What is read from where.
struct import_plan {
    io::tensor_list main, further;
    io::tensor_list zeros;  // of main: in scratch memory, to be looked at
    std::vector<std::string> ignored;

    import_plan(const std::vector<io::hugging_face_tensor>& list, const io::tensor_list& targets,
                const io::model_shape& shape, const io::tensor_source& source,
                scratch_tensors& scratch) {
        named_tensors ours(targets);
        const auto stored = [&](const std::string& name) {
            return source.find(name) != io::tensor_source::none;
        };
        // Multi-token prediction: behind the layers, where DeepSeek has it, or in its own file.
        const std::string behind = "model.layers." + std::to_string(shape.layers) + ".";
        const bool inside = stored(behind + "enorm.weight");
        for (const io::hugging_face_tensor& is : list) {
            const std::size_t bytes = bytes_of(is.shape, io::format::f32);
            if (!is.ours.empty()) {
                (is.further && !inside ? further : main).push_back(ours.take(is));
            } else if (bytes == 0) {
                ignored.push_back(is.theirs);
            } else if (stored(is.theirs)) {
                zeros.push_back({is.theirs, io::format::f32, is.shape, scratch.take(bytes), bytes});
                main.push_back(zeros.back());
            }
        }
        ours.require_none_left();
        for (const copied_tensor& one : copies_of(shape)) ignored.push_back(one.copy);
    }
};

inline void fill_from(const std::string& folder, const import_plan& plan,
                      const io::model_shape& shape, const io::tensor_source& source) {
    const io::tensor_list coded = io::coded_in(plan.main, source);
    std::vector<std::string> ignored = plan.ignored;
    io::tensor_list plain;
    for (const io::named_tensor& tensor : plan.main) {
        const auto same = [&](const io::named_tensor& one) { return one.name == tensor.name; };
        if (std::none_of(coded.begin(), coded.end(), same)) {
            plain.push_back(tensor);
        } else {
            ignored.push_back(tensor.name);
            ignored.push_back(io::name_of_scales(tensor.name));
        }
    }
    io::fill(plain, source, ignored);
    for (const io::named_tensor& tensor : coded) io::fill_coded(tensor, source);
    for (const copied_tensor& one : copies_of(shape))
        for (const io::named_tensor& tensor : plan.main)
            if (tensor.name == one.original) require_same(source, one.copy, tensor);
    for (const io::named_tensor& tensor : plan.zeros) {
        const char* bytes = static_cast<const char*>(tensor.data);
        if (std::any_of(bytes, bytes + tensor.bytes, [](char byte) { return byte != 0; }))
            throw error(source.path() + ": tensor " + tensor.name +
                        " is not zero, but the recipe's balance keeps no selection bias");
    }
    if (plan.further.empty()) return;
    const std::string path = io::join(folder, further_file);
    if (!io::status_of(path).exists)
        throw error(folder + ": tensor " + plan.further[0].name +
                    " is missing: no multi-token prediction here, but the recipe's "
                    "model.mtp_depth is " +
                    std::to_string(shape.mtp_depth));
    io::fill(plan.further, path);
}

}  // namespace moe::detail

namespace moe::io {

void export_model(const std::string& folder, const tensor_list& weights, const model_shape& shape,
                  const tokenizer& tokens, weight_form form) {
    const auto list = hugging_face_tensors(shape);
    moe::detail::named_tensors ours(weights);
    moe::detail::scratch_tensors scratch;
    tensor_list main, further;
    std::vector<block_scaled> coded;
    format usual = format::f32;
    for (const hugging_face_tensor& is : list) {
        named_tensor tensor;
        if (is.ours.empty()) {
            const format f = is.shape.size() == 1 ? format::f32 : usual;  // a bias, or no elements
            const std::size_t bytes = moe::detail::bytes_of(is.shape, f);
            tensor = {is.theirs, f, is.shape, scratch.take(bytes), bytes};
        } else {
            tensor = ours.take(is);
            if (main.empty()) usual = tensor.format;
            moe::detail::torch_name(tensor.format);
            if (is.head_dim > 0) {
                char* halves = scratch.take(tensor.bytes);
                pairs_to_halves(halves, tensor.data, tensor.shape[0], is.head_dim,
                                moe::detail::row_bytes(tensor));
                tensor.data = halves;
            }
        }
        if (form == weight_form::e4m3 && is.coded) {
            const block_scaled& both = coded.emplace_back(tensor);
            main.insert(main.end(), both.both.begin(), both.both.end());
        } else {
            (is.further ? further : main).push_back(std::move(tensor));
        }
    }
    ours.require_none_left();
    tokens.require_fits(shape.vocab);

    staged_folder staged(folder);
    const key_values metadata{{"format", "pt"}};  // what transformers writes, and 4 insists on
    write_file(join(staged.path(), "config.json"),
               hugging_face_config(shape, moe::detail::torch_name(usual), form));
    write_file(
        join(staged.path(), "generation_config.json"),
        "{\n  \"bos_token_id\": null,\n  \"eos_token_id\": null,\n  \"pad_token_id\": null\n}\n");
    write_hugging_face_tokenizer(staged.path(), tokens, shape.context);
    write_safetensors(join(staged.path(), "model.safetensors"), main, metadata);
    if (!further.empty())
        write_safetensors(join(staged.path(), moe::detail::further_file), further, metadata);
    staged.commit();
}

tokenizer import_model(const std::string& folder, const tensor_list& targets,
                       const model_shape& shape) {
    const auto list = hugging_face_tensors(shape);
    const std::string config = join(folder, "config.json");
    require_hugging_face_config(read_file(config, std::uint64_t{1} << 24), config, shape);
    tokenizer tokens = read_hugging_face_tokenizer(folder, shape.vocab);

    const tensor_source source(folder);
    moe::detail::scratch_tensors scratch;
    const moe::detail::import_plan plan(list, targets, shape, source, scratch);
    moe::detail::fill_from(folder, plan, shape, source);

    std::map<std::string, int> head_dims;
    for (const hugging_face_tensor& is : list)
        if (is.head_dim > 0) head_dims.emplace(is.theirs, is.head_dim);
    for (const tensor_list* filled : {&plan.main, &plan.further})
        for (const named_tensor& tensor : *filled) {
            const auto found = head_dims.find(tensor.name);
            if (found == head_dims.end()) continue;
            const char* bytes = static_cast<const char*>(tensor.data);
            const std::vector<char> halves(bytes, bytes + tensor.bytes);
            halves_to_pairs(tensor.data, halves.data(), tensor.shape[0], found->second,
                            moe::detail::row_bytes(tensor));
        }
    return tokens;
}

}  // namespace moe::io
