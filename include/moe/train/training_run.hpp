// SPDX-License-Identifier: MIT
// A training run in a folder: steps, log lines, validation, checkpoints, resuming, summary.
//
//   OUT/checkpoints/   OUT/metrics.jsonl   OUT/tensorboard/   OUT/summary.json
//
// Whoever watches it is a template argument, with these functions:
//   note(text)                           a line worth reading
//   stepped(step_report, tokens_per_second, peak_share)   after every step; must not allocate
//   validated(validation_report)
//   stop()                               true: save and leave after this step
#pragma once

#include <moe/core/math.hpp>
#include <moe/core/type_name.hpp>
#include <moe/device/peak.hpp>
#include <moe/io/checkpoint.hpp>
#include <moe/io/run_lock.hpp>
#include <moe/recipe/count.hpp>
#include <moe/train/energy.hpp>
#include <moe/train/evaluate.hpp>
#include <moe/train/follow.hpp>
#include <moe/train/history.hpp>
#include <moe/train/run_log.hpp>
#include <moe/train/summary.hpp>
#include <moe/train/tensors.hpp>
#include <moe/train/trainer.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>

namespace moe {

struct quiet {
    void note(const std::string&) {}
    void stepped(const step_report&, double, double) {}
    void validated(const validation_report&) {}
    bool stop() const { return false; }
};

// Of several ranks this is rank 0's; the others follow (train/follow.hpp).
template <class Recipe, class On = device_on<Recipe>, communicates Ranks = alone>
class training_run {
public:
    using trainer_type = moe::trainer<Recipe, On, Ranks>;

    // Takes the folder, builds the trainer, and fills it from --init or, with --resume, from the
    // newest good checkpoint.
    template <class Observer>
    training_run(const settings& s, Observer& observer, Ranks ranks = Ranks())
        : settings_(require_folders(s)),
          lock_(s.out),
          found_(look_for_checkpoint(observer)),
          trainer_(make_trainer(std::move(ranks))),
          model_(tensors_of(trainer_.network())) {
        // Enough for any run of these days; a longer one allocates now and then.
        const std::int64_t steps = std::min<std::int64_t>(s.steps, 10'000'000);
        history_.reserve(std::size_t(steps),
                         std::size_t(steps / std::max<std::int64_t>(s.log_every, 1) + 2));
        if (!found_.folder.empty())
            continue_from_checkpoint();
        else if (!s.init.empty())
            start_from_model(observer);
        share_state(trainer_);
        log_.emplace(settings_.out, trainer_.steps_done());
    }

    trainer_type& trainer() { return trainer_; }
    const run_history& history() const { return history_; }
    const std::string& folder() const { return settings_.out; }
    // The plan of all arenas.
    byte_plan planned() const {
        byte_plan bytes = trainer_.network().bytes();
        bytes.moments = optimizer<Recipe, On>::planned_bytes(trainer_.optimizer().share());
        return bytes;
    }
    // Whether all steps are done.
    bool finished() const { return trainer_.steps_done() >= settings_.steps; }

    // Until all steps are done or the observer stops it; the last state is saved either way.
    template <class Observer> run_summary fit(Observer& observer) {
        const auto begin = clock::now();
        const bool was_finished = finished() && trainer_.steps_done() > 0;
        // A run that was done already only tells again what it was.
        const std::string summary_path = io::join(settings_.out, "summary.json");
        if (was_finished && io::status_of(summary_path).exists) {
            const run_summary again = read_summary(summary_path);
            // That of an earlier stop does not count: the run was killed between its last
            // checkpoint and its summary.
            if (again.steps == trainer_.steps_done()) {
                follow_lead(trainer_.ranks(), lead::stop);
                write_summary(summary_path, again);
                observer.note(settings_.out +
                              ": this run is finished; summary.json is written again");
                return again;
            }
        }
        energy_meter meter({.watts = settings_.watts,
                            .cores = trainer_.network().threads() * trainer_.ranks().size(),
                            .earlier_joules = earlier_joules_});
        const double peak = peak_now();
        std::int64_t saved = trainer_.steps_done();
        while (!finished() && !observer.stop()) {
            follow_lead(trainer_.ranks(), lead::step);
            const step_report report = trainer_.step();
            history_.losses.push_back(report.loss);
            history_.seconds.push_back(report.seconds);
            const double speed = double(report.tokens) / report.seconds;
            observer.stepped(report, speed, share_of(speed, peak));
            if (is_due(settings_.log_every)) {
                meter.sample();
                log(report, speed, share_of(speed, peak));
            }
            if (is_due(settings_.validate_every)) observer.validated(validate());
            if (is_due(settings_.checkpoint_every)) {
                save(observer, earlier_seconds_ + since(begin), meter);
                saved = trainer_.steps_done();
            }
        }
        if (finished() && (history_.validations.empty() ||
                           history_.validations.back().step != trainer_.steps_done()))
            observer.validated(validate());
        if (saved != trainer_.steps_done() || found_.folder.empty())
            save(observer, earlier_seconds_ + since(begin), meter);
        const run_summary summary =
            summarise(earlier_seconds_ + since(begin), meter, (peak + peak_now()) / 2);
        follow_lead(trainer_.ranks(), lead::stop);
        write_summary(summary_path, summary);
        return summary;
    }

private:
    using clock = std::chrono::steady_clock;
    static double since(clock::time_point begin) {
        return std::chrono::duration<double>(clock::now() - begin).count();
    }
    bool is_due(std::int64_t every) const {
        return every > 0 && trainer_.steps_done() % every == 0;
    }

    static const settings& require_folders(const settings& s) {
        if (s.data.empty()) throw usage_error("--data: expected a folder of text files");
        if (s.out.empty()) throw usage_error("--out: expected a folder for the run");
        return s;
    }

    // A tokenizer that is to be learnt is learnt once, and stays with the run. Without a checkpoint
    // there is no run yet: what lies there may have been learnt from another text.
    void learn_tokenizer() {
        settings_.tokenizer = learnt_tokenizer(settings_);
        if (found_.folder.empty() || !io::status_of(settings_.tokenizer).exists)
            io::write_file(settings_.tokenizer,
                           io::train_tokenizer(settings_.data, of<Recipe>.model.vocab).model());
    }
    trainer_type make_trainer(Ranks ranks) {
        if (settings_.tokenizer == "train") learn_tokenizer();
        ranks.barrier();
        return trainer_type(settings_, std::move(ranks));
    }

    template <class Observer> io::good_model look_for_checkpoint(Observer& observer) {
        const bool holds_run = io::status_of(io::join(settings_.out, "checkpoints")).exists ||
                               io::status_of(io::join(settings_.out, "metrics.jsonl")).exists;
        if (!settings_.resume) {
            if (holds_run)
                throw error(
                    settings_.out +
                    ": holds a run already; --resume continues it, another --out starts a new one");
            return {};
        }
        io::good_model found = io::find_checkpoint(settings_.out);
        for (const std::string& warning : found.warnings) observer.note(warning);
        if (found.folder.empty())
            observer.note(settings_.out + ": no checkpoint yet; starting fresh");
        else
            io::require_recipe(found, recipe_text<Recipe>());
        return found;
    }

    void continue_from_checkpoint() {
        const auto& about = found_.about;
        require_same(about.state, "seed", std::to_string(settings_.seed), "--seed");
        require_same(about.state, "batch", std::to_string(settings_.batch), "--batch");
        require_same(about.state, "grains", std::to_string(settings_.grains), "--grains");
        require_same(about.state, "text", io::text_of(trainer_.text().fingerprint()), "--data");
        io::load_weights(found_, model_);
        trainer_.optimizer().hold_whole();
        io::load_optimizer(found_, tensors_of(trainer_.optimizer()));
        trainer_.continue_from(about.step, about.data_position);
        if (!history_.unpack_losses(io::load_attachment(found_, "losses.f64")) ||
            history_.losses.size() != std::size_t(about.step))
            throw error(found_.folder + ": losses.f64: expected the loss of each of " +
                        std::to_string(about.step) + " steps");
        earlier_seconds_ = number_in(about.state, "seconds");
        earlier_joules_ = number_in(about.state, "joules");
    }
    template <class Observer> void start_from_model(Observer& observer) {
        const io::good_model model = io::find_model(settings_.init);
        for (const std::string& warning : model.warnings) observer.note(warning);
        io::load_weights(model, model_);
        trainer_.continue_from(0, 0);
    }

    static std::string value_in(const io::key_values& state, std::string_view key) {
        for (const io::key_value& one : state)
            if (one.key == key) return one.value;
        return {};
    }
    double number_in(const io::key_values& state, std::string_view key) const {
        const std::string text = value_in(state, key);
        double number = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (code != std::errc() || end != text.data() + text.size())
            throw error(found_.folder + "/manifest.json: state." + std::string(key) +
                        ": expected a number, found '" + text + "'");
        return number;
    }
    void require_same(const io::key_values& state, std::string_view key, const std::string& now,
                      const std::string& flag) const {
        const std::string then = value_in(state, key);
        if (then != now)
            throw error(found_.folder + ": the run has " + std::string(key) + " " + then +
                        ", and " + flag + " gives " + now + ": resuming would not continue it");
    }

    // The machines of all ranks are taken to be alike.
    double peak_now() {
        using weight = typename precision_of<Recipe>::weight;
        [[maybe_unused]] const int ranks = trainer_.ranks().size();
        if constexpr (!requires { measured_peak(trainer_.network().on()); })
            return run_summary::unknown;
        else if constexpr (sizeof(weight) < sizeof(float))
            return measured_bf16_peak(trainer_.network().on()) * ranks;
        else
            return measured_peak(trainer_.network().on()) * ranks;
    }
    static double share_of(double tokens_per_second, double peak) {
        return tokens_per_second * double(count<Recipe>::train_flop_per_token) / peak;
    }

    void log(const step_report& r, double speed, double share) {
        history_.log.push_back(r);
        log_->write(r, trainer_.router_entropy(), speed, share);
    }

    const validation_report& validate() {
        const validation_report& report =
            history_.add(evaluate(trainer_.network(), trainer_.text(), trainer_.steps_done(),
                                  settings_.validation_windows));
        log_->write(report);
        return report;
    }

    template <class Observer> void save(Observer& observer, double seconds, energy_meter& meter) {
        io::snapshot what;
        what.recipe = recipe_text<Recipe>();
        what.settings = {{"steps", std::to_string(settings_.steps)},
                         {"rate", io::number_text(settings_.rate)},
                         {"data", settings_.data}};
        what.state = {{"seed", std::to_string(settings_.seed)},
                      {"batch", std::to_string(settings_.batch)},
                      {"grains", std::to_string(settings_.grains)},
                      {"text", io::text_of(trainer_.text().fingerprint())},
                      {"seconds", io::number_text(seconds)},
                      {"joules", io::number_text(meter.read(seconds - earlier_seconds_).joules)}};
        what.step = trainer_.steps_done();
        what.data_position = trainer_.position();
        what.model = model_;
        what.optimizer = gathered_moments(trainer_);
        what.attachments.push_back({"losses.f64", history_.packed_losses()});
        if (!trainer_.words().is_bytes())
            what.attachments.push_back({"tokenizer.model", trainer_.words().model()});
        saved_ = io::save_checkpoint(settings_.out, what, settings_.keep);
        trainer_.optimizer().drop_whole();
        for (const std::string& warning : saved_.warnings) observer.note(warning);
    }

    run_summary summarise(double seconds, energy_meter& meter, double peak) {
        using counts = count<Recipe>;
        run_summary s;
        s.recipe = std::string(type_name<Recipe>());
        s.parameters = counts::parameters;
        s.parameters_active = counts::parameters_active;
        s.steps = trainer_.steps_done();
        s.tokens = s.steps * settings_.batch;
        s.batch = settings_.batch;
        s.seed = settings_.seed;
        s.threads = trainer_.network().threads();
        s.ranks = trainer_.ranks().size();
        s.grains = settings_.grains;
        if constexpr (requires { typename On::instructions; })
            s.instruction_set = On::instructions::name;
        s.train_loss = mean_of_last_tenth(history_.losses);
        if (!history_.validations.empty()) add_validation(s, history_.validations.back());
        s.seconds = seconds;
        s.tokens_per_second = double(settings_.batch) / median_after_first_five(history_.seconds);
        s.flop = double(s.tokens) * double(counts::train_flop_per_token);
        s.flop_per_second = s.tokens_per_second * double(counts::train_flop_per_token);
        s.peak_share = s.flop_per_second / peak;
        s.planned_bytes =
            std::int64_t(trainer_type::planned_bytes(settings_, trainer_.ranks().size()));
        s.peak_bytes = std::int64_t(planned().total());
        s.resident_bytes = resident_peak_bytes();
        const energy used = meter.read(seconds - earlier_seconds_);
        s.joules = used.joules;
        s.joules_source = used.source;
        s.price_per_hour = settings_.price_per_hour;
        s.money = money(seconds, settings_.price_per_hour);
        s.weights_hash = io::text_of(io::weights_hash_of(model_));
        s.state_hash =
            io::text_of(io::state_hash_of(model_, gathered_moments(trainer_), trainer_.position()));
        return s;
    }

    settings settings_;
    io::run_lock lock_;
    io::good_model found_;
    trainer_type trainer_;
    io::tensor_list model_;
    run_history history_;
    std::optional<run_log> log_;
    io::saved_checkpoint saved_;
    double earlier_seconds_ = 0, earlier_joules_ = 0;
};

}  // namespace moe
