// SPDX-License-Identifier: MIT
// The definitions of describe.hpp, compiled once.
#pragma once

#include <moe/app/describe.hpp>
#include <moe/app/format.hpp>
#include <moe/app/terminal.hpp>

namespace moe {

std::string describe_text(const description& d) {
    terminal_style plain;
    plain.width = 100;
    std::string text = d.recipe + "\n\n";
    text_table fields;
    for (const described_field& field : d.fields) fields.rows.push_back({field.key, field.value});
    text += draw_table(fields, plain) + "\n";

    text_table counts{.header = {"count", "", ""}, .rows = {}};
    const auto add = [&](const char* what, std::int64_t number) {
        counts.rows.push_back({what, grouped(number), short_count(double(number))});
    };
    add("parameters", d.parameters);
    add("active, with both vocabulary matrices", d.parameters_active);
    add("active, without the input embedding", d.parameters_active_without_input_embedding);
    add("active, without embeddings", d.parameters_active_without_embeddings);
    add("training FLOP a token", d.train_flop_per_token);
    add("key and value bytes a token", d.kv_bytes_per_token);
    text += draw_table(counts, plain) + "\n";

    const std::string batch = std::to_string(d.batch) + " tokens a step in " +
                              std::to_string(d.grains) + (d.grains == 1 ? " grain" : " grains");
    text_table bytes{.header = {"memory for " + batch, "bytes", ""}, .rows = {}};
    d.bytes.each([&](const char* role, std::size_t count) {
        bytes.rows.push_back({role, grouped(std::int64_t(count)), short_bytes(double(count))});
    });
    const auto total = d.bytes.total();
    bytes.rows.push_back({"total", grouped(std::int64_t(total)), short_bytes(double(total))});
    text += draw_table(bytes, plain) + "\n";
    return text + "instruction set: " + d.instruction_set + "\n";
}

std::string describe_json(const description& d) {
    io::json_writer json(2);
    json.object().field("name", d.recipe).key("recipe").object();
    for (const described_field& field : d.fields) {
        json.key(field.key);
        if (field.quoted)
            json.value(field.value);
        else
            json.raw(field.value);
    }
    json.close()
        .field("parameters", d.parameters)
        .field("parameters_active", d.parameters_active)
        .field("parameters_active_without_input_embedding",
               d.parameters_active_without_input_embedding)
        .field("parameters_active_without_embeddings", d.parameters_active_without_embeddings)
        .field("train_flop_per_token", d.train_flop_per_token)
        .field("kv_bytes_per_token", d.kv_bytes_per_token)
        .field("batch", d.batch)
        .field("grains", d.grains)
        .key("bytes")
        .object();
    d.bytes.each([&](const char* role, std::size_t count) { json.field(role, count); });
    json.field("total", d.bytes.total())
        .close()
        .field("instruction_set", d.instruction_set)
        .close();
    return json.text() + "\n";
}

}  // namespace moe
