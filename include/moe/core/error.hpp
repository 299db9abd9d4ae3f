// SPDX-License-Identifier: MIT
// Bad input: one line that names the file or field and says what was expected. Standard types, so
// that the library adds no table of virtual functions to a program.
#pragma once

#include <stdexcept>
#include <string>

namespace moe {

// A file or a value that cannot be used: a program ends with exit code 1.
using error = std::runtime_error;

// A word, flag or value on a command line that nobody can follow: exit code 2.
using usage_error = std::invalid_argument;

}  // namespace moe
