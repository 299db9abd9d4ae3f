// SPDX-License-Identifier: MIT
// The definitions of scored_text.hpp, compiled once.
#pragma once

#include <moe/app/format.hpp>
#include <moe/app/routing_view.hpp>
#include <moe/app/scored_text.hpp>
#include <moe/io/json.hpp>

namespace moe {

namespace detail {

inline void write_score(io::json_writer& json, const scored_domain& of) {
    json.field("tokens", of.tokens)
        .field("nats_per_token", of.nats_per_token())
        .field("bits_per_byte", of.bits_per_byte());
}

}  // namespace detail

std::string score_json(const scored_text& s) {
    io::json_writer json(2);
    json.object();
    detail::write_score(json, s.total());
    if (s.folder) {
        json.key("domains").object();
        for (const scored_domain& one : s.domains) {
            json.key(one.domain).object();
            detail::write_score(json, one);
            json.close();
        }
        json.close();
    }
    if (s.with_routing) {
        json.key("routing");
        write_routing(json, s.routing);
    }
    return json.close().text() + "\n";
}

std::string score_words(const scored_text& s, const terminal_style& style) {
    const scored_domain all = s.total();
    std::string text = "tokens          " + std::to_string(all.tokens) + "\nnats per token  " +
                       io::number_text(all.nats_per_token()) + "\nbits per byte   " +
                       io::number_text(all.bits_per_byte()) + "\n";
    if (s.folder) {
        text_table table{{"domain", "tokens", "nats per token", "bits per byte"}, {}};
        for (const scored_domain& one : s.domains)
            table.rows.push_back({one.domain, grouped(one.tokens), fixed(one.nats_per_token(), 4),
                                  fixed(one.bits_per_byte(), 4)});
        text += "\n" + draw_table(table, style);
    }
    if (s.with_routing) text += "\n" + routing_text(s.routing, style);
    return text;
}

}  // namespace moe
