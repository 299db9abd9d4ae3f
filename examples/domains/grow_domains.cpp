// SPDX-License-Identifier: MIT
// The main job goes on: a model of three domains grows a fourth, far from them, and in a separate
// run a fifth, nearer; the two are merged without further training. What each stage gained and
// harmed stands beside fine-tuning the whole model on each new domain, with the same number of
// tokens and nothing replayed: the reference of the gain share. With --rivals all five are trained
// from scratch, too.
//   grow_domains --text DIR --out DIR [--seeds N] [--rivals] [--short]
// DIR/old/<domain>/*.txt, DIR/new/far/*.txt, DIR/new/near/*.txt: the target 'growth' gathers them.
// Writes OUT/domains.json. Trainings that OUT holds already are not done again.
#include <moe/app/format.hpp>
#include <moe/app/terminal.hpp>
#include <moe/moe.hpp>

#include <moe/io/json.hpp>
#include <moe/train/grow.hpp>
#include <moe/train/load_model.hpp>
#include <moe/train/training_run.hpp>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace {

struct base {
    moe::transformer model{.vocab = 256, .context = 128, .layers = 4, .hidden = 128};
    moe::mla attention{
        .heads = 4, .q_rank = 0, .kv_rank = 64, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
    moe::experts ffn{.routed = 8, .shared = 1, .intermediate = 128};
    moe::sigmoid_top_k routing{.active = 2};
    moe::bias_balance balance{.rate = 2e-2, .sequence_loss = 2e-3};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
struct grown : base {
    using grows = base;
    moe::experts ffn{.routed = 8, .shared = 1, .intermediate = 128, .slot = 1};
    moe::adamw optimizer{.decay = 0};
};
struct merged : base {
    moe::experts ffn{.routed = 8, .shared = 1, .intermediate = 128, .slot = 2};
    moe::adamw optimizer{.decay = 0};
};

constexpr int validation_windows = 160;  // a domain

struct plan {
    std::string text, out;
    int seeds = 1;
    bool rivals = false;
    std::int64_t base_steps = 1600, growth_steps = 440;
};

// Says what a stage does, and nothing while it does it.
struct watcher : moe::quiet {
    void note(const std::string& text) { std::printf("  %s\n", text.c_str()); }
};

// What a stage cost, and bits a byte of each domain behind it.
struct stage {
    double seconds = 0, joules = 0;
    std::map<std::string, double> bits;
};

stage train(const std::string& data, const std::string& out, std::int64_t steps, double rate,
            const std::string& init, std::uint64_t seed) {
    moe::settings s;
    s.data = data, s.out = out, s.init = init, s.seed = seed;
    s.steps = steps, s.batch = 2048, s.rate = rate;
    if (!init.empty()) s.warmup = 20, s.final_share = 0.03;
    s.validation_windows = validation_windows;
    s.checkpoint_every = 0;
    s.resume = true;
    std::printf("training %s: %lld steps\n", out.c_str(), static_cast<long long>(steps));
    watcher quiet;
    moe::training_run<base> run(s, quiet);
    const moe::run_summary summary = run.fit(quiet);
    stage result{summary.seconds, summary.joules, {}};
    for (const moe::domain_score& one : summary.validation)
        result.bits[one.domain] = one.bits_per_byte;
    return result;
}

moe::growth_summary grow(const plan& p, const std::string& data, const std::string& at,
                         const std::string& out, std::uint64_t seed) {
    std::filesystem::remove_all(out);
    moe::grow_settings s;
    s.model = at, s.data = data, s.replay = p.text + "/old", s.out = out, s.seed = seed;
    s.steps = p.growth_steps;
    s.validation_windows = validation_windows;
    std::printf("growing %s: %lld steps\n", out.c_str(), static_cast<long long>(s.steps));
    watcher quiet;
    return moe::grow<base, grown>(s, quiet);
}

// Every domain under the merged model, and the share of its tokens that a grown expert serves.
std::vector<moe::domain_look> look_at_all(const std::string& model,
                                          const std::vector<std::string>& folders) {
    auto loaded = moe::load_model<merged>(model);
    std::vector<moe::domain_look> all;
    for (const std::string& folder : folders) {
        const moe::io::corpus text(folder, loaded.words, {.context = base{}.model.context});
        all.push_back(moe::look_at(
            *loaded.network, text, validation_windows,
            [](const auto& mixture, int token) { return mixture.slot.plan.chosen[token] >= 0; }));
    }
    return all;
}

using figures = std::map<std::string, double>;

void put_growth(figures& f, const std::string& prefix, const moe::growth_summary& s,
                double reference) {
    f[prefix + "old_domains_loss_change_percent"] = 100 * s.mean_old_change();
    f[prefix + "worst_old_domain_loss_change_percent"] = 100 * s.worst_old_change();
    f[prefix + "new_domain_gain_share"] =
        (s.fresh.before - s.fresh.after) / (s.fresh.before - reference);
    f[prefix + "parameters_trained_share"] = double(s.trained) / double(s.parameters - s.trained);
    f[prefix + "new_tokens_share"] = s.fresh.mean_use();
    f[prefix + "old_tokens_share"] = s.mean_old_use();
    f[prefix + "seconds"] = s.seconds;
    f[prefix + "joules"] = s.joules;
}

void print_table(const std::string& title, const moe::text_table& table) {
    std::printf("\n%s\n%s", title.c_str(), moe::draw_table(table, moe::style_of(stdout)).c_str());
}
std::string change(double before, double after) {
    return (after >= before ? "+" : "") + moe::fixed(100 * (after / before - 1), 2) + " %";
}

// All five from scratch, the same number of tokens a domain as the base has seen.
stage train_on_all(const plan& p, const std::string& at, const std::vector<std::string>& folders,
                   std::size_t old_domains, std::uint64_t seed) {
    std::filesystem::create_directories(at + "/all");
    for (const std::string& folder : folders) {
        const std::string link = at + "/all/" + std::filesystem::path(folder).filename().string();
        if (!std::filesystem::exists(link))
            std::filesystem::create_directory_symlink(std::filesystem::absolute(folder), link);
    }
    return train(at + "/all", at + "/scratch",
                 p.base_steps * std::int64_t(folders.size()) / std::int64_t(old_domains), 4e-3, "",
                 seed);
}

figures run_seed(const plan& p, std::uint64_t seed) {
    const std::string at = p.out + "/seed" + std::to_string(seed);
    std::filesystem::create_directories(at);
    const std::string far = p.text + "/new/far", near = p.text + "/new/near";
    const stage first = train(p.text + "/old", at + "/base", p.base_steps, 4e-3, "", seed);
    const moe::growth_summary by_far = grow(p, far, at + "/base", at + "/far", seed);
    const moe::growth_summary by_near = grow(p, near, at + "/base", at + "/near", seed);
    const stage tuned_far = train(far, at + "/tuned_far", p.growth_steps, 2e-3, at + "/base", seed);
    const stage tuned_near =
        train(near, at + "/tuned_near", p.growth_steps, 2e-3, at + "/base", seed);

    std::filesystem::remove_all(at + "/merged");
    const std::vector<moe::io::good_model> models{moe::io::find_model(at + "/far"),
                                                  moe::io::find_model(at + "/near")};
    moe::io::merge_models(models, moe::recipe_text<merged>(), at + "/merged");
    std::vector<std::string> folders = moe::detail::old_domains_in(p.text + "/old");
    const std::size_t old_domains = folders.size();
    folders.push_back(far), folders.push_back(near);
    const std::vector<moe::domain_look> together = look_at_all(at + "/merged", folders);

    stage scratch;
    if (p.rivals) scratch = train_on_all(p, at, folders, old_domains, seed);

    figures f;
    put_growth(f, "", by_far, tuned_far.bits.at("far"));
    put_growth(f, "near_", by_near, tuned_near.bits.at("near"));
    moe::growth_summary both;
    for (std::size_t i = 0; i < old_domains; ++i) {
        moe::domain_change one = by_far.old[i];
        one.after = together[i].bits_per_byte, one.use = together[i].use;
        both.old.push_back(one);
    }
    const moe::domain_look &on_far = together[old_domains], &on_near = together[old_domains + 1];
    const double kept_far =
        (by_far.fresh.before - on_far.bits_per_byte) / (by_far.fresh.before - by_far.fresh.after);
    const double kept_near = (by_near.fresh.before - on_near.bits_per_byte) /
                             (by_near.fresh.before - by_near.fresh.after);
    f["merged_old_domains_loss_change_percent"] = 100 * both.mean_old_change();
    f["merged_worst_old_domain_loss_change_percent"] = 100 * both.worst_old_change();
    f["merged_new_domain_gain_share"] =
        (kept_far * f["new_domain_gain_share"] + kept_near * f["near_new_domain_gain_share"]) / 2;
    f["merged_parameters_trained_share"] = 2 * f["parameters_trained_share"];
    f["merged_new_tokens_share"] = (on_far.mean_use() + on_near.mean_use()) / 2;
    f["merged_old_tokens_share"] = both.mean_old_use();
    f["merge_gain_kept"] = std::min(kept_far, kept_near);
    f["base_seconds"] = first.seconds, f["base_joules"] = first.joules;
    f["tuned_seconds"] = tuned_far.seconds, f["tuned_joules"] = tuned_far.joules;
    if (p.rivals) f["scratch_seconds"] = scratch.seconds, f["scratch_joules"] = scratch.joules;

    moe::text_table bits{{"bits/byte", "base", "+ far", "+ near", "merged", "tuned", "scratch"},
                         {}};
    for (std::size_t i = 0; i < folders.size(); ++i) {
        const std::string& name = together[i].domain;
        const auto cell = [](double value) { return moe::fixed(value, 3); };
        const bool is_old = i < old_domains, is_far = i == old_domains;
        bits.rows.push_back(
            {name,
             cell(is_old   ? by_far.old[i].before
                  : is_far ? by_far.fresh.before
                           : by_near.fresh.before),
             is_old   ? cell(by_far.old[i].after)
             : is_far ? cell(by_far.fresh.after)
                      : "",
             is_old   ? cell(by_near.old[i].after)
             : is_far ? ""
                      : cell(by_near.fresh.after),
             cell(together[i].bits_per_byte),
             is_old ? "" : cell(is_far ? tuned_far.bits.at("far") : tuned_near.bits.at("near")),
             p.rivals ? cell(scratch.bits.at(name)) : ""});
    }
    print_table("seed " + std::to_string(seed), bits);
    moe::text_table use{{"a grown expert serves", "+ far", "+ near", "merged", "change"}, {}};
    for (std::size_t i = 0; i < folders.size(); ++i) {
        const bool is_old = i < old_domains, is_far = i == old_domains;
        const double before = is_old   ? by_far.old[i].before
                              : is_far ? by_far.fresh.before
                                       : by_near.fresh.before;
        use.rows.push_back({together[i].domain,
                            is_old   ? moe::percent(by_far.old[i].mean_use())
                            : is_far ? moe::percent(by_far.fresh.mean_use())
                                     : "",
                            is_old   ? moe::percent(by_near.old[i].mean_use())
                            : is_far ? ""
                                     : moe::percent(by_near.fresh.mean_use()),
                            moe::percent(together[i].mean_use()),
                            change(before, together[i].bits_per_byte)});
    }
    print_table("tokens that a grown expert serves; bits/byte of the merged model against the base",
                use);
    moe::text_table cost{{"cost", "time", "energy", "trained"}, {}};
    const auto row = [&](const char* what, double seconds, double joules, double trained) {
        cost.rows.push_back(
            {what, moe::short_time(seconds), moe::short_joules(joules), moe::percent(trained)});
    };
    row("growing the far domain", by_far.seconds, by_far.joules, f["parameters_trained_share"]);
    row("growing the near domain", by_near.seconds, by_near.joules,
        f["near_parameters_trained_share"]);
    row("tuning the whole model on one", tuned_far.seconds, tuned_far.joules, 1);
    if (p.rivals) row("all five from scratch", scratch.seconds, scratch.joules, 1);
    print_table("energy: " + by_far.joules_source, cost);
    return f;
}

// Means over the seeds; with several, half the distance of the extremes as NAME_spread.
void write_json(const plan& p, const std::vector<figures>& all) {
    moe::io::json_writer json(2);
    json.object().field("seeds", p.seeds);
    for (const auto& [key, ignored] : all[0]) {
        double sum = 0, least = INFINITY, most = -INFINITY;
        for (const figures& one : all) {
            const double value = one.at(key);
            sum += value, least = std::min(least, value), most = std::max(most, value);
        }
        json.field(key, sum / double(all.size()));
        if (all.size() > 1) json.field(key + "_spread", (most - least) / 2);
    }
    json.close();
    moe::io::write_file(p.out + "/domains.json", json.text() + "\n");
    std::printf("\n%s\n%s/domains.json\n", json.text().c_str(), p.out.c_str());
}

}  // namespace

int main(int count, char** words) {
    plan p;
    bool good = true;
    for (int i = 1; i < count; ++i) {
        const std::string flag = words[i];
        const bool more = i + 1 < count;
        if (flag == "--short")  // to see that it runs
            p.base_steps = 60, p.growth_steps = 30;
        else if (flag == "--rivals")
            p.rivals = true;
        else if (flag == "--text" && more)
            p.text = words[++i];
        else if (flag == "--out" && more)
            p.out = words[++i];
        else if (flag == "--seeds" && more)
            good = (p.seeds = std::atoi(words[++i])) > 0;
        else
            good = false;
    }
    if (!good || p.text.empty() || p.out.empty())
        return std::fprintf(stderr,
                            "usage: grow_domains --text DIR --out DIR [--seeds N] [--rivals] "
                            "[--short]\n"),
               2;
    try {
        std::vector<figures> all;
        for (int seed = 1; seed <= p.seeds; ++seed) all.push_back(run_seed(p, std::uint64_t(seed)));
        write_json(p, all);
    } catch (const std::exception& wrong) {
        return std::fprintf(stderr, "grow_domains: %s\n", wrong.what()), 1;
    }
    return 0;
}
