// SPDX-License-Identifier: MIT
// metrics.jsonl: one JSON object a line, each beginning with "step".
#pragma once

#include <moe/io/file.hpp>
#include <moe/io/json.hpp>

namespace moe::io {

class metrics_writer {
public:
    // A new file; one that is there is emptied.
    explicit metrics_writer(const std::string& path);
    // Goes on behind the last line of 'step': later ones and a torn one are cut off.
    metrics_writer(const std::string& path, std::int64_t step);

    // json_writer().object().field("step", 12)...close(), written as a line at once.
    void write(const json_writer& line);

private:
    output_file file_;
};

}  // namespace moe::io
