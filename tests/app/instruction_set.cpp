// SPDX-License-Identifier: MIT
#include <moe/app/instruction_set.hpp>
#include <moe/device/cpu.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {
constexpr std::string_view sets[] = {moe::isa::generic::name, moe::isa::avx2_fma::name,
                                     moe::isa::avx512_fma::name, moe::isa::avx512_bf16::name};

bool has(std::string_view text, std::string_view piece) {
    return text.find(piece) != std::string_view::npos;
}
}  // namespace

TEST_CASE("instruction set: the machine's best is one of the library's") {
    bool known = false;
    for (const std::string_view set : sets) known |= set == moe::best_instruction_set();
    CHECK(known);
    // This program runs, so the machine has what it was built for.
    CHECK(moe::missing_instructions(moe::isa::native::name).empty());
}

TEST_CASE("instruction set: what every machine has is never missing, what is best never unused") {
    CHECK(moe::missing_instructions(moe::isa::generic::name).empty());
    CHECK(moe::missing_instructions(moe::best_instruction_set()).empty());
    CHECK(moe::unused_instructions(moe::best_instruction_set()).empty());
}

TEST_CASE("instruction set: a set is missing, or the best, or a better one is named") {
    for (const std::string_view set : sets) {
        CAPTURE(set);
        const std::string missing = moe::missing_instructions(set);
        const std::string unused = moe::unused_instructions(set);
        CHECK(int(!missing.empty()) + int(!unused.empty()) ==
              (set == moe::best_instruction_set() ? 0 : 1));
        for (const std::string& line : {missing, unused}) {
            if (line.empty()) continue;
            CHECK(has(line, set));
            CHECK(has(line, moe::best_instruction_set()));
            CHECK(has(line, "MOE_ARCH"));
            CHECK_FALSE(has(line, "\n"));
        }
    }
}
