// SPDX-License-Identifier: MIT
// The experts that a recipe adds to the one it grows: which they are, and where they begin. They
// are placed by what the untouched model's layers see of the new domain and of old ones: a router
// row that tells them apart, a bias that bounds how much of each old domain they take, and a copy
// of the old expert that serves the new domain most, with nothing behind it yet.
#pragma once

#include <moe/io/corpus.hpp>
#include <moe/io/stream.hpp>
#include <moe/model/network.hpp>
#include <moe/train/separation.hpp>
#include <moe/train/settings.hpp>

#include <algorithm>
#include <cmath>
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

// Those of a recipe.
template <class Recipe> struct new_experts {
    using transformer = transformer_of<Recipe>;
    static constexpr int layers = transformer::mixture_layers;
    static constexpr int added = growth<Recipe>::experts;
    static constexpr bool in_slot = growth<Recipe>::slot > 0;
    // The first new one among the experts of its kind.
    static constexpr int first = (in_slot ? of<Recipe>.ffn.slot : of<Recipe>.ffn.routed) - added;
    static constexpr int old_routed = of<Recipe>.ffn.routed - growth<Recipe>::routed;
    // As a bias: no token ever gets this expert.
    static constexpr float never = -1e9F;

    // visit(layer, kept of its mixture), without that of multi-token prediction.
    static void each_layer(auto& network, auto&& visit) {
        int layer = 0;
        network.each_mixture([&](auto& mixture) {
            if (layer < layers) visit(layer, mixture);
            ++layer;
        });
    }
    // visit(which of the new experts): those that serve token t.
    static void each_choice(const auto& mixture, int t, auto&& visit) {
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
    static void each_bias(auto& network, auto&& visit) {
        int layer = 0;
        transformer::each_mixture_state(network.weights(), [&](auto& mixture) {
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
};

// For a network of zeros into which the model that is grown was read, and whose newcomers no token
// gets.
template <class Recipe, class On = device_on<Recipe>> class expert_placer : new_experts<Recipe> {
public:
    using is = new_experts<Recipe>;
    using network_type = moe::network<Recipe, On>;

    expert_placer(network_type& network, const grow_settings& s, const domain_text& fresh,
                  const std::vector<std::unique_ptr<domain_text>>& old)
        : network_(network),
          settings_(s),
          fresh_(fresh),
          old_(old),
          windows_(std::size_t(network.largest_grain().sequences) * (context + 1)) {}

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

private:
    using transformer = typename is::transformer;
    using is::added, is::first, is::in_slot, is::layers, is::old_routed;
    using precise = precise_of<Recipe>;
    static constexpr int context = of<Recipe>.model.context, hidden = of<Recipe>.model.hidden;

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
            is::each_layer(network_, [&](int at, const auto& mixture) {
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
            op::linear(network_.on(), rows<precise>(z.back().data(), one.tokens, added), one.view(),
                       matrix<precise>{r.at, nullptr, added, hidden});
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
        }
        ();
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
        const auto number = [&](std::int64_t i) { return double(precise(source.at[i])); };
        double sum = 0;
        for (std::int64_t i = 0; i < count; ++i) sum += number(i) * number(i);
        const double noise = 0.02 * std::sqrt(sum / double(count));
        constexpr std::uint64_t streams = 0x6772'6F77'0000'0000U;  // "grow"
        for (std::int64_t i = 0; i < count; ++i) {
            using T = std::remove_cvref_t<decltype(target.at[i])>;
            const float drawn = random_normal(settings_.seed, streams + stream, std::uint64_t(i));
            target.at[i] = T(precise(number(i) + noise * double(drawn)));
        }
    }

    network_type& network_;
    const grow_settings& settings_;
    const domain_text& fresh_;
    const std::vector<std::unique_ptr<domain_text>>& old_;
    std::vector<int> windows_;
};

}  // namespace moe
