// SPDX-License-Identifier: MIT
// The definitions of arguments.hpp, compiled once: the words and the flags of each.
#pragma once

#include <moe/app/arguments.hpp>
#include <moe/app/flag_list.part.hpp>
#include <moe/app/growth_flags.part.hpp>
#include <moe/core/config.hpp>
#include <moe/core/error.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace moe {

namespace detail {

struct word_entry {
    const char* name;
    command_word word;
    const char* help;
};
inline constexpr word_entry command_words[] = {
    {"describe", command_word::describe, "the recipe: parameters, FLOP a token, planned memory"},
    {"train", command_word::train,
     "trains on a folder of text; goes on with a run that was stopped"},
    {"score", command_word::score, "how well a model predicts a text: nats a token, bits a byte"},
    {"generate", command_word::generate, "goes on with a text"},
    {"export", command_word::export_model, "writes a model as a Hugging Face folder"},
    {"import", command_word::import_model, "reads a Hugging Face folder of this recipe's shapes"},
    {"grow", command_word::grow, "adds experts for a new domain to a model, without retraining it"},
    {"merge", command_word::merge, "puts domains together that were grown apart"},
    {"remove", command_word::remove, "takes a grown domain out of a model again"},
    {"upcycle", command_word::upcycle, "makes a mixture of a dense model, which computes the same"},
    {"report", command_word::report,
     "what a run reached, from its folder; writes report.html anew"},
    {"compare", command_word::compare,
     "runs side by side: what they reached, what it cost, curves"},
};

inline void add_machine_flags(flag_list& flags, settings& s) {
    flags.number("--threads", "N", "threads; results do not depend on it", s.threads, {0, 4096},
                 s.threads == 0 ? "0: one a core" : "");
}
inline void add_batch_flags(flag_list& flags, settings& s) {
    flags.number("--batch", "TOKENS", "tokens a step, a multiple of the context", s.batch, {1});
    flags.number(
        "--grains", "N",
        "parts of the batch that are summed in a fixed tree; runs that shall agree bit for "
        "bit name the same number",
        s.grains, {1, 1 << 20});
}

inline void add_train_flags(flag_list& flags, settings& s) {
    flags.text("--data", "DIR", "folder of text: DIR/<domain>/*.txt, or DIR/*.txt for one domain",
               s.data);
    flags.text("--out", "DIR", "run folder: checkpoints, metrics, report.html, summary.json",
               s.out);
    flags.required("--data"), flags.required("--out");
    flags.truth("--resume", "go on from the newest good checkpoint in --out", s.resume);
    flags.text("--init", "MODEL", "start from this model's weights, whatever its precision", s.init,
               "random weights");
    flags.text("--tokenizer", "FILE", "a sentencepiece model; 'train' learns one from the text",
               s.tokenizer, "bytes");
    flags.number("--steps", "N", "optimizer steps", s.steps, {1});
    add_batch_flags(flags, s);
    flags.number("--lr", "X", "peak learning rate", s.rate, {.lowest = 0, .open = true});
    const flag_list::named<decay_curve> curves[] = {
        {"constant", decay_curve::constant},
        {"cosine", decay_curve::cosine},
        {"warmup-stable-decay", decay_curve::warmup_stable_decay},
    };
    flags.choice("--schedule", "learning rate after the warm-up", s.curve, curves);
    flags.number("--warmup", "N", "steps until the peak rate", s.warmup, {0},
                 s.warmup < 0 ? "2 % of the steps, at least 10" : "");
    flags.number("--final-share", "X", "last learning rate, as a share of the peak", s.final_share,
                 {0, 1});
    flags.number("--decay-share", "X", "warmup-stable-decay: share of the steps that decay",
                 s.decay_share, {0, 1});
    flags.number("--seed", "N", "starting weights and order of the data", s.seed, {0});
    add_machine_flags(flags, s);
    flags.number("--ranks", "N",
                 "ranks that share the batch, as threads of this program; the recipe's mesh says "
                 "how many there must be (under mpirun: as processes)",
                 s.ranks, {0, 1 << 16}, s.ranks == 0 ? "the mesh" : "");
    flags.number("--checkpoint-every", "N", "steps between checkpoints; 0: only at the end",
                 s.checkpoint_every, {0});
    flags.number("--keep", "N", "checkpoints kept", s.keep, {1, 1 << 20});
    flags.number("--validate-every", "N", "steps between validations; 0: only at the end",
                 s.validate_every, {0});
    flags.number("--validation-windows", "N", "windows a domain at each validation; 0: all",
                 s.validation_windows, {0});
    flags.number("--log-every", "N", "steps between log lines", s.log_every, {1});
    flags.number("--watts", "X", "of this machine under load, where it has no energy counter",
                 s.watts, {0}, s.watts == 0 ? "10 a core" : "");
    flags.number("--price-per-hour", "X", "of this machine, for the money in the summary",
                 s.price_per_hour, {0});
    flags.truth("--json", "standard output holds only JSON; progress goes to standard error",
                s.json);
}

inline void add_flags(flag_list& flags, command& c) {
    settings& s = c.settings;
    const bool exchange =
        c.word == command_word::export_model || c.word == command_word::import_model;
    if (c.word == command_word::train) return add_train_flags(flags, s);
    if (c.word == command_word::grow || c.word == command_word::merge ||
        c.word == command_word::remove || c.word == command_word::upcycle)
        return add_growth_flags(flags, c);
    if (c.word == command_word::describe) {
        add_batch_flags(flags, s);
        add_machine_flags(flags, s);
        return flags.truth("--json", "standard output holds only JSON", s.json);
    }
    if (c.word == command_word::report || c.word == command_word::compare) {
        const bool one = c.word == command_word::report;
        flags.words(one ? "RUN" : "RUN RUN...", "run folders, of any recipe", c.runs);
        flags.text("--out", "FILE", "write the page here: one HTML file", c.to,
                   one ? "RUN/report.html" : "no page");
        return flags.truth("--json", "standard output holds only JSON", s.json);
    }
    flags.text("--model", c.word == command_word::import_model ? "HF_DIR" : "DIR",
               c.word == command_word::import_model
                   ? "Hugging Face folder: config.json, model.safetensors, tokenizer files"
                   : "model folder, or a run folder for its newest good checkpoint",
               c.model);
    flags.required("--model");
    if (exchange) {
        flags.text("--to", "DIR", "folder to write, new or empty", c.to);
        flags.required("--to");
        if (c.word == command_word::export_model)
            flags.truth("--fp8",
                        "write linear layers in e4m3 with scales of 128 x 128 blocks; what is "
                        "high under moe::fp8 stays as it is",
                        c.fp8);
    } else if (c.word == command_word::score) {
        flags.text("--text", "FILE",
                   "text to be predicted; a folder: DIR/<domain>/*.txt, or DIR/*.txt", c.text);
        flags.required("--text");
        flags.text("--logits", "FILE", "write the logits here: safetensors, FP32 (tokens, vocab)",
                   c.logits);
        flags.truth("--routing", "also which experts the tokens of each domain go to", c.routing);
    } else {
        flags.text("--prompt", "TEXT", "text to go on with", c.prompt);
        flags.required("--prompt");
        flags.number("--tokens", "N", "tokens to add", c.tokens, {1});
        flags.number("--temperature", "X", "0: the likeliest token each time; 1: as the model says",
                     c.temperature, {0});
        flags.number("--top-p", "X",
                     "draw from the likeliest tokens that together have this probability", c.top_p,
                     {.lowest = 0, .highest = 1, .open = true});
        flags.number("--seed", "N", "of the draws", s.seed, {0});
    }
    if (!exchange) add_machine_flags(flags, s);
    flags.truth("--json", "standard output holds only JSON", s.json);
}

inline std::string version_text(const std::string& program) {
    return program + " (moe " + std::to_string(MOE_VERSION_MAJOR) + "." +
           std::to_string(MOE_VERSION_MINOR) + "." + std::to_string(MOE_VERSION_PATCH) + ")\n";
}

inline std::string program_help(const std::string& program) {
    std::string text = program + " - a mixture-of-experts language model made with moe\n\n  " +
                       program + " WORD [flags]\n\nWords:\n";
    for (const word_entry& entry : command_words) {
        text += std::string("  ") + entry.name;
        text.append(12 - std::string_view(entry.name).size(), ' ');
        text += std::string(entry.help) + "\n";
    }
    return text +
           "\nFlags:\n  --help      this text; behind a word: its flags and their defaults\n" +
           "  --version   the version of moe\n\n" +
           "Exit code 0: done, 1: it failed, 2: the command line cannot be followed.\n";
}

}  // namespace detail

command parse_arguments(int argc, const char* const* argv, const command& defaults) {
    const std::string_view path = argc > 0 ? argv[0] : "moe";
    const std::string program(path.substr(path.rfind('/') + 1));
    std::vector<std::string> names;
    for (const detail::word_entry& entry : detail::command_words) names.push_back(entry.name);
    const auto all = [&] {
        std::string text;
        for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
        return text;
    };

    command result = defaults;
    if (argc < 2) throw usage_error("expected a word: " + all() + "; --help explains them");
    const std::string first = argv[1];
    if (first == "--help" || first == "-h")
        return result.print = detail::program_help(program), result;
    if (first == "--version") return result.print = detail::version_text(program), result;
    const auto entry =
        std::find_if(std::begin(detail::command_words), std::end(detail::command_words),
                     [&](const detail::word_entry& e) { return e.name == first; });
    if (entry == std::end(detail::command_words))
        throw usage_error(detail::one_line("'" + first + "': expected a word, one of " + all() +
                                           detail::nearest(first, names)));

    result.word = entry->word;
    detail::flag_list flags(program + " " + first + ": " + entry->help);
    detail::add_flags(flags, result);
    for (int i = 2; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--help" || word == "-h") {
            result.print = flags.help(program + " " + first);
            return result;
        }
    }
    flags.parse(argc - 2, argv + 2);
    return result;
}

}  // namespace moe
