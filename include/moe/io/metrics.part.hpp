// SPDX-License-Identifier: MIT
// Definitions of io/metrics.hpp.
#pragma once

#include <moe/core/check.hpp>
#include <moe/io/metrics.hpp>

#include <algorithm>

namespace moe::detail {

// The step of a whole line {"step":12,...}; -1 when it is none of ours.
inline std::int64_t step_of_line(std::string_view line) {
    constexpr std::string_view start = "{\"step\":";
    if (!line.starts_with(start) || !line.ends_with('}')) return -1;
    std::int64_t step = 0;
    std::size_t at = start.size();
    for (; at < line.size() && line[at] >= '0' && line[at] <= '9' && at < start.size() + 18; ++at)
        step = step * 10 + (line[at] - '0');
    return at > start.size() && (line[at] == ',' || line[at] == '}') ? step : -1;
}

// How many bytes of the text are lines up to a step.
inline std::uint64_t bytes_up_to(std::string_view text, std::int64_t step) {
    std::size_t at = 0;
    for (;;) {
        const std::size_t end = text.find('\n', at);
        if (end == std::string_view::npos) return at;
        const std::int64_t found = step_of_line(text.substr(at, end - at));
        if (found < 0 || found > step) return at;
        at = end + 1;
    }
}

}  // namespace moe::detail

namespace moe::io {

metrics_writer::metrics_writer(const std::string& path) : file_(path, open_for::appending) {
    file_.truncate(0);
}

metrics_writer::metrics_writer(const std::string& path, std::int64_t step)
    : file_(path, open_for::appending) {
    const std::string text = read_file(path);
    const std::uint64_t kept = moe::detail::bytes_up_to(text, step);
    if (kept < text.size()) file_.truncate(kept);
}

void metrics_writer::write(const json_writer& line) {
    MOE_CHECK(moe::detail::step_of_line(line.text()), >=, 0);
    file_.write(line.text() + '\n');
}

}  // namespace moe::io
