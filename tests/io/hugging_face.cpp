// SPDX-License-Identifier: MIT
#include <moe/io/hugging_face.hpp>
#include <moe/io/safetensors.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <tests/support/folder.hpp>
#include <tests/support/shapes.hpp>

using moe::io::model_shape;
using moe::io::named_tensor;
using moe::io::tensor_list;
using test::error_of;
using test::has;

namespace {

const moe::io::tokenizer bytes;

std::vector<model_shape> shapes() {
    std::vector<model_shape> all{test::deepseek_shape(), test::yarn_shape(), test::qwen_shape(),
                                 test::mixtral_shape()};
    all.push_back(test::deepseek_shape());
    all.back().shared = 0;
    all.back().selection_bias = false;
    for (int i = 0; i < 3; ++i) {
        all.push_back(all[std::size_t(i)]);
        all.back().mtp_depth = 1;
    }
    return all;
}

// A file's tensors, to be changed and written again.
struct file_tensors {
    tensor_list list;
    std::vector<std::vector<char>> memory;

    explicit file_tensors(const std::string& path) {
        const moe::io::tensor_source source(path);
        for (std::size_t i = 0; i < source.count(); ++i) {
            memory.emplace_back(source[i].bytes());
            source.read(i, source[i].format, memory.back().data(), memory.back().size());
            list.push_back({source[i].name, source[i].format, source[i].shape, memory.back().data(),
                            memory.back().size()});
        }
    }
    named_tensor& operator[](const std::string& name) {
        return *std::find_if(list.begin(), list.end(),
                             [&](const named_tensor& t) { return t.name == name; });
    }
    void erase(const std::string& name) {
        list.erase(list.begin() + (&(*this)[name] - list.data()));
    }
    void write(const std::string& path) const { moe::io::write_safetensors(path, list); }
};

struct exported {
    test::folder home;
    model_shape shape;
    test::weights model;
    std::string at = home / "out", file = at + "/model.safetensors";

    explicit exported(const model_shape& is) : shape(is), model(is) {
        model.fill(1);
        export_model(at, model.list, shape, bytes);
    }
    // What import says, and whether it gives the same weights back.
    std::string import_error() const {
        test::weights other(shape);
        return error_of([&] { import_model(at, other.list, shape); });
    }
    bool comes_back() const {
        test::weights other(shape);
        other.fill(2);
        if (!import_model(at, other.list, shape).is_bytes()) return false;
        return other.memory == model.memory;
    }
};

}  // namespace

TEST_CASE("what is exported is imported again, bit for bit") {
    for (const model_shape& is : shapes()) CHECK(exported(is).comes_back());
}

TEST_CASE("the files of an export") {
    const exported deepseek(test::deepseek_shape());
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(deepseek.at))
        names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{"config.json", "generation_config.json",
                                            "model.safetensors", "tokenizer.json",
                                            "tokenizer_config.json"});
    const moe::io::tensor_source source(deepseek.file);
    CHECK(source.metadata() == moe::io::key_values{{"format", "pt"}});
    CHECK(source.count() == hugging_face_tensors(deepseek.shape).size());
}

TEST_CASE("rows of queries and keys change places for Qwen and Mixtral, and only they") {
    const exported qwen(test::qwen_shape());
    file_tensors theirs(qwen.file);
    test::weights ours(qwen.shape);
    ours.fill(1);
    const std::string layer = "model.layers.1.self_attn.";
    const auto row = [](const named_tensor& t, int i) {
        const float* at = static_cast<const float*>(t.data);
        const std::size_t width = t.bytes / sizeof(float) / std::size_t(t.shape[0]);
        return std::vector<float>(at + i * std::ptrdiff_t(width),
                                  at + (i + 1) * std::ptrdiff_t(width));
    };
    const auto our = [&](const std::string& name) {
        return *std::find_if(ours.list.begin(), ours.list.end(),
                             [&](const named_tensor& t) { return t.name == layer + name; });
    };
    // Head 1 of 6 rows: pair (2, 3) of it lies at 1 and 1 + 3 there.
    for (const char* name : {"q_proj.weight", "k_proj.weight"}) {
        CHECK(row(theirs[layer + name], 6 + 1) == row(our(name), 6 + 2));
        CHECK(row(theirs[layer + name], 6 + 4) == row(our(name), 6 + 3));
    }
    for (const char* name : {"q_norm.weight", "k_norm.weight"}) {
        CHECK(row(theirs[layer + name], 1) == row(our(name), 2));
        CHECK(row(theirs[layer + name], 5) == row(our(name), 5));
    }
    for (int i = 0; i < 12; ++i)
        CHECK(row(theirs[layer + "v_proj.weight"], i) == row(our("v_proj.weight"), i));
}

TEST_CASE("a folder that holds anything is not written into") {
    test::folder home;
    test::weights model(test::deepseek_shape());
    test::put(home / "out/notes.txt", "mine");
    const auto attempt = [&] {
        export_model(home / "out", model.list, test::deepseek_shape(), bytes);
    };
    CHECK(has(error_of(attempt), home / "out"));
    CHECK(test::get(home / "out/notes.txt") == "mine");
    CHECK(std::distance(std::filesystem::directory_iterator(home.path()), {}) == 1);
}

TEST_CASE("a recipe that no class can hold writes nothing") {
    test::folder home;
    model_shape is = test::qwen_shape();
    test::weights model(is);
    is.shared = 1;
    CHECK(has(error_of([&] { export_model(home / "out", model.list, is, bytes); }), "ffn.shared"));
    CHECK_FALSE(std::filesystem::exists(home / "out"));
}

TEST_CASE("weights that do not belong to the shape are not exported") {
    test::folder home;
    test::weights model(test::deepseek_shape());
    tensor_list less = model.list, more = model.list;
    less.pop_back();
    float number = 1;
    more.push_back(moe::io::make_tensor("model.extra.weight", &number, {1}));
    const auto said = [&](const tensor_list& list) {
        return error_of([&] { export_model(home / "out", list, test::deepseek_shape(), bytes); });
    };
    CHECK(has(said(less), less.empty() ? "" : model.list.back().name));
    CHECK(has(said(more), "model.extra.weight"));
    // A field that a recipe leaves empty has no elements, and is no tensor.
    more.back() = moe::io::make_tensor("model.extra.weight", &number, {0, 8});
    CHECK(said(more) == "");
}

TEST_CASE("a tensor that is missing, too many, or of another shape or format is refused by name") {
    const std::string name = "model.layers.1.mlp.experts.3.up_proj.weight";
    const auto after = [&](auto change) {
        const exported one(test::deepseek_shape());
        file_tensors tensors(one.file);
        change(tensors);
        tensors.write(one.file);
        return one.import_error();
    };
    CHECK(after([](file_tensors&) {}) == "");
    CHECK(has(after([&](file_tensors& t) { t.erase(name); }), name));
    CHECK(has(after([&](file_tensors& t) { t[name].name = "model.layers.1.mlp.x"; }), name));
    CHECK(
        has(after([&](file_tensors& t) { std::swap(t[name].shape[0], t[name].shape[1]); }), name));
    CHECK(has(after([&](file_tensors& t) { t[name].format = moe::io::format::i32; }), name));
    float one = 1;
    CHECK(has(after([&](file_tensors& t) {
                  t.list.push_back(moe::io::make_tensor("model.layers.7.x", &one, {1}));
              }),
              "model.layers.7.x"));
    const exported cut(test::deepseek_shape());
    std::filesystem::resize_file(cut.file, std::filesystem::file_size(cut.file) - 1);
    CHECK(has(cut.import_error(), cut.file));
    std::filesystem::remove(cut.file);
    CHECK(has(cut.import_error(), cut.at));
}

TEST_CASE("config.json is compared before a tensor is read") {
    const exported one(test::deepseek_shape());
    auto config = nlohmann::json::parse(test::get(one.at + "/config.json"));
    config["topk_group"] = 3;
    test::put(one.at + "/config.json", config.dump());
    test::weights other(one.shape);
    other.fill(2);
    const auto before = other.memory;
    CHECK(has(error_of([&] { import_model(one.at, other.list, one.shape); }),
              one.at + "/config.json: topk_group is 3"));
    CHECK(other.memory == before);
    std::filesystem::remove(one.at + "/config.json");
    CHECK(has(one.import_error(), one.at + "/config.json"));
}

TEST_CASE("shards are read as one") {
    const exported one(test::mixtral_shape());
    file_tensors tensors(one.file);
    tensor_list parts[2];
    nlohmann::json map;
    for (std::size_t i = 0; i < tensors.list.size(); ++i) {
        parts[i % 2].push_back(tensors.list[i]);
        map[tensors.list[i].name] =
            i % 2 ? "model-00002-of-00002.safetensors" : "model-00001-of-00002.safetensors";
    }
    moe::io::write_safetensors(one.at + "/model-00001-of-00002.safetensors", parts[0]);
    moe::io::write_safetensors(one.at + "/model-00002-of-00002.safetensors", parts[1]);
    test::put(one.at + "/model.safetensors.index.json",
              nlohmann::json{{"metadata", {{"total_size", 1}}}, {"weight_map", map}}.dump());
    std::filesystem::remove(one.file);
    CHECK(one.comes_back());
}

TEST_CASE("BF16 is widened") {
    const exported one(test::deepseek_shape());
    file_tensors tensors(one.file);
    std::vector<std::vector<std::uint16_t>> halves;
    for (named_tensor& tensor : tensors.list) {
        const float* from = static_cast<const float*>(tensor.data);
        halves.emplace_back();
        for (std::size_t i = 0; i < tensor.bytes / 4; ++i)
            halves.back().push_back(std::uint16_t(std::bit_cast<std::uint32_t>(from[i]) >> 16));
        tensor.data = halves.back().data();
        tensor.bytes /= 2;
        tensor.format = moe::io::format::bf16;
    }
    tensors.write(one.file);
    test::weights other(one.shape);
    import_model(one.at, other.list, one.shape);
    for (std::size_t i = 0; i < other.memory.size(); ++i)
        for (std::size_t j = 0; j < other.memory[i].size(); ++j)
            REQUIRE(other.memory[i][j] ==
                    std::bit_cast<float>(std::bit_cast<std::uint32_t>(one.model.memory[i][j]) &
                                         0xFFFF0000U));
}

TEST_CASE("a selection bias that the recipe does not keep must be zero") {
    model_shape is = test::deepseek_shape();
    is.selection_bias = false;
    const exported one(is);
    file_tensors tensors(one.file);
    const std::string name = "model.layers.2.mlp.gate.e_score_correction_bias";
    REQUIRE(tensors[name].format == moe::io::format::f32);
    static_cast<float*>(tensors[name].data)[5] = -0.25F;
    tensors.write(one.file);
    CHECK(has(one.import_error(), name + " is not zero"));
    tensors.erase(name);  // transformers starts it from zero
    tensors.write(one.file);
    CHECK(one.comes_back());
}

TEST_CASE("a head that is tied may be stored again, but not differ") {
    const exported one(test::yarn_shape());
    file_tensors tensors(one.file);
    named_tensor head = tensors["model.embed_tokens.weight"];
    head.name = "lm_head.weight";
    std::vector<char> copy(static_cast<char*>(head.data),
                           static_cast<char*>(head.data) + head.bytes);
    head.data = copy.data();
    tensors.list.push_back(head);
    tensors.write(one.file);
    CHECK(one.comes_back());
    copy[17] = char(copy[17] ^ 1);
    tensors.write(one.file);
    CHECK(has(one.import_error(), "lm_head.weight differs from model.embed_tokens.weight"));
}

TEST_CASE("multi-token prediction travels beside the model, or inside as DeepSeek has it") {
    model_shape is = test::deepseek_shape();
    is.mtp_depth = 1;
    const exported one(is);
    const std::string beside = one.at + "/mtp.safetensors";
    file_tensors tensors(one.file), further(beside);
    CHECK(further.list.size() > 10);
    for (const named_tensor& tensor : tensors.list) CHECK_FALSE(has(tensor.name, "layers.3."));
    for (const named_tensor& tensor : further.list) CHECK(has(tensor.name, "layers.3."));

    std::filesystem::remove(beside);
    CHECK(has(one.import_error(), "model.mtp_depth is 1"));

    for (const named_tensor& tensor : further.list) tensors.list.push_back(tensor);
    tensors.write(one.file);
    CHECK(one.comes_back());
    // DeepSeek repeats the shared matrices there.
    named_tensor again = tensors["model.embed_tokens.weight"];
    again.name = "model.layers.3.embed_tokens.weight";
    tensors.list.push_back(again);
    tensors.write(one.file);
    CHECK(one.comes_back());
    again.name = "model.layers.3.shared_head.head.weight";  // of other values than the head
    tensors.list.push_back(again);
    tensors.write(one.file);
    CHECK(has(one.import_error(), "shared_head.head.weight differs from lm_head.weight"));

    model_shape without = is;
    without.mtp_depth = 0;
    test::weights other(without);
    CHECK(has(error_of([&] { import_model(one.at, other.list, without); }), "layers.3."));
}

TEST_CASE("linear layers travel in e4m3, and what is high as it is held") {
    for (model_shape is : {test::deepseek_shape(), test::qwen_shape(), test::mixtral_shape()}) {
        is.high_last_layers = 1;
        exported one(is);
        const std::string at = one.home / "coded";
        export_model(at, one.model.list, is, bytes, moe::io::weight_form::e4m3);
        const moe::io::tensor_source source(at + "/model.safetensors");
        std::size_t coded = 0;
        for (const moe::io::hugging_face_tensor& t : hugging_face_tensors(is)) {
            const std::size_t i = source.find(t.theirs);
            REQUIRE(i != moe::io::tensor_source::none);
            CHECK((source[i].format == moe::io::format::f8_e4m3) == t.coded);
            coded += t.coded;
            const bool last = has(t.theirs, "layers." + std::to_string(is.layers - 1) + ".");
            const bool router = has(t.theirs, ".gate.weight");
            if (last || router || t.shape.size() == 1 || has(t.theirs, "embed") ||
                has(t.theirs, "lm_head"))
                CHECK(!t.coded);
        }
        CHECK(coded > 10);
        CHECK(source.count() == hugging_face_tensors(is).size() + coded);
        // The numbers come back rounded: a second time nothing changes.
        test::weights once(is), twice(is);
        CHECK(import_model(at, once.list, is).is_bytes());
        CHECK(once.memory != one.model.memory);
        const std::string again = one.home / "again";
        export_model(again, once.list, is, bytes, moe::io::weight_form::e4m3);
        import_model(again, twice.list, is);
        CHECK(twice.memory == once.memory);
        const auto config = nlohmann::json::parse(moe::io::read_file(at + "/config.json"));
        CHECK(config["quantization_config"]["quant_method"] == "fp8");
        CHECK(config["quantization_config"]["weight_block_size"] == nlohmann::json({128, 128}));
    }
}
