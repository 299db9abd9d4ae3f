// SPDX-License-Identifier: MIT
// The instruction set that a program was built for, against what the machine at hand offers.
#pragma once

#include <string>
#include <string_view>

namespace moe {

// The best of the library's instruction sets that this machine runs.
std::string_view best_instruction_set();

// Empty, or the one line to stop with: this machine lacks what the program was built for.
std::string missing_instructions(std::string_view built_for);
// Empty, or a hint: the machine offers more than the program was built for.
std::string unused_instructions(std::string_view built_for);

}  // namespace moe
