// SPDX-License-Identifier: MIT
// One run a folder. The kernel drops the lock when the process ends, however it ends, so a killed
// run leaves none behind; the file run.lock stays, and means nothing by itself.
#pragma once

#include <moe/io/file.hpp>

namespace moe::io {

class run_lock {
public:
    // Makes the folder where it is missing; refuses one that another process (or another run_lock)
    // holds, and names the holder. Then removes what killed processes left half-written in it.
    explicit run_lock(const std::string& run);

private:
    output_file file_;
};

}  // namespace moe::io
