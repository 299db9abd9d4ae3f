// SPDX-License-Identifier: MIT
// The trainer of a recipe: network, optimizer, text and their order, one step after the other. What
// surrounds the steps (logging, saving, stopping) is train/fit.hpp.
//
//   moe::trainer<nano> trainer(settings);
//   while (trainer.steps_done() < settings.steps) print(trainer.step());
#pragma once

#include <moe/comm/agree.hpp>
#include <moe/comm/alone.hpp>
#include <moe/io/corpus.hpp>
#include <moe/io/stream.hpp>
#include <moe/model/network.hpp>
#include <moe/optim/schedule.hpp>
#include <moe/recipe/print.hpp>
#include <moe/train/optimizer.hpp>
#include <moe/train/settings.hpp>
#include <moe/train/step_report.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include <unistd.h>

namespace moe {

// How a batch falls into grains: whole sequences, sizes that differ by one at most.
struct batch_plan {
    int sequences = 0, grains = 1;

    template <class Recipe> static batch_plan of_settings(const settings& s) {
        constexpr int context = of<Recipe>.model.context;
        const auto text = [](std::int64_t number) { return std::to_string(number); };
        if (s.batch < context || s.batch % context != 0)
            throw usage_error(
                "--batch: expected tokens in whole sequences of the context, a multiple of " +
                text(context) + ", found " + text(s.batch));
        constexpr std::int64_t most = std::int64_t{1} << 30;  // rows are counted in int
        if (s.batch > most)
            throw usage_error("--batch: expected at most " + text(most) + " tokens, found " +
                              text(s.batch));
        const std::int64_t sequences = s.batch / context;
        if (s.grains < 1 || s.grains > sequences)
            throw usage_error("--grains: expected 1 to " + text(sequences) +
                              " (the sequences of a batch), found " + text(s.grains));
        return {int(sequences), s.grains};
    }
    int largest() const { return ceil_divide(sequences, grains); }
    interval grain(int i) const { return part_of(sequences, grains, i); }
    // The grains of a rank.
    interval part(int ranks, int rank) const { return grain_tree{grains}.part(ranks, rank); }
    network_settings of_rank(int ranks, int rank, int threads) const {
        const interval mine = part(ranks, rank);
        return {.threads = threads,
                .grains = int(mine.count()),
                .trains = true,
                .first_grain = int(mine.first),
                .all_grains = grains};
    }
};

// For all_reduce of comm/placement.hpp.
template <communicates Ranks> void sum_over(Ranks& ranks, routing_counts* counts) {
    ranks.all_reduce(counts->all());
}

// Ranks share the batch: each holds whole grains, and all take the same step. The same grains give
// the same bits from any number of ranks.
template <class Recipe, class On = device_on<Recipe>, communicates Ranks = alone> class trainer {
public:
    using network_type = moe::network<Recipe, On>;
    using optimizer_type = moe::optimizer<Recipe, On>;
    using transformer = typename network_type::transformer;
    static constexpr int context = of<Recipe>.model.context;
    static constexpr int window = context + network_type::lookahead;
    static constexpr auto balance = of<Recipe>.balance;

    // All ranks make theirs together.
    explicit trainer(const settings& s, Ranks ranks = Ranks())
        : ranks_(std::move(ranks)),
          settings_(require_memory(s)),
          batch_(batch_plan::of_settings<Recipe>(s)),
          words_(s.tokenizer.empty() ? io::tokenizer() : io::tokenizer::load(s.tokenizer)),
          text_(s.data, checked_words(),
                {.context = context, .lookahead = network_type::lookahead}),
          order_(text_, s.seed),
          mine_(batch_.part(ranks_.size(), ranks_.rank())),
          network_({batch_.largest(), context},
                   batch_.of_rank(ranks_.size(), ranks_.rank(), s.threads)),
          optimizer_(share_of(ranks_.size(), ranks_.rank())),
          windows_(std::size_t(batch_.largest()) * window),
          domains_(std::size_t(batch_.largest())),
          losses_(std::size_t(batch_.grains)),
          balance_losses_(std::size_t(batch_.grains)),
          entropies_(std::size_t(batch_.largest()) * context),
          counts_(transformer::mixtures, of<Recipe>.ffn.routed) {
        if constexpr (!Ranks::alone) require_agreement();
        network_.start(s.seed);
    }

    // Bytes of all arenas of a rank for these settings, known before any is allocated.
    static std::size_t planned_bytes(const settings& s, int ranks = 1, int rank = 0) {
        const batch_plan batch = batch_plan::of_settings<Recipe>(s);
        return network_type::planned({batch.largest(), context}, batch.of_rank(ranks, rank, 0))
                   .total() +
               optimizer_type::planned_bytes(share_of(ranks, rank));
    }

    // Of the optimizer's moments, as the recipe's mesh says.
    static constexpr bool shares = shares_moments(of<Recipe>.parallel);
    static constexpr moment_share share_of(int ranks, int rank) {
        return shares ? moment_share{ranks, rank} : moment_share{};
    }

    Ranks& ranks() { return ranks_; }
    const Ranks& ranks() const { return ranks_; }

    network_type& network() { return network_; }
    const network_type& network() const { return network_; }
    optimizer_type& optimizer() { return optimizer_; }
    const optimizer_type& optimizer() const { return optimizer_; }
    const io::corpus& text() const { return text_; }
    const io::tokenizer& words() const { return words_; }
    const settings& with() const { return settings_; }
    // Choices of the last step's batch, of all ranks.
    const routing_counts& routing() const { return counts_; }

    // How undecided the router was about a token of this rank's last grain, in the mean over tokens
    // and layers: the entropy of its affinities as a share of ln(experts). Allocates nothing.
    double router_entropy() {
        if constexpr (gives_affinities<std::remove_const_t<decltype(Recipe::routing)>> &&
                      of<Recipe>.ffn.routed > 1 && transformer::mixtures > 0) {
            const int tokens = network_.last_pass().tokens();
            double sum = 0;
            network_.each_mixture([&](const auto& mixture) {
                moe::router_entropy<of<Recipe>.ffn.routed>(network_.on(), entropies_.data(),
                                                           mixture.logits.part(0, tokens),
                                                           of<Recipe>.routing);
                for (int t = 0; t < tokens; ++t) sum += double(entropies_[std::size_t(t)]);
            });
            return tokens > 0 ? sum / (double(tokens) * transformer::mixtures) : 0;
        } else {
            return 1;
        }
    }

    std::int64_t steps_done() const { return steps_done_; }
    // The number of the next training sequence: the position in the data.
    std::uint64_t position() const { return position_; }
    // Where a checkpoint stood. Weights and moments are filled by name.
    void continue_from(std::int64_t steps, std::uint64_t position) {
        steps_done_ = steps;
        position_ = position;
        network_.weights_changed();
    }

    schedule rates() const {
        const std::int64_t least = std::min<std::int64_t>(10, settings_.steps);
        const std::int64_t warmup = settings_.warmup >= 0
                                        ? settings_.warmup
                                        : std::max<std::int64_t>(settings_.steps / 50, least);
        return {.curve = settings_.curve,
                .peak = settings_.rate,
                .steps = settings_.steps,
                .warmup = warmup,
                .final_share = settings_.final_share,
                .decay_share = settings_.decay_share};
    }

    // One optimizer step on the next batch. Throws, with nothing changed, when a loss or a gradient
    // is not finite.
    step_report step() {
        const auto begin = std::chrono::steady_clock::now();
        step_report report;
        report.step = steps_done_ + 1;
        report.tokens = std::int64_t(batch_.sequences) * context;
        report.rate = rates().rate(steps_done_);
        counts_.clear();
        for (std::int64_t grain = mine_.first; grain < mine_.last; ++grain) run_grain(int(grain));
        const auto line = along<mesh_axis::data>(ranks_);
        const auto gradient = all_reduce(line, over_batch<network_type*>(&network_));
        const auto counts = all_reduce(line, over_batch<routing_counts*>(&counts_));
        ranks_.all_gather(std::span(losses_));  // a rank's part of them are those of its grains
        ranks_.all_gather(std::span(balance_losses_));
        report.loss = tree_sum(losses_) / double(report.tokens);
        report.balance_loss = tree_sum(balance_losses_) / batch_.sequences;

        const clipping clip = optimizer_.measure(gradient);
        report.gradient_norm = clip.norm;
        if (!std::isfinite(report.loss) || !clip.finite()) refuse(report);
        if constexpr (shares && !Ranks::alone)
            optimizer_.update_share(*whole(gradient), ranks_, report.step, report.rate, clip);
        else
            optimizer_.update(gradient, report.step, report.rate, clip);
        if constexpr (balance.uses_bias()) update_biases(report.rate, *whole(counts));
        position_ += std::uint64_t(batch_.sequences);
        ++steps_done_;

        report.load = whole(counts)->load();
        report.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        return report;
    }

private:
    // Of each rank its own grains' part, until it is summed.
    template <class Value> using over_batch = placed<Value, partial<mesh_axis::data>>;

    void run_grain(int grain) {
        const interval mine = batch_.grain(grain);
        for (std::int64_t i = mine.first; i < mine.last; ++i)
            domains_[std::size_t(i - mine.first)] =
                order_
                    .read(position_ + std::uint64_t(i), windows_.data() + (i - mine.first) * window)
                    .domain;
        const double share = 1 / (double(batch_.sequences) * context);
        losses_[std::size_t(grain)] =
            network_.forward_backward({windows_.data(), std::size_t(mine.count() * window)},
                                      context, share, 1.0 / batch_.sequences, domains_.data());
        int layer = 0;
        double balance_loss = 0;
        network_.each_mixture([&](const auto& mixture) {
            if (mine.count() > 0) add_counts(counts_.layer(layer), mixture.plan.by_expert());
            if constexpr (balance.loss_weight() != 0)
                for (std::int64_t i = 0; i < mine.count(); ++i)
                    balance_loss += double(mixture.balance_loss[i]);
            ++layer;
        });
        balance_losses_[std::size_t(grain)] = balance_loss;
    }

    // The sum of the grains' numbers in the order of the gradient's tree.
    static double tree_sum(std::span<const double> parts) {
        if (parts.size() <= 1) return parts.empty() ? 0 : parts[0];
        const std::size_t half = std::bit_floor(parts.size() - 1);
        return tree_sum(parts.first(half)) + tree_sum(parts.subspan(half));
    }

    // After the step, from the choices of the whole batch; no gradient ever reaches a bias.
    // Behind the warm-up the biases slow down with the weights, and stand still when the rate has
    // reached its last value: at the end of a run loads settle instead of swinging about the mean.
    void update_biases(double rate, const routing_counts& counts) {
        const schedule all = rates();
        const double last = all.curve == decay_curve::constant ? 0 : all.peak * all.final_share;
        const bool decays = steps_done_ >= all.warmup && last < all.peak;
        const double share = decays ? larger(0.0, (rate - last) / (all.peak - last)) : 1;
        int layer = 0;
        transformer::each_mixture_state(network_.weights(), [&](auto& mixture) {
            if constexpr (std::is_same_v<number_of<decltype(mixture.bias)>, float>)
                balance.update(mixture.bias.at, counts.layer(layer).data(), of<Recipe>.ffn.routed,
                               share);
            ++layer;
        });
    }

    [[noreturn]] void refuse(const step_report& report) {
        const std::string tensor = optimizer_.first_not_finite(network_);
        throw error(
            "step " + std::to_string(report.step) + ": " +
            (tensor.empty() ? "the loss" : "the gradient of " + tensor) +
            " is not finite; the step was not taken (a lower --lr or a look at the text helps)");
    }

    void require_agreement() {
        std::string recipe(type_name<On>());
        print<Recipe>([&](const recipe_field& field) {
            recipe.append("\n").append(field.key).append("=").append(field.value);
        });
        require_same(ranks_, "the recipe", recipe);
        const settings& s = settings_;
        std::string flags;
        for (const double number :
             {double(s.steps), double(s.batch), s.rate, double(s.curve), double(s.warmup),
              s.final_share, s.decay_share, double(s.grains)})
            flags += std::to_string(std::bit_cast<std::uint64_t>(number)) + " ";
        require_same(ranks_, "a flag", flags + std::to_string(s.seed));
        require_same(ranks_, "the text", io::text_of(text_.fingerprint()));
    }

    // Before anything is allocated: the system grants more than it has, and kills later.
    const settings& require_memory(const settings& s) const {
        constexpr std::size_t gb = 1'000'000'000;
        const int here = Ranks::in_one_process ? ranks_.size() : 1;
        const std::size_t needed =
            planned_bytes(s, ranks_.size(), ranks_.rank()) * std::size_t(here);
        const std::size_t there =
            std::size_t(sysconf(_SC_PHYS_PAGES)) * std::size_t(sysconf(_SC_PAGESIZE));
        if (needed > there)
            throw error("the plan takes " + std::to_string(needed / gb) +
                        " GB of memory, this machine has " + std::to_string(there / gb) +
                        " GB; a smaller --batch, or more --grains, takes less");
        return s;
    }

    const io::tokenizer& checked_words() const {
        words_.require_fits(of<Recipe>.model.vocab);
        return words_;
    }

    Ranks ranks_;
    settings settings_;
    batch_plan batch_;
    io::tokenizer words_;
    io::corpus text_;
    io::stream order_;
    interval mine_;  // this rank's grains
    network_type network_;
    optimizer_type optimizer_;
    std::vector<int> windows_, domains_;           // of a grain
    std::vector<double> losses_, balance_losses_;  // one a grain
    std::vector<precise_of<Recipe>> entropies_;    // one a token of a grain
    routing_counts counts_;
    std::int64_t steps_done_ = 0;
    std::uint64_t position_ = 0;
};

}  // namespace moe
