// SPDX-License-Identifier: MIT
// Trains the experts that a recipe adds to the one it grows, and nothing else: places them
// (train/new_experts.hpp), then takes steps on new text with some old text among it. Reading models
// and writing the result is train/grow.hpp.
//   loss = mean over new text + replay_weight x mean over old text
// A new expert's bias is held by the share of each old domain's tokens that the expert takes: the
// domain that it takes most of decides. No share of the new domain ever moves it.
#pragma once

#include <moe/optim/schedule.hpp>
#include <moe/train/domain_look.hpp>
#include <moe/train/new_experts.hpp>
#include <moe/train/optimizer.hpp>
#include <moe/train/step_report.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

namespace moe {

template <class Recipe, class On = device_on<Recipe>> class grower : new_experts<Recipe> {
public:
    static_assert(checked<Recipe>() && growing<Recipe>);
    using is = new_experts<Recipe>;
    using network_type = moe::network<Recipe, On>;
    static constexpr int context = of<Recipe>.model.context;

    // All weights are zero then: the model that is grown is read into them next.
    grower(const grow_settings& s, const io::tokenizer& words,
           const std::vector<std::string>& old_folders)
        : settings_(s),
          fresh_(s.data, words, context, s.seed),
          network_({int(sequences(s) - old_sequences(s)), context},
                   {.threads = s.threads, .grains = 2}),
          windows_(std::size_t(sequences(s)) * (context + 1)) {
        for (const std::string& folder : old_folders)
            old_.push_back(std::make_unique<domain_text>(folder, words, context, s.seed));
        network_.each_parameter([](const name&, auto values, spec) {
            std::memset(static_cast<void*>(values.at), 0,
                        std::size_t(values.count) * values.width * sizeof(*values.at));
        });
        is::each_bias(network_, [](int, int, auto& bias) { bias = is::never; });
        leaks_.assign(std::size_t(layers) * added * old_.size(), s.leak / added);
    }

    // Of a step.
    static std::int64_t sequences(const grow_settings& s) { return s.batch / context; }
    static std::int64_t old_sequences(const grow_settings& s) {
        return std::max<std::int64_t>(1, sequences(s) / 8);
    }

    network_type& network() { return network_; }
    moe::optimizer<Recipe, On>& optimizer() { return optimizer_; }
    std::int64_t steps_done() const { return steps_done_; }
    const io::corpus& fresh() const { return fresh_.text; }
    std::size_t old_domains() const { return old_.size(); }
    const io::corpus& old(std::size_t i) const { return old_[i]->text; }
    byte_plan planned() const {
        byte_plan bytes = network_.bytes();
        bytes.moments = moe::optimizer<Recipe, On>::planned_bytes();
        return bytes;
    }

    void place() { expert_placer<Recipe, On>(network_, settings_, fresh_, old_).place(); }

    // Throws, with nothing changed, when a loss or a gradient is not finite.
    step_report step() {
        const auto begin = std::chrono::steady_clock::now();
        const schedule rates{.curve = decay_curve::cosine,
                             .peak = settings_.rate,
                             .steps = settings_.steps,
                             .warmup = std::min(settings_.warmup, settings_.steps / 2),
                             .final_share = settings_.final_share};
        const std::int64_t old = old_sequences(settings_), fresh = sequences(settings_) - old;
        step_report report;
        report.step = steps_done_ + 1;
        report.tokens = settings_.batch;
        report.rate = rates.rate(steps_done_);

        const auto grain = [&](std::int64_t count, double weight, auto&& read) {
            for (std::int64_t i = 0; i < count; ++i) read(windows_.data() + i * (context + 1));
            const double tokens = double(count) * context;
            return network_.forward_backward({windows_.data(), std::size_t(count * (context + 1))},
                                             context, weight / tokens, 0) /
                   tokens;
        };
        report.loss = grain(fresh, 1, [&](int* to) { fresh_.order.read(fresh_.next++, to); });
        const std::uint64_t first_old = old_read_;
        const double old_loss = grain(old, settings_.replay_weight, [&](int* to) {
            domain_text& from = *old_[old_read_++ % old_.size()];
            from.order.read(from.next++, to);
        });
        measure_leaks(first_old, int(old));
        network_.finish_gradients();
        const clipping clip = optimizer_.measure(network_);
        report.gradient_norm = clip.norm;
        if (!std::isfinite(report.loss + old_loss) || !clip.finite())
            throw error("step " + std::to_string(report.step) +
                        ": the loss or a gradient is not finite; a lower --lr helps");
        optimizer_.update(network_, report.step, report.rate, clip);
        hold_leaks(report.rate / settings_.rate);
        ++steps_done_;
        report.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        return report;
    }

    // Held-out text of a domain, 'limit' windows spread evenly over it (0: all).
    domain_look look_at(const io::corpus& text, std::int64_t limit) {
        return moe::look_at(network_, text, limit, [](const auto& mixture, int token) {
            bool used = false;
            is::each_choice(mixture, token, [&](int) { used = true; });
            return used;
        });
    }

private:
    using is::added, is::in_slot, is::layers;

    double& leak(int layer, int which, std::size_t domain) {
        return leaks_[(std::size_t(layer) * added + std::size_t(which)) * old_.size() + domain];
    }
    // Of the old sequences of this step; a running mean, for a sequence is a small sample.
    void measure_leaks(std::uint64_t first_read, int sequences) {
        constexpr double pace = 0.1;
        is::each_layer(network_, [&](int layer, const auto& mixture) {
            for (int s = 0; s < sequences; ++s) {
                const std::size_t domain = (first_read + std::uint64_t(s)) % old_.size();
                int taken[added] = {};
                for (int t = s * context; t < (s + 1) * context; ++t)
                    is::each_choice(mixture, t, [&](int j) { ++taken[j]; });
                for (int j = 0; j < added; ++j) {
                    double& mean = leak(layer, j, domain);
                    mean += pace * (double(taken[j]) / context - mean);
                }
            }
        });
    }
    void hold_leaks(double rate_share) {
        const double wanted = settings_.leak / added, pace = in_slot ? 0.04 : 0.01;
        is::each_bias(network_, [&](int layer, int j, auto& bias) {
            if (layer >= layers) return;
            double most = 0;
            for (std::size_t d = 0; d < old_.size(); ++d) most = std::max(most, leak(layer, j, d));
            const double off = std::clamp((wanted - most) / std::max(wanted, 0.01), -1.0, 1.0);
            bias += std::remove_cvref_t<decltype(bias)>(pace * rate_share * off);
        });
    }

    grow_settings settings_;
    domain_text fresh_;
    std::vector<std::unique_ptr<domain_text>> old_;
    network_type network_;
    moe::optimizer<Recipe, On> optimizer_;
    std::vector<int> windows_;
    std::vector<double> leaks_;  // (layers, added, old domains)
    std::uint64_t old_read_ = 0;
    std::int64_t steps_done_ = 0;
};

}  // namespace moe
