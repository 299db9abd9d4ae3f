// SPDX-License-Identifier: MIT
// Definitions of io/hugging_face_config.hpp.
#pragma once

#include <moe/core/error.hpp>
#include <moe/io/hugging_face_config.hpp>
#include <moe/io/hugging_face_fields.part.hpp>
#include <moe/io/json.hpp>
#include <moe/io/strict_json.part.hpp>

#include <cmath>

namespace moe::detail {

// What a comparison needs of the file.
class config_reader {
public:
    config_reader(std::string_view text, const std::string& file, const io::model_shape& is,
                  io::hugging_face_class of)
        : config_(io::strict_json(text, file)), file_(file), is_(is), of_(of) {
        if (!config_.is_object()) throw error(file_ + ": expected a JSON object");
    }

    void compare() const {
        compare({"model_type", std::string(model_type_of(of_)), nullptr, "attention and routing"},
                config_, "");
        for (const config_field& field : fields_of(is_, of_))
            if (field.compared) compare(field, config_, "");
        if (of_ == io::hugging_face_class::qwen3_moe) compare_dense_layers();
        compare_quantisation();
        compare_positions();
        compare_rotation();
        const json* kinds = at(config_, "layer_types");
        if (kinds && kinds->is_array())
            for (const json& kind : *kinds)
                if (kind != "full_attention")
                    wrong("layer_types", "holds " + kind.dump(), "", "\"full_attention\"");
    }

private:
    // Null counts as absent.
    static const json* at(const json& object, const std::string& key) {
        const auto found = object.find(key);
        return found == object.end() || found->is_null() ? nullptr : &*found;
    }
    static double number(const json& object, const char* key, double otherwise) {
        const json* found = at(object, key);
        return found && found->is_number() ? found->get<double>() : otherwise;
    }

    [[noreturn]] void wrong(const std::string& key, const std::string& what,
                            const std::string& source, const std::string& wanted) const {
        const std::string expected = source.empty()
                                         ? ", expected " + wanted
                                         : ", but the recipe's " + source + " makes it " + wanted;
        throw error(file_ + ": " + key + " " + what + expected);
    }

    void compare(const config_field& field, const json& object, const std::string& inside) const {
        const auto first = object.find(field.key);
        const auto second = object.find(field.also);
        const bool one = first != object.end(), other = second != object.end();
        if (one && other && !same_value(*first, *second))
            throw error(file_ + ": " + inside + field.key + " is " + first->dump() + " and " +
                        field.also + " is " + second->dump() + ", expected the same");
        const json& found = one ? *first : other ? *second : field.missing;
        const json& meant = found.is_null() && !field.null.is_null() ? field.null : found;
        if (same_value(meant, field.wanted)) return;
        std::string what = "is " + found.dump();
        if (!one && !other)
            what = field.missing.is_null() ? "is missing"
                                           : "is missing, which stands for " + field.missing.dump();
        const std::string key = !one && other ? field.also : field.key;
        wrong(inside + key, what, field.source, field.wanted.dump());
    }

    // A layer is dense when it is listed, or when decoder_sparse_step leaves it out.
    void compare_dense_layers() const {
        const json* listed = at(config_, "mlp_only_layers");
        const double step = number(config_, "decoder_sparse_step", 1);
        const std::vector<int> wanted = dense_layers_of(is_);
        std::vector<int> found;
        for (int layer = 0; layer < is_.layers; ++layer) {
            const bool in_list =
                listed && std::any_of(listed->begin(), listed->end(),
                                      [&](const json& entry) { return entry == layer; });
            if (in_list || std::fmod(layer + 1, step) != 0) found.push_back(layer);
        }
        if (found == wanted) return;
        const bool by_step = step != 1;
        const char* key = by_step ? "decoder_sparse_step" : "mlp_only_layers";
        const json shown = by_step ? json(step) : listed ? *listed : json::array();
        wrong(key, "is " + shown.dump() + ", so that layers " + json(found).dump() + " are dense",
              "ffn.dense_layers", json(wanted).dump());
    }

    // Which matrices are codes, the file itself says.
    void compare_quantisation() const {
        const json* found = at(config_, "quantization_config");
        if (!found) return;
        const bool known = found->is_object() && found->value("quant_method", json()) == "fp8" &&
                           found->value("weight_block_size", json()) == json({128, 128});
        if (!known)
            wrong("quantization_config", "is " + found->dump(), "",
                  "none, or \"quant_method\": \"fp8\" with \"weight_block_size\": [128, 128]");
    }

    void compare_positions() const {
        constexpr int usual[] = {4096, 32768, 131072};
        const double positions = number(config_, "max_position_embeddings", usual[int(of_)]);
        if (positions < is_.context)
            throw error(file_ + ": max_position_embeddings is " + json(positions).dump() +
                        ", expected at least the recipe's model.context, " +
                        std::to_string(is_.context));
    }

    // transformers 4: rope_theta and rope_scaling {type, factor, ...}. 5: rope_parameters
    // {rope_type, rope_theta, factor, ...}. Of both, transformers takes rope_scaling.
    void compare_rotation() const {
        static const json none = json::object();
        const json* scaling = at(config_, "rope_scaling");
        if (scaling && scaling->empty()) scaling = nullptr;
        const json* parameters = at(config_, "rope_parameters");
        const json& inside = scaling ? *scaling : parameters ? *parameters : none;
        const std::string where = scaling ? "rope_scaling." : "rope_parameters.";
        if (!inside.is_object())
            throw error(file_ + ": " + where.substr(0, where.size() - 1) + " is " + inside.dump() +
                        ", expected an object");

        const double usual_base = of_ == io::hugging_face_class::mixtral ? 1e6 : 1e4;
        const bool base_inside = at(inside, "rope_theta") != nullptr;
        compare({"rope_theta", is_.rope_base, usual_base, "model.rope_base", "", usual_base},
                base_inside ? inside : config_, base_inside ? where : "");
        for (const json* object : {&config_, &inside})
            compare({"partial_rotary_factor", 1, 1, "", "", 1}, *object,
                    object == &config_ ? "" : where);

        const yarn& wanted = is_.rope_scaling;
        const bool scaled = wanted.factor > 1;
        const char* type_key = at(inside, "rope_type") ? "rope_type" : "type";
        const json* named = at(inside, type_key);
        const json type = named ? *named : json("default");
        const char* wanted_type = scaled ? "yarn" : "default";
        if (type != wanted_type)
            wrong(where + (named ? type_key : "rope_type"), "is " + type.dump(),
                  "model.rope_scaling", json(wanted_type).dump());
        if (scaled) compare_yarn(inside, where);
    }

    void compare_yarn(const json& inside, const std::string& where) const {
        const yarn& wanted = is_.rope_scaling;
        constexpr int usual[] = {4096, 32768, 131072};
        const double positions = number(config_, "max_position_embeddings", usual[int(of_)]);
        const double outside = number(config_, "original_max_position_embeddings", positions);
        const bool outer = at(config_, "original_max_position_embeddings") != nullptr;
        const double original =
            outer ? outside : number(inside, "original_max_position_embeddings", outside);
        const std::string source = "model.rope_scaling.";
        const double factor = original > 0 ? positions / original : 0;
        for (const config_field& field : std::initializer_list<config_field>{
                 {"original_max_position_embeddings", wanted.original_length, outside,
                  source + "original_length", "", outside},
                 {"factor", wanted.factor, factor, source + "factor", "", factor},
                 {"beta_fast", wanted.beta_fast, 32, source + "beta_fast", "", 32},
                 {"beta_slow", wanted.beta_slow, 1, source + "beta_slow", "", 1},
                 {"mscale", wanted.mscale, 0, source + "mscale", "", 0},
                 {"mscale_all_dim", wanted.mscale_all_dim, 0, source + "mscale_all_dim", "", 0},
                 {"truncate", true, true, ""}})
            compare(field, outer && field.source == source + "original_length" ? config_ : inside,
                    where);
        if (const json* factor_of_table = at(inside, "attention_factor")) {
            const double is = number(inside, "attention_factor", 0);
            if (std::fabs(is - wanted.table_factor()) > 1e-6 * wanted.table_factor())
                wrong(where + "attention_factor", "is " + factor_of_table->dump(),
                      "model.rope_scaling", io::number_text(wanted.table_factor()));
        }
    }

    json config_;
    std::string file_;
    const io::model_shape& is_;
    io::hugging_face_class of_;
};

}  // namespace moe::detail

namespace moe::io {

std::string hugging_face_config(const model_shape& is, std::string_view dtype, weight_form form) {
    const hugging_face_class of = hugging_face_class_of(is);
    json_writer out(2);
    out.object();
    out.key("architectures").array().value(architecture_of(of)).close();
    out.field("model_type", model_type_of(of)).field("torch_dtype", dtype);
    for (const moe::detail::config_field& field : moe::detail::fields_of(is, of))
        if (field.written) out.key(field.key).raw(field.wanted.dump());
    if (of == hugging_face_class::qwen3_moe) {
        out.key("mlp_only_layers").array();
        for (const int layer : moe::detail::dense_layers_of(is)) out.value(layer);
        out.close().field("decoder_sparse_step", 1);
    }
    if (form == weight_form::e4m3) {
        out.key("quantization_config").object();
        out.field("quant_method", "fp8").field("fmt", "e4m3").field("activation_scheme", "dynamic");
        out.key("weight_block_size").array().value(128).value(128).close();
        out.key("modules_to_not_convert").array();
        for (const std::string& module : modules_not_coded(is)) out.value(module);
        out.close().close();
    }
    out.field("max_position_embeddings", moe::detail::positions_of(is));
    out.field("rope_theta", is.rope_base).key("rope_scaling");
    const yarn& scaling = is.rope_scaling;
    if (scaling.factor <= 1) {
        out.null();
    } else {
        out.object().field("type", "yarn").field("rope_type", "yarn");
        out.field("factor", scaling.factor).field("beta_fast", scaling.beta_fast);
        out.field("beta_slow", scaling.beta_slow);
        out.field("original_max_position_embeddings", scaling.original_length);
        if (scaling.mscale != 0) out.field("mscale", scaling.mscale);
        if (scaling.mscale_all_dim != 0) out.field("mscale_all_dim", scaling.mscale_all_dim);
        out.close();
    }
    if (of == hugging_face_class::deepseek_v3) out.field("num_nextn_predict_layers", 0);
    out.field("initializer_range", is.initial_deviation).field("attention_dropout", 0.0);
    out.field("output_router_logits", false).field("use_cache", true);
    for (const char* token : {"bos_token_id", "eos_token_id", "pad_token_id"})
        out.key(token).null();
    return out.close().text() + "\n";
}

void require_hugging_face_config(std::string_view text, const std::string& file,
                                 const model_shape& is) {
    moe::detail::config_reader(text, file, is, hugging_face_class_of(is)).compare();
}

}  // namespace moe::io
