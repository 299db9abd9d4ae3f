// SPDX-License-Identifier: MIT
// The program that a recipe becomes: NAME describe | train | score | generate | export | import |
// grow | merge | remove | upcycle.
// Exit code 0 on success, 2 for a usage error, 1 for a failure.
#pragma once

#include <moe/app/arguments.hpp>
#include <moe/app/compare.hpp>
#include <moe/app/console.hpp>
#include <moe/app/describe.hpp>
#include <moe/app/growth_words.hpp>
#include <moe/app/instruction_set.hpp>
#include <moe/app/ranks.hpp>
#include <moe/app/read_run.hpp>
#include <moe/app/run_report.hpp>
#include <moe/app/score_text.hpp>
#include <moe/device/first_core.hpp>
#include <moe/io/hugging_face.hpp>
#include <moe/io/masters.hpp>
#include <moe/model/generate.hpp>
#include <moe/train/load_model.hpp>
#include <moe/train/training_run.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace moe {

template <class Recipe, class On = device_on<Recipe>> class program_of {
public:
    static int run(const command& c) {
        switch (c.word) {
            case command_word::describe:
                return describe_word(c);
            case command_word::train:
                return train(c);
            case command_word::score:
                return score_word(c);
            case command_word::generate:
                return generate_text(c);
            case command_word::export_model:
                return export_word(c);
            case command_word::import_model:
                return import_word(c);
            case command_word::grow:
                return grow_word<Recipe, On>(c);
            case command_word::merge:
                return merge_word(c, recipe_text<Recipe>());
            case command_word::remove:
                return remove_word(c, recipe_text<Recipe>());
            case command_word::upcycle:
                return upcycle_word<Recipe, On>(c);
            case command_word::report:
                return report_word(c);
            case command_word::compare:
                return compare_word(c);
            case command_word::none:
                break;
        }
        return 0;
    }

private:
    static int describe_word(const command& c) {
        const description d = describe<Recipe, On>(c.settings);
        print_out(c.settings.json ? describe_json(d) : describe_text(d));
        warn(unused_instructions(d.instruction_set));
        return 0;
    }

    static int train(const command& c) {
        if constexpr (growing<Recipe>)
            throw usage_error("train: this recipe grows another; 'grow' trains what it adds");
        else
            return train_all(c);
    }
    static int train_all(const command& c) {
        return with_ranks<Recipe>(std::string(type_name<Recipe>()), c.settings,
                                  [](const settings& s, auto ranks) {
                                      catch_stop_signals();
                                      if (ranks.rank() == 0) return train(s, std::move(ranks));
                                      follow<Recipe, On>(s, std::move(ranks));
                                      return 0;
                                  });
    }
    // Ranks that share a process share its cores, too.
    template <class Run> static run_summary fit(Run& run, console& watcher) {
        if constexpr (ranks_of(of<Recipe>.parallel) == 1) {
            const on_first_core stays;
            return run.fit(watcher);
        } else {
            return run.fit(watcher);
        }
    }
    template <class Ranks> static int train(const settings& s, Ranks ranks) {
        std::FILE* const to = progress_stream(s.json);
        console watcher(to, s.steps, s.log_every);
        if constexpr (requires { On::instructions::name; }) {
            watcher.note(std::string(type_name<Recipe>()) + ": " + On::instructions::name);
            if (const std::string hint = unused_instructions(On::instructions::name); !hint.empty())
                watcher.note(hint);
        }
        training_run<Recipe, On, Ranks> run(s, watcher, std::move(ranks));
        const run_summary summary = fit(run, watcher);
        watcher.done();
        if (run.finished() && !run.history().validations.empty()) {
            const report_data report = report_of(run, summary);
            write_report(run.folder(), report);
            std::fputs((terminal_report(report, style_of(to)) + "\n" +
                        io::join(run.folder(), "report.html") + "\n")
                           .c_str(),
                       to);
        }
        if (s.json) print_out(summary_json(summary) + "\n");
        if (!run.finished())
            std::fprintf(to, "stopped at step %lld of %lld; --resume continues\n",
                         static_cast<long long>(summary.steps), static_cast<long long>(s.steps));
        return 0;
    }

    static int score_word(const command& c) {
        auto model = load<Recipe>(c);
        const scored_text scored = score_text(model, c.text, c.logits, c.routing);
        print_out(c.settings.json ? score_json(scored) : score_words(scored, style_of(stdout)));
        return 0;
    }

    static int generate_text(const command& c) {
        auto model = load<Recipe>(c);
        const std::vector<int> prompt = model.words.encode(c.prompt);
        if (prompt.empty()) throw usage_error("--prompt: expected at least one token of text");
        std::string made;
        const sampling how{.temperature = c.temperature, .top_p = c.top_p, .seed = c.settings.seed};
        if (!c.settings.json) print_out(c.prompt);
        generate(*model.network, prompt, c.tokens, how, [&](int token) {
            const std::string more = model.words.text_of(token);
            made += more;
            if (!c.settings.json) {
                print_out(more);
                std::fflush(stdout);
            }
            return true;
        });
        if (c.settings.json) {
            io::json_writer json(2);
            json.object()
                .field("prompt", c.prompt)
                .field("text", made)
                .field("tokens", c.tokens)
                .close();
            print_out(json.text());
        }
        print_out("\n");
        return 0;
    }

    static int export_word(const command& c) {
        auto model = load<Recipe>(c);
        const io::whole_masters weights(tensors_of(*model.network));
        io::export_model(c.to, weights.list(), io::shape_of<Recipe>(), model.words,
                         c.fp8 ? io::weight_form::e4m3 : io::weight_form::as_held);
        return told(c, model.folder, c.to);
    }

    static int import_word(const command& c) {
        network<Recipe, On> network({1, of<Recipe>.model.context},
                                    {.threads = c.settings.threads, .trains = false});
        const io::tensor_list tensors = tensors_of(network);
        const io::whole_masters weights(tensors);
        const io::tokenizer words =
            io::import_model(c.model, weights.list(), io::shape_of<Recipe>());
        weights.store();
        io::snapshot what;
        what.recipe = recipe_text<Recipe>();
        what.settings = {{"imported from", c.model}};
        what.model = tensors;
        if (!words.is_bytes()) what.attachments.push_back({"tokenizer.model", words.model()});
        io::save_model(c.to, what);
        return told(c, c.model, c.to);
    }

    static int report_word(const command& c) {
        if (c.runs.size() != 1)
            throw usage_error("report: expected one run folder, found " +
                              std::to_string(c.runs.size()));
        const report_data report = read_run(c.runs[0]);
        const std::string page = c.to.empty() ? io::join(c.runs[0], "report.html") : c.to;
        io::write_file(page, report_html(report));
        print_out(c.settings.json ? summary_json(report.summary) + "\n"
                                  : terminal_report(report, style_of(stdout)) + "\n" + page + "\n");
        return 0;
    }

    static int compare_word(const command& c) {
        const auto runs = read_runs(c.runs);
        if (!c.to.empty()) io::write_file(c.to, compared_html(runs));
        print_out(c.settings.json ? compared_json(runs)
                                  : compared_text(runs, style_of(stdout)) +
                                        (c.to.empty() ? "" : "\n" + c.to + "\n"));
        return 0;
    }

    template <class R> static loaded_model<R, On> load(const command& c) {
        auto model = load_model<R, On>(c.model, c.settings.threads);
        for (const std::string& warning : model.warnings) warn(warning);
        return model;
    }
    static int told(const command& c, const std::string& from, const std::string& to) {
        if (c.settings.json) {
            io::json_writer json(2);
            print_out(json.object().field("from", from).field("to", to).close().text() + "\n");
        } else {
            print_out(from + " -> " + to + "\n");
        }
        return 0;
    }
    static void print_out(const std::string& text) {
        std::fwrite(text.data(), 1, text.size(), stdout);
    }
    static void warn(const std::string& text) {
        if (!text.empty()) std::fprintf(stderr, "%s\n", text.c_str());
    }
};

// The whole program. 'words' are those of main.
template <class Recipe> int program(int count, char** words) {
    using on = device_on<Recipe>;
    const std::string name = std::string(type_name<Recipe>());
    if constexpr (requires { on::instructions::name; })
        if (const std::string stop = missing_instructions(on::instructions::name); !stop.empty())
            return std::fprintf(stderr, "%s: %s\n", name.c_str(), stop.c_str()), 1;
    try {
        constexpr int context = of<Recipe>.model.context;
        command defaults;
        defaults.settings.batch = std::max(1, 4096 / context) * context;
        defaults.settings.grains = ranks_of(of<Recipe>.parallel);
        const command c = parse_arguments(count, words, defaults);
        int code = 0;
        if (c.print.empty())
            code = program_of<Recipe>::run(c);
        else
            std::fputs(c.print.c_str(), stdout);
        // What was printed arrived, or the program failed.
        errno = 0;
        if (std::fflush(stdout) != 0 || std::ferror(stdout))
            throw error(std::string("standard output: cannot write: ") +
                        std::strerror(errno != 0 ? errno : EIO));
        return code;
    } catch (...) {
        return tell_problem(name);
    }
}

}  // namespace moe
