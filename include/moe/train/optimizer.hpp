// SPDX-License-Identifier: MIT
// The optimizer of a network: its moments, the norm of the gradient, one update of all parameters.
#pragma once

#include <moe/core/error.hpp>
#include <moe/model/network.hpp>
#include <moe/optim/adamw_update.hpp>
#include <moe/optim/clip.hpp>
#include <moe/optim/policy.hpp>

#include <array>
#include <string>
#include <utility>

namespace moe {

template <class Recipe, class On = device_on<Recipe>> class optimizer {
public:
    static constexpr auto policy = of<Recipe>.optimizer;
    static constexpr std::size_t moments = std::size_t(decltype(policy)::moments);
    using network_type = network<Recipe, On>;
    using weights_state = typename network_type::weights_state;
    using moment_state =
        typename network_type::transformer::template state<moment_role<Recipe>::template trained>;

    optimizer() : memory_(planned_bytes()), state_(std::make_unique<states>()) {
        arena place = memory_.as_arena();
        for (moment_state& moment : *state_) place_trained(moment, place);
        partial_ = place.take<double>(largest_norm_blocks());
    }

    static std::size_t planned_bytes() {
        arena counts;
        auto state = std::make_unique<moment_state>();
        for (std::size_t i = 0; i < moments; ++i) place_trained(*state, counts);
        counts.take<double>(largest_norm_blocks());
        return counts.bytes();
    }

    // The norm of the gradient of a batch: over fixed blocks of each tensor, then in their order.
    clipping measure(network_type& network) {
        double sum = 0;
        each_trained(network, [&](const name&, auto&, auto& gradient, auto&...) {
            sum += op::sum_of_squares(network.on(), gradient.view(), partial_);
        });
        return clip_by_norm(sum, policy.clip);
    }

    // Of a network whose gradient ranks share: the whole of it.
    template <class... Where> clipping measure(const placed<network_type*, Where...>& gradient) {
        return measure(*whole(gradient));
    }

    // Step number 'step' (from 1) at this rate. Zeroes the gradient and renews the packed weights.
    void update(network_type& network, std::int64_t step, double rate, clipping clip) {
        each_trained(network, [&](const name&, auto& weight, auto& gradient, auto&... moment) {
            constexpr spec is = spec_of<decltype(weight)>;
            policy.update(network.on(), weight.view(), gradient.view(), {moment.view()...},
                          weight.copies, is.rows,
                          {.step = step, .rate = rate, .clip = clip.factor, .decays = is.decays});
        });
    }

    template <class... Where>
    void update(const placed<network_type*, Where...>& gradient, std::int64_t step, double rate,
                clipping clip) {
        update(*whole(gradient), step, rate, clip);
    }

    // The first tensor whose gradient holds a NaN or an infinity; empty if none does.
    std::string first_not_finite(network_type& network) {
        std::string found;
        each_trained(network, [&](const name& of_field, auto&, auto& gradient, auto&...) {
            const double sum = op::sum_of_squares(network.on(), gradient.view(), partial_);
            if (found.empty() && !(sum - sum == 0)) found = std::string(of_field.text());
        });
        return found;
    }

    // visit(moment number, name, rows): the moments of every trained parameter.
    void each_moment(auto&& visit) {
        for (std::size_t i = 0; i < moments; ++i)
            each_member((*state_)[i], [&](const name& of_field, auto values, spec is) {
                visit(int(i), of_field, values, is);
            });
    }

private:
    using states = std::array<moment_state, moments>;

    // visit(name, weight, gradient, moments...) of every trained tensor, in their one order.
    void each_trained(network_type& network, auto&& visit) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            weights_state::each(
                name(),
                [&](const name& of_field, auto& weight, auto&... roles) {
                    constexpr spec is = spec_of<decltype(weight)>;
                    if constexpr (is.trained && is.count() > 0) visit(of_field, weight, roles...);
                },
                network.weights(), network.gradients(), (*state_)[I]...);
        }
        (std::make_index_sequence<moments>());
    }
    static constexpr std::int64_t largest_norm_blocks() {
        std::int64_t most = 1;
        auto state = std::make_unique<moment_state>();
        moment_state::each(
            name(),
            [&](const name&, auto& field) {
                const std::int64_t blocks = norm_blocks(spec_of<decltype(field)>.count());
                most = blocks > most ? blocks : most;
            },
            *state);
        return most;
    }

    memory memory_;
    std::unique_ptr<states> state_;
    double* partial_ = nullptr;
};

}  // namespace moe
