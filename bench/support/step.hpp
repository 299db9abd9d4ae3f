// SPDX-License-Identifier: MIT
// A training step of a recipe, timed: all grains of the batch, their sum, the norm of the gradient,
// the update. Tokens are random: what they say does not change what a step costs, and a network
// that has learnt nothing yet uses its experts about evenly, as a balanced one does.
#pragma once

#include "bench/support/share.hpp"

#include <moe/core/random.hpp>
#include <moe/recipe/count.hpp>
#include <moe/train/optimizer.hpp>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace bench {

// The highest resident memory since the last call, in bytes; 0 where the system does not say.
// Writing 5 makes Linux forget the earlier peak.
inline double resident_peak() {
    double kilobytes = 0;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) kilobytes = std::stod(line.substr(6));
    std::ofstream("/proc/self/clear_refs") << 5;
    return kilobytes * 1024;
}

// The peak that the shares of a recipe are stated in: that of the numbers its products read.
template <class Recipe> using peak_of = peak_for<typename moe::precision_of<Recipe>::weight>;

template <class Recipe> class training {
public:
    static constexpr int context = moe::of<Recipe>.model.context;
    static constexpr double flop_per_token = double(moe::count<Recipe>::train_flop_per_token);

    training(int threads, int tokens, int grains)
        : sequences_(tokens / context),
          grains_(grains),
          network_({moe::ceil_divide(sequences_, grains), context},
                   {.threads = threads, .grains = grains}),
          tokens_(std::size_t(sequences_) * window) {
        network_.start(1);
    }

    auto on() { return network_.on(); }
    int tokens() const { return sequences_ * context; }
    std::size_t planned_bytes() const {
        return network_.bytes().total() + moe::optimizer<Recipe>::planned_bytes();
    }
    // Of the last step.
    double optimizer_seconds() const { return optimizer_seconds_; }
    double loss() const { return loss_; }

    void run() {
        ++step_;
        for (std::size_t i = 0; i < tokens_.size(); ++i)
            tokens_[i] = int(moe::random_below(vocabulary, 2, std::uint64_t(step_), i));
        loss_ = 0;
        for (int grain = 0; grain < grains_; ++grain) {
            const moe::interval mine = moe::part_of(sequences_, grains_, grain);
            loss_ += network_.forward_backward(
                {tokens_.data() + mine.first * window, std::size_t(mine.count() * window)}, context,
                1.0 / tokens(), 1.0 / sequences_);
        }
        loss_ /= tokens();
        network_.finish_gradients();
        const auto begin = clock::now();
        const moe::clipping clip = optimizer_.measure(network_);
        optimizer_.update(network_, step_, 1e-4, clip);
        optimizer_seconds_ = since(begin);
    }

private:
    using network = moe::network<Recipe>;
    static constexpr int window = context + network::lookahead;
    static constexpr std::uint64_t vocabulary = std::uint64_t(moe::of<Recipe>.model.vocab);

    int sequences_, grains_;
    network network_;
    moe::optimizer<Recipe> optimizer_;
    std::vector<int> tokens_;
    std::int64_t step_ = 0;
    double optimizer_seconds_ = 0, loss_ = 0;
};

// threads, tokens, grains
template <class Recipe> void step(benchmark::State& state) {
    const auto n = [&](int i) { return int(state.range(std::size_t(i))); };
    resident_peak();
    training<Recipe> trained(n(0), n(1), n(2));
    const double flop = training<Recipe>::flop_per_token * trained.tokens();
    const moe::on_first_core stays;
    for (int warm_up = 0; warm_up < 2; ++warm_up) trained.run();
    const auto on = trained.on();
    shares all(flop);
    std::vector<double> seconds, optimizer;
    for (auto _ : state) {
        seconds.push_back(all.add(on, peak_of<Recipe>()(on), [&] { trained.run(); }));
        optimizer.push_back(trained.optimizer_seconds());
        state.SetIterationTime(seconds.back());
    }
    if (!(trained.loss() > 0)) state.SkipWithError("the loss is not a number");
    all.report(state, "peak");
    state.counters["flop"] = flop;
    state.counters["flop_per_token"] = training<Recipe>::flop_per_token;
    state.counters["tokens_per_second"] = trained.tokens() / median(seconds);
    state.counters["step_ms"] = 1e3 * median(seconds);
    state.counters["network_ms"] = 1e3 * (median(seconds) - median(optimizer));
    state.counters["optimizer_ms"] = 1e3 * median(optimizer);
    state.counters["planned_mb"] = double(trained.planned_bytes()) / 1e6;
    state.counters["resident_mb"] = resident_peak() / 1e6;
    state.counters["parameters"] = double(moe::count<Recipe>::parameters);
}

// What main of such a program does. --steps=N: so many steps a case, 10 unless told.
struct steps_program {
    int steps = 10;

    steps_program(int& count, char** words) {
        int kept = 0;
        for (int i = 0; i < count; ++i)
            if (const std::string word = words[i]; word.starts_with("--steps="))
                steps = std::stoi(word.substr(8));
            else
                words[kept++] = words[i];
        count = kept;
    }
    // grains: what to measure with two threads; with one thread only a single grain.
    template <class Recipe>
    void add(const std::string& model, const std::vector<int>& grains, bool one_thread) const {
        const char* const precision = moe::precision_of<Recipe>::name;
        auto* const b =
            benchmark::RegisterBenchmark((model + "/" + precision).c_str(), step<Recipe>);
        b->ArgNames({"threads", "tokens", "grains"});
        b->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(steps);
        if (one_thread) b->Args({1, 4096, 1});
        for (const int number : grains) b->Args({2, 4096, number});
    }
    int run(int count, char** words) const {
        benchmark::Initialize(&count, words);
        if (benchmark::ReportUnrecognizedArguments(count, words)) return 1;
        benchmark::RunSpecifiedBenchmarks();
        return 0;
    }
};

}  // namespace bench
