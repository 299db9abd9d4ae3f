// SPDX-License-Identifier: MIT
// The optimizer of a network: its moments, the norm of the gradient, one update of all parameters.
#pragma once

#include <moe/core/error.hpp>
#include <moe/model/network.hpp>
#include <moe/optim/adamw_update.hpp>
#include <moe/optim/clip.hpp>
#include <moe/optim/policy.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace moe {

// The rows of each tensor whose moments a rank holds.
struct moment_share {
    int ranks = 1, rank = 0;

    static constexpr std::int64_t all(spec is) { return std::int64_t{1} * is.rows * is.stack; }
    constexpr interval of(int which, spec is) const { return part_of(all(is), ranks, which); }
    constexpr interval rows_of(spec is) const { return of(rank, is); }
};

template <class Recipe, class On = device_on<Recipe>> class optimizer {
public:
    static constexpr auto policy = of<Recipe>.optimizer;
    static constexpr std::size_t moments = std::size_t(decltype(policy)::moments);
    using network_type = network<Recipe, On>;
    using weights_state = typename network_type::weights_state;
    using moment_state =
        typename network_type::transformer::template state<moment_role<Recipe>::template trained>;

    explicit optimizer(moment_share share = {})
        : share_(share), memory_(planned_bytes(share)), state_(std::make_unique<states>()) {
        arena place = memory_.as_arena();
        for (moment_state& moment : *state_) place_share(moment, place, share);
        partial_ = place.take<double>(largest_norm_blocks());
    }

    static std::size_t planned_bytes(moment_share share = {}) {
        arena counts;
        auto state = std::make_unique<moment_state>();
        for (std::size_t i = 0; i < moments; ++i) place_share(*state, counts, share);
        counts.take<double>(largest_norm_blocks());
        return counts.bytes();
    }
    moment_share share() const { return share_; }

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
        MOE_CHECK(share_.ranks, ==, 1);
        each_trained(network, [&](const name&, auto& weight, auto& gradient, auto&... moment) {
            constexpr spec is = spec_of<decltype(weight)>;
            policy.update(network.on(), weight.view(), gradient.view(), {moment.view()...},
                          weight.copies, is.rows,
                          {.step = step, .rate = rate, .clip = clip.factor, .decays = is.decays});
        });
    }
    // The same where each rank has its share of the moments: it updates those rows and gets the
    // others from those who did.
    template <communicates Ranks>
    void update_share(network_type& network, Ranks& ranks, std::int64_t step, double rate,
                      clipping clip) {
        each_trained(network, [&](const name&, auto& weight, auto& gradient, auto&... moment) {
            constexpr spec is = spec_of<decltype(weight)>;
            const interval mine = share_.rows_of(is);
            const int first = int(mine.first), count = int(mine.count());
            if (count > 0)
                policy.update(
                    network.on(), weight.view().part(first, count),
                    gradient.view().part(first, count), {rows(moment.at, count, is.columns)...},
                    decltype(weight.copies){}, count,
                    {.step = step, .rate = rate, .clip = clip.factor, .decays = is.decays});
            std::memset(static_cast<void*>(gradient.at), 0, is.count() * sizeof(*gradient.at));
            ranks.all_gather(std::span(weight.at, std::size_t(is.count())), is.columns);
        });
        network.weights_changed();
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

    // For checkpoints rank 0 holds all moments for a while, in memory beside the plan.
    void hold_whole() {
        if (share_.ranks == 1 || whole_) return;
        arena counts;
        auto state = std::make_unique<states>();
        for (moment_state& moment : *state) place_trained(moment, counts);
        whole_memory_ = memory(counts.bytes());
        arena place = whole_memory_.as_arena();
        for (moment_state& moment : *state) place_trained(moment, place);
        whole_ = std::move(state);
    }
    void drop_whole() {
        whole_.reset();
        whole_memory_ = memory();
    }
    // All ranks' shares to rank 0, and back from what it holds.
    template <communicates Ranks> void gather(Ranks& ranks) {
        if (share_.ranks == 1) return;
        if (ranks.rank() == 0) hold_whole();
        exchange_with_first(ranks, true);
    }
    template <communicates Ranks> void scatter(Ranks& ranks) {
        if (share_.ranks == 1) return;
        exchange_with_first(ranks, false);
    }

    // visit(moment number, name, rows): the moments of every trained parameter.
    void each_moment(auto&& visit) {
        MOE_CHECK(share_.ranks == 1 || whole_, ==, true);
        for (std::size_t i = 0; i < moments; ++i)
            each_member((whole_ ? *whole_ : *state_)[i],
                        [&](const name& of_field, auto values, spec is) {
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
    static void place_share(moment_state& state, arena& memory, moment_share share) {
        moment_state::each(
            name(),
            [&](const name&, auto& field) {
                using T = number_of<decltype(field)>;
                constexpr spec is = spec_of<decltype(field)>;
                if constexpr (is.trained)
                    field.at = memory.take<T>(share.rows_of(is).count() * is.columns);
            },
            state);
    }
    template <communicates Ranks> void exchange_with_first(Ranks& ranks, bool to_first) {
        const bool first = ranks.rank() == 0;
        states none{};
        for (std::size_t i = 0; i < moments; ++i)
            moment_state::each(
                name(),
                [&](const name&, auto& share, auto& whole) {
                    using T = number_of<decltype(share)>;
                    constexpr spec is = spec_of<decltype(share)>;
                    if constexpr (is.trained && is.count() > 0) {
                        std::vector<message<const T>> out;
                        std::vector<message<T>> in;
                        const auto part = [&](int rank) {
                            const interval at = share_.of(rank, is);
                            T* const begin = first ? whole.at + at.first * is.columns : share.at;
                            return std::span<T>(begin, std::size_t(at.count() * is.columns));
                        };
                        const auto with = [&](int other, std::span<T> values) {
                            if (values.empty()) return;
                            if (first != to_first)
                                out.push_back({other, values});
                            else
                                in.push_back({other, values});
                        };
                        if (!first) with(0, part(ranks.rank()));
                        for (int r = 1; first && r < ranks.size(); ++r) with(r, part(r));
                        ranks.exchange(std::span<const message<const T>>(out),
                                       std::span<const message<T>>(in));
                        const std::size_t bytes = first ? part(0).size_bytes() : 0;
                        if (bytes > 0)
                            std::memcpy(to_first ? whole.at : share.at,
                                        to_first ? share.at : whole.at, bytes);
                    }
                },
                (*state_)[i], (whole_ ? *whole_ : none)[i]);
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

    moment_share share_;
    memory memory_, whole_memory_;
    std::unique_ptr<states> state_, whole_;
    double* partial_ = nullptr;
};

}  // namespace moe
