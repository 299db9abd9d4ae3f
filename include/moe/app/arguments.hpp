// SPDX-License-Identifier: MIT
// The command line of a recipe's program: NAME WORD [flags]. What cannot be followed is a
// moe::usage_error, one line that names the flag and what was expected; the program prints it and
// ends with exit code 2.
//
//   const moe::command command = moe::parse_arguments(argc, argv);
//   if (!command.print.empty()) return std::fputs(command.print.c_str(), stdout), 0;
//   switch (command.word) { case moe::command_word::train: ...
#pragma once

#include <moe/train/settings.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace moe {

enum class command_word : std::uint8_t {
    none,  // --help or --version of the program
    describe,
    train,
    score,
    generate,
    export_model,
    import_model,
    grow,
    merge,
    remove,
    upcycle,
    report,
    compare,
};

struct command {
    command_word word = command_word::none;
    std::string print;  // what --help or --version has to say; nothing else is to be done then

    moe::settings settings;     // train; of the other words threads, grains, batch, seed and json
    moe::grow_settings growth;  // grow
    std::vector<std::string> models;  // merge
    std::string domain;               // remove
    std::string model;                // score, generate, export, import: the folder that is read
    std::string to;                 // export, import: the folder that is written; report: the page
    bool fp8 = false;               // export: linear layers as codes of e4m3
    std::vector<std::string> runs;  // report: one; compare: at least two
    std::string text;               // score: the file or folder
    std::string logits;             // score: where they go, if not empty
    bool routing = false;           // score: also where the tokens go
    std::string prompt;             // generate
    std::int64_t tokens = 200;      // generate: how many
    double temperature = 0.8;       // generate; 0: the likeliest token each time
    double top_p = 0.95;  // generate: from the likeliest tokens that have this probability
};

// The defaults are what --help shows and what a flag that is not given leaves.
command parse_arguments(int argc, const char* const* argv, const command& defaults = {});

}  // namespace moe
