// SPDX-License-Identifier: MIT
// Bad input: one line that names the file or field and says what was expected.
#pragma once

#include <stdexcept>
#include <string>

namespace moe {

struct error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A word, flag or value on a command line that nobody can follow: exit code 2 instead of 1.
struct usage_error : error {
    using error::error;
};

}  // namespace moe
