// SPDX-License-Identifier: MIT
// The words of the program that make one model of another: grow, merge, remove, upcycle.
#pragma once

#include <moe/app/arguments.hpp>
#include <moe/app/console.hpp>
#include <moe/app/format.hpp>
#include <moe/app/progress.hpp>
#include <moe/app/terminal.hpp>
#include <moe/device/first_core.hpp>
#include <moe/train/grow.hpp>
#include <moe/train/upcycle.hpp>

#include <cstdio>
#include <string>

namespace moe {

// What became of each domain, for a terminal.
std::string growth_table(const growth_summary&, const terminal_style&);

template <class Recipe, class On> int grow_word(const command& c) {
    if constexpr (!growing<Recipe>) {
        throw usage_error(
            "grow: this recipe grows no other; in the recipe of the grown model write, e.g.: "
            "using grows = " +
            std::string(type_name<Recipe>()) + ";");
    } else {
        std::FILE* const to = c.growth.json ? stderr : stdout;
        catch_stop_signals();
        growth_summary summary;
        {
            console watcher(to, c.growth.steps, c.growth.log_every);
            const on_first_core stays;
            summary = grow<typename Recipe::grows, Recipe, On>(c.growth, watcher);
        }
        std::fputs((growth_table(summary, style_of(to)) + "\n" + c.growth.out + "\n").c_str(), to);
        if (c.growth.json) std::fputs(growth_json(summary).c_str(), stdout);
        return 0;
    }
}

// The folder that was written and its hash.
int tell_written(const command& c, const io::saved_checkpoint& saved);

template <class Recipe, class On> int upcycle_word(const command& c) {
    if constexpr (!upcycling<Recipe>)
        throw usage_error(
            "upcycle: this recipe begins as no dense one; write into it, e.g.: using upcycles = "
            "dense;");
    else
        return tell_written(
            c, upcycle<typename Recipe::upcycles, Recipe, On>(c.model, c.to, c.settings.seed));
}

// recipe: that of this program, which the result has.
int merge_word(const command& c, const io::key_values& recipe);
// recipe: that of this program, which the model has.
int remove_word(const command& c, const io::key_values& recipe);

}  // namespace moe
