// SPDX-License-Identifier: MIT
// The flags of the words grow, merge, remove and upcycle; a helper of arguments.part.hpp.
#pragma once

#include <moe/app/arguments.hpp>
#include <moe/app/flag_list.part.hpp>

namespace moe::detail {

inline void add_grow_flags(flag_list& flags, grow_settings& s) {
    flags.text("--model", "DIR", "model or run folder of the recipe that this one grows", s.model);
    flags.text("--data", "DIR", "folder of the new domain: DIR/*.txt, named after the folder",
               s.data);
    flags.text("--replay", "DIR", "text of the old domains, DIR/<domain>/*.txt", s.replay);
    flags.text("--out", "DIR", "folder to write, new or empty: the model, growth.json", s.out);
    for (const char* name : {"--model", "--data", "--replay", "--out"}) flags.required(name);
    flags.number("--steps", "N", "optimizer steps; 0: the new experts are placed, and no more",
                 s.steps, {0});
    flags.number("--batch", "TOKENS", "tokens a step, a multiple of the context", s.batch, {0},
                 s.batch == 0 ? "16 x the context" : "");
    flags.number("--lr", "X", "peak learning rate", s.rate, {.lowest = 0, .open = true});
    flags.number("--final-share", "X", "last learning rate, as a share of the peak", s.final_share,
                 {0, 1});
    flags.number("--warmup", "N", "steps until the peak rate", s.warmup, {0});
    flags.number("--replay-weight", "X", "of old text, beside new text: 1 gains more, 4 harms less",
                 s.replay_weight, {0});
    flags.number("--leak", "X", "share of each old domain's tokens that new experts may take",
                 s.leak, {0, 1});
    flags.number("--seed", "N", "of the new experts' noise and the order of the data", s.seed, {0});
    flags.number("--threads", "N", "threads; results do not depend on it", s.threads, {0, 4096},
                 s.threads == 0 ? "0: one a core" : "");
    flags.number("--validation-windows", "N", "windows a domain, before and behind; 0: all",
                 s.validation_windows, {0});
    flags.number("--log-every", "N", "steps between log lines", s.log_every, {1});
    flags.number("--watts", "X", "of this machine under load, where it has no energy counter",
                 s.watts, {0}, s.watts == 0 ? "10 a core" : "");
    flags.truth("--json", "standard output holds only JSON; progress goes to standard error",
                s.json);
}

inline void add_growth_flags(flag_list& flags, command& c) {
    if (c.word == command_word::grow) return add_grow_flags(flags, c.growth);
    if (c.word == command_word::merge) {
        flags.texts("--model", "DIR", "a model that has grown; once for each", c.models);
    } else if (c.word == command_word::upcycle) {
        flags.text("--model", "DIR", "model or run folder of the dense recipe", c.model);
        flags.number("--seed", "N", "of the router's starting weights", c.settings.seed, {0});
    } else {
        flags.text("--model", "DIR", "model folder of this recipe", c.model);
        flags.text("--domain", "NAME", "the domain to take out", c.domain);
        flags.required("--domain");
    }
    flags.required("--model");
    flags.text("--to", "DIR", "folder to write, new or empty", c.to);
    flags.required("--to");
    flags.truth("--json", "standard output holds only JSON", c.settings.json);
}

}  // namespace moe::detail
