// SPDX-License-Identifier: MIT
// The optimizer of a network: its moments, the norm of the gradient, one update of all parameters.
#pragma once

#include <moe/core/error.hpp>
#include <moe/model/network.hpp>
#include <moe/op/expanded_update.cpu.hpp>
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

    static constexpr std::int64_t all(spec is) { return is.trained_rows(); }
    constexpr interval of(int which, spec is) const { return part_of(all(is), ranks, which); }
    constexpr interval rows_of(spec is) const { return of(rank, is); }
};

template <class Recipe, class On = device_on<Recipe>> class optimizer {
public:
    static constexpr auto policy = of<Recipe>.optimizer;
    static constexpr std::size_t moments = std::size_t(decltype(policy)::moments);
    using network_type = network<Recipe, On>;
    using weights_state = typename network_type::weights_state;
    using moment_state = moments_of<typename network_type::transformer, Recipe>;

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
        each_trained(network, [&](const name& of_field, auto& weight, auto& gradient,
                                  auto&... moment) {
            constexpr spec is = spec_of<decltype(weight)>;
            // Of a matrix that is trained from a row inside it on, the copies follow behind.
            constexpr bool whole = is.frozen % is.rows == 0;
            auto copies = member_of(weight.copies, is.frozen / is.rows, is.rows, is.columns);
            if constexpr (!whole) copies = {};
            update_rows(
                network.on(), of_field, weight, gradient, {0, moment_share::all(is)}, copies,
                {.step = step, .rate = rate, .clip = clip.factor, .decays = is.decays}, moment...);
            if constexpr (!whole && On::packs_weights &&
                          std::remove_cvref_t<decltype(weight)>::has_packed)
                op::pack(network.on(), weight.copies, weight.view());
        });
    }
    // The same where each rank has its share of the moments: it updates those rows and gets the
    // others from those who did.
    template <communicates Ranks>
    void update_share(network_type& network, Ranks& ranks, std::int64_t step, double rate,
                      clipping clip) {
        each_trained(
            network, [&](const name& of_field, auto& weight, auto& gradient, auto&... moment) {
                constexpr spec is = spec_of<decltype(weight)>;
                const interval mine = share_.rows_of(is);
                if (mine.count() > 0)
                    update_rows(
                        network.on(), of_field, weight, gradient, mine, decltype(weight.copies){},
                        {.step = step, .rate = rate, .clip = clip.factor, .decays = is.decays},
                        moment...);
                std::memset(static_cast<void*>(gradient.at), 0,
                            std::size_t(is.trained_count()) * sizeof(*gradient.at));
                weight.each_part([&]<class T>(std::string_view, T* at, int width, int) {
                    const int line = width * travelling_size<T>;
                    ranks.all_gather(std::span(as_travels(at + std::ptrdiff_t(is.frozen) * width),
                                               std::size_t(moment_share::all(is) * line)),
                                     line);
                });
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

    // The rows of a tensor that these moments are of.
    template <class Weight, class Copies>
    static void update_rows(On on, const name& of_field, Weight& weight, auto& gradient,
                            interval mine, Copies copies, update_settings settings,
                            auto&... moment) {
        constexpr spec is = spec_of<Weight>;
        const int first = int(mine.first), count = int(mine.count());
        const auto w = weight.trained_view().part(first, count);
        const auto g = gradient.view().part(first, count);
        constexpr bool companded = (std::remove_cvref_t<decltype(moment)>::companded || ...);
        if constexpr (!Weight::split && !companded) {
            policy.update(on, w, g, {rows(moment.at, count, is.columns)...}, copies,
                          copies.packed ? is.rows : count, settings);
        } else {
            settings.exact = !companded;
            const auto update = [&](auto one, rows<float> piece, auto of_gradient,
                                    const auto& moments) {
                policy.update(one, piece, of_gradient, moments, Copies{}, 1, settings);
            };
            const weight_rounding how{.stochastic = rounds_stochastically(),
                                      .seed = std::uint64_t(settings.step),
                                      .stream = stream_of(of_field.text()),
                                      .first_row = mine.first};
            std::size_t number = 0;
            const auto stored = [&](auto& one) {
                if constexpr (companded) {
                    using moment_type = std::remove_cvref_t<decltype(one)>;
                    return companded_rows{{one.at, count, is.columns},
                                          {one.rest.at, count, moment_type::groups},
                                          detail::moment_group<Recipe>(),
                                          !policy.moment_has_sign[number++]};
                } else {
                    return rows<float>(one.at, count, is.columns);
                }
            };
            const std::array all{stored(moment)...};
            if constexpr (Weight::split) {
                op::update_expanded(on, weight.parts().part(is.frozen + first, count), g, all, how,
                                    update);
            } else {
                op::update_expanded(on, w, g, all, how, update);
                const int members = count / is.rows;
                for (int member = 0; copies.packed && member < members; ++member)
                    op::pack(on, member_of(copies, member, is.rows, is.columns),
                             w.part(member * is.rows, is.rows));
            }
        }
    }
    static constexpr bool rounds_stochastically() {
        if constexpr (requires { of<Recipe>.precision.rounding; })
            return of<Recipe>.precision.rounding == rounding::stochastic;
        else
            return false;
    }
    // visit(name, weight, gradient, moments...) of every trained tensor, in their one order.
    void each_trained(network_type& network, auto&& visit) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            weights_state::each(
                name(),
                [&](const name& of_field, auto& weight, auto&... roles) {
                    constexpr spec is = spec_of<decltype(weight)>;
                    if constexpr (is.trained_count() > 0) visit(of_field, weight, roles...);
                },
                network.weights(), network.gradients(), (*state_)[I]...);
        }
        (std::make_index_sequence<moments>());
    }
    static void place_share(moment_state& state, arena& memory, moment_share share) {
        moment_state::each(
            name(),
            [&](const name&, auto& field) {
                constexpr spec is = spec_of<decltype(field)>;
                if constexpr (is.trained)
                    detail::place_parts(field, memory, share.rows_of(is).count());
            },
            state);
    }
    template <communicates Ranks> void exchange_with_first(Ranks& ranks, bool to_first) {
        states none{};
        for (std::size_t i = 0; i < moments; ++i)
            moment_state::each(
                name(),
                [&](const name&, auto& share, auto& whole) {
                    constexpr spec is = spec_of<decltype(share)>;
                    if constexpr (is.trained_count() > 0) {
                        void* parts[2] = {};
                        int part = 0;
                        whole.each_part(
                            [&](std::string_view, auto* at, int, int) { parts[part++] = at; });
                        part = 0;
                        share.each_part([&]<class T>(std::string_view, T* at, int width, int) {
                            exchange_part(ranks, to_first, as_travels(at),
                                          as_travels(static_cast<T*>(parts[part++])), is,
                                          width * travelling_size<T>);
                        });
                    }
                },
                (*state_)[i], (whole_ ? *whole_ : none)[i]);
    }
    // One part of a tensor, 'width' elements a row.
    template <communicates Ranks, class T>
    void exchange_part(Ranks& ranks, bool to_first, T* share, T* whole, spec is, int width) {
        const bool first = ranks.rank() == 0;
        std::vector<message<const T>> out;
        std::vector<message<T>> in;
        const auto part = [&](int rank) {
            const interval at = share_.of(rank, is);
            T* const begin = first ? whole + at.first * width : share;
            return std::span<T>(begin, std::size_t(at.count() * width));
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
        ranks.exchange(std::span<const message<const T>>(out), std::span<const message<T>>(in));
        const std::size_t bytes = first ? part(0).size_bytes() : 0;
        if (bytes > 0) std::memcpy(to_first ? whole : share, to_first ? share : whole, bytes);
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
