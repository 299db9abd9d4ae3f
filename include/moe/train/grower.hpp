// SPDX-License-Identifier: MIT
// Trains the experts that a recipe adds to the one it grows, and nothing else: places them by what
// the untouched model's layers see of the new domain and of old ones, then takes steps on new text
// with some old text among it. Reading models and writing the result is train/grow.hpp.
//   loss = mean over new text + replay_weight x mean over old text
// A new expert's bias is held by the share of each old domain's tokens that the expert takes: the
// domain that it takes most of decides. No share of the new domain ever moves it.
#pragma once

#include <moe/io/corpus.hpp>
#include <moe/io/stream.hpp>
#include <moe/model/network.hpp>
#include <moe/optim/schedule.hpp>
#include <moe/train/optimizer.hpp>
#include <moe/train/separation.hpp>
#include <moe/train/settings.hpp>
#include <moe/train/step_report.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

namespace moe {

// One domain's text and the order in which it is read.
struct domain_text {
    io::corpus text;
    io::stream order;
    std::uint64_t next = 0;  // sequence number

    domain_text(const std::string& folder, const io::tokenizer& words, int context,
                std::uint64_t seed)
        : text(folder, words, {.context = context}), order(text, seed) {}
    domain_text(const domain_text&) = delete;
};

// What a network makes of a domain's held-out text, and how often its new experts are used there.
struct domain_look {
    std::string domain;
    double bits_per_byte = 0;
    std::vector<double> use;  // a mixture layer: share of the tokens that a new expert serves

    double mean_use() const {
        double sum = 0;
        for (const double one : use) sum += one / double(use.size());
        return sum;
    }
};

template <class Recipe, class On = device_on<Recipe>> class grower {
public:
    static_assert(checked<Recipe>() && growing<Recipe>);
    using network_type = moe::network<Recipe, On>;
    using transformer = typename network_type::transformer;
    using precise = precise_of<Recipe>;
    static constexpr int context = of<Recipe>.model.context, hidden = of<Recipe>.model.hidden;
    static constexpr int layers = transformer::mixture_layers;
    static constexpr int added = growth<Recipe>::experts;
    static constexpr bool in_slot = growth<Recipe>::slot > 0;
    // The first new one among the experts of its kind.
    static constexpr int first = (in_slot ? of<Recipe>.ffn.slot : of<Recipe>.ffn.routed) - added;
    static constexpr int old_routed = of<Recipe>.ffn.routed - growth<Recipe>::routed;
    // As a bias: no token ever gets this expert.
    static constexpr float never = -1e9F;

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
            for (int i = 0; i < values.count; ++i)
                for (int j = 0; j < values.width; ++j) values(i, j) = 0;
        });
        each_new_bias([](int, int, auto& bias) { bias = never; });
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

    // Rows, biases and experts from what the layers see; the model is as it was until all are
    // known. In a slot the new experts then still add exactly nothing.
    void place() {
        std::vector<placement> all;
        for (int layer = 0; layer < layers; ++layer) all.push_back(placement_of(layer));
        int layer = 0;
        transformer::each_mixture_state(network_.weights(), [&](auto& mixture) {
            if (layer < layers) put(mixture, all[std::size_t(layer)], layer);
            ++layer;
        });
        network_.weights_changed();
    }

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
            return network_.forward_backward(
                       {windows_.data(), std::size_t(count * (context + 1))}, context,
                       weight / tokens, 0) /
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
        const std::int64_t all = text.validation_windows(0);
        const std::int64_t count = limit > 0 ? std::min(limit, all) : all;
        const std::int64_t at_once = network_.largest_grain().sequences;
        domain_look look{text.domain(0), 0, std::vector<double>(std::size_t(layers), 0.0)};
        double nats = 0, bytes = 0;
        for (std::int64_t i = 0; i < count; i += at_once) {
            const std::int64_t some = std::min(at_once, count - i);
            for (std::int64_t j = 0; j < some; ++j) {
                const io::window one = text.validation(0, (i + j) * all / count);
                text.read(one.first, context + 1, windows_.data() + j * (context + 1));
                bytes += double(text.bytes(one.first + 1, context));
            }
            nats +=
                network_.loss({windows_.data(), std::size_t(some * (context + 1))}, context);
            each_layer([&](int layer, const auto& mixture) {
                for (int t = 0; t < int(some) * context; ++t) {
                    bool used = false;
                    each_new_choice(mixture, t, [&](int) { used = true; });
                    look.use[std::size_t(layer)] += used / (double(count) * context);
                }
            });
        }
        look.bits_per_byte = nats / std::log(2.0) / bytes;
        return look;
    }

private:
    struct placement {
        std::vector<precise> rows;  // (added, hidden)
        std::vector<float> bias;
        std::vector<int> copied;  // the old expert that a new one begins as
    };
    // What one layer sees of a text.
    struct states {
        int tokens = 0;
        std::vector<precise> x;       // (tokens, hidden)
        std::vector<precise> logits;  // (tokens, old experts), where newcomers join the top-k
        std::vector<std::int64_t> served = std::vector<std::int64_t>(old_routed);

        rows<const precise> view() const { return {x.data(), tokens, hidden}; }
    };

    // visit(layer, kept of its mixture), without that of multi-token prediction.
    void each_layer(auto&& visit) {
        int layer = 0;
        network_.each_mixture([&](auto& mixture) {
            if (layer < layers) visit(layer, mixture);
            ++layer;
        });
    }
    // visit(which of the new experts): those that serve token t.
    static void each_new_choice(const auto& mixture, int t, auto&& visit) {
        const auto& plan = [&]() -> const dispatch_plan& {
            if constexpr (in_slot)
                return mixture.slot.plan;
            else
                return mixture.plan;
        }();
        for (int i = 0; i < plan.active; ++i)
            if (const int expert = plan.chosen[std::ptrdiff_t(t) * plan.active + i];
                expert >= first)
                visit(expert - first);
    }
    // visit(layer, which, bias)
    void each_new_bias(auto&& visit) {
        int layer = 0;
        transformer::each_mixture_state(network_.weights(), [&](auto& mixture) {
            auto* const bias = [&] {
                if constexpr (in_slot)
                    return mixture.slot.bias.at;
                else
                    return mixture.bias.at;
            }();
            for (int j = 0; j < added; ++j) visit(layer, j, bias[first + j]);
            ++layer;
        });
    }

    states see(int layer, const domain_text& from, std::int64_t tokens) {
        states seen;
        const std::int64_t at_once = network_.largest_grain().sequences;
        const std::int64_t count =
            std::min(ceil_divide(tokens, std::int64_t{context}), from.order.windows());
        for (std::int64_t i = 0; i < count; i += at_once) {
            const std::int64_t some = std::min(at_once, count - i);
            for (std::int64_t j = 0; j < some; ++j)
                from.order.read(std::uint64_t(i + j), windows_.data() + j * (context + 1));
            network_.loss({windows_.data(), std::size_t(some * (context + 1))}, context);
            each_layer([&](int at, const auto& mixture) {
                if (at == layer) remember(seen, mixture, int(some) * context);
            });
        }
        return seen;
    }
    static void remember(states& seen, const auto& mixture, int tokens) {
        seen.tokens += tokens;
        for (int t = 0; t < tokens; ++t) {
            for (int j = 0; j < hidden; ++j) seen.x.push_back(precise(mixture.x(t, j)));
            if constexpr (!in_slot)
                seen.logits.insert(seen.logits.end(), mixture.logits[t],
                                   mixture.logits[t] + old_routed);
            const dispatch_plan& plan = mixture.plan;
            for (int i = 0; i < plan.active; ++i)
                if (const int e = plan.chosen[std::ptrdiff_t(t) * plan.active + i]; e >= 0)
                    ++seen.served[std::size_t(e)];
        }
    }

    placement placement_of(int layer) {
        placement p;
        const states fresh = see(layer, fresh_, settings_.captured_new);
        std::vector<states> old;
        std::vector<precise> all;
        for (const auto& one : old_) {
            old.push_back(see(layer, *one, settings_.captured_old));
            all.insert(all.end(), old.back().x.begin(), old.back().x.end());
        }
        p.rows.resize(std::size_t(added) * hidden);
        const rows<precise> r(p.rows.data(), added, hidden);
        separate(network_.on(), r, fresh.view(), k_means(fresh.view(), added),
                 rows<const precise>(all.data(), int(all.size() / hidden), hidden));

        std::vector<std::vector<precise>> z;  // of each old domain: (tokens, added)
        for (const states& one : old) {
            z.emplace_back(std::size_t(one.tokens) * added);
            op::linear(network_.on(), rows<precise>(z.back().data(), one.tokens, added),
                       one.view(), matrix<precise>{r.at, nullptr, added, hidden});
        }
        p.bias.assign(added, 0);
        if constexpr (in_slot)
            for (int j = 0; j < added; ++j) {
                p.bias[std::size_t(j)] = std::numeric_limits<float>::infinity();
                for (const auto& of_domain : z) {
                    std::vector<precise> scores;
                    for (std::size_t i = std::size_t(j); i < of_domain.size(); i += added)
                        scores.push_back(of_domain[i]);
                    p.bias[std::size_t(j)] =
                        std::min(p.bias[std::size_t(j)],
                                 float(bias_of_share(scores, settings_.leak / added)));
                }
            }
        else
            p.bias.assign(added, bias_in_top_k(layer, old, z));
        p.copied.resize(old_routed);
        std::iota(p.copied.begin(), p.copied.end(), 0);
        std::stable_sort(p.copied.begin(), p.copied.end(), [&](int a, int b) {
            return fresh.served[std::size_t(a)] > fresh.served[std::size_t(b)];
        });
        return p;
    }

    // The largest one with which the whole routing, groups too, sends at most the leak's share of
    // each old domain to newcomers.
    float bias_in_top_k(int layer, const std::vector<states>& old,
                        const std::vector<std::vector<precise>>& z) {
        constexpr int routed = of<Recipe>.ffn.routed, active = of<Recipe>.routing.active;
        float bias[routed];
        int at = 0;
        transformer::each_mixture_state(network_.weights(), [&](const auto& state) {
            if (at++ == layer)
                for (int e = 0; e < old_routed; ++e) bias[e] = float(state.bias.at[e]);
        });
        const auto fits = [&](float newcomers) {
            for (int j = 0; j < added; ++j) bias[old_routed + j] = newcomers;
            for (std::size_t d = 0; d < old.size(); ++d) {
                std::int64_t taken = 0;
                for (int t = 0; t < old[d].tokens; ++t) {
                    precise logits[routed], weight[active];
                    int chosen[active];
                    std::copy_n(old[d].logits.data() + std::ptrdiff_t(t) * old_routed, old_routed,
                                logits);
                    std::copy_n(z[d].data() + std::ptrdiff_t(t) * added, added,
                                logits + old_routed);
                    of<Recipe>.routing.template choose<routed>(chosen, weight, logits, bias);
                    taken += chosen[active - 1] >= old_routed;
                }
                if (double(taken) > settings_.leak * old[d].tokens) return false;
            }
            return true;
        };
        float low = -2, high = 2;  // affinities lie between 0 and 1
        for (int i = 0; i < 24; ++i) {
            const float middle = (low + high) / 2;
            (fits(middle) ? low : high) = middle;
        }
        return low;
    }

    void put(auto& mixture, const placement& p, int layer) {
        auto& of = [&]() -> auto& {
            if constexpr (in_slot)
                return mixture.slot;
            else
                return mixture;
        }();
        for (int j = 0; j < added; ++j) {
            for (int i = 0; i < hidden; ++i)
                of.router.view()(first + j, i) = p.rows[std::size_t(j * hidden + i)];
            of.bias.at[first + j] = p.bias[std::size_t(j)];
            const int from = p.copied[std::size_t(j % old_routed)];
            const auto stream = std::uint64_t(layer * added + j) * 2;
            begin_as(of.gate, first + j, mixture.gate, from, stream);
            begin_as(of.up, first + j, mixture.up, from, stream + 1);
        }
    }
    // A copy with noise of 2 % of its deviation. The matrix behind stays zero.
    void begin_as(auto& to, int member, const auto& like, int from, std::uint64_t stream) {
        constexpr spec is = spec_of<decltype(to)>;
        const auto source = like.view().part(from * is.rows, is.rows);
        const auto target = to.view().part(member * is.rows, is.rows);
        const std::int64_t count = std::int64_t{is.rows} * is.columns;
        double sum = 0;
        for (std::int64_t i = 0; i < count; ++i)
            sum += double(source.at[i]) * double(source.at[i]);
        const double noise = 0.02 * std::sqrt(sum / double(count));
        constexpr std::uint64_t streams = 0x6772'6F77'0000'0000U;  // "grow"
        for (std::int64_t i = 0; i < count; ++i) {
            using T = std::remove_cvref_t<decltype(target.at[i])>;
            target.at[i] = T(double(source.at[i]) +
                             noise * double(random_normal(settings_.seed, streams + stream,
                                                          std::uint64_t(i))));
        }
    }

    double& leak(int layer, int which, std::size_t domain) {
        return leaks_[(std::size_t(layer) * added + std::size_t(which)) * old_.size() + domain];
    }
    // Of the old sequences of this step; a running mean, for a sequence is a small sample.
    void measure_leaks(std::uint64_t first_read, int sequences) {
        constexpr double pace = 0.25;
        each_layer([&](int layer, const auto& mixture) {
            for (int s = 0; s < sequences; ++s) {
                const std::size_t domain = (first_read + std::uint64_t(s)) % old_.size();
                int taken[added] = {};
                for (int t = s * context; t < (s + 1) * context; ++t)
                    each_new_choice(mixture, t, [&](int j) { ++taken[j]; });
                for (int j = 0; j < added; ++j) {
                    double& mean = leak(layer, j, domain);
                    mean += pace * (double(taken[j]) / context - mean);
                }
            }
        });
    }
    void hold_leaks(double rate_share) {
        const double wanted = settings_.leak / added, pace = in_slot ? 0.04 : 0.01;
        each_new_bias([&](int layer, int j, auto& bias) {
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
