// SPDX-License-Identifier: MIT
// A network with its memory: weights, gradients of the grains of a batch, activations of one grain.
//
//   moe::network<nano> network({.sequences = 16, .length = 256}, {.grains = 2});
//   network.start(seed);
//   network.forward_backward(windows, share);   // one grain, then the next
//   network.finish_gradients();                 // their sum, in the order of one fixed tree
//
// The sum over grains: while grain after grain arrives, neighbours are added in pairs, pairs of
// pairs and so on, like the carries of a binary counter, so a batch of G grains needs log2(G) + 1
// gradient buffers and every layout of the same grains computes the same tree. A rank that begins
// at another grain than the first merges what it has both halves of (comm/grain_tree.hpp).
#pragma once

#include <moe/comm/placement.hpp>
#include <moe/device/executor.hpp>
#include <moe/device/memory.hpp>
#include <moe/model/bytes.hpp>
#include <moe/model/parameters.hpp>
#include <moe/model/run.hpp>
#include <moe/model/transformer.hpp>
#include <moe/recipe/checked.hpp>
#include <moe/tensor/arena.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace moe {

struct network_settings {
    int threads = 0;      // 0: one a core
    int grains = 1;       // of a batch, with this rank; sets the number of gradient buffers
    bool trains = true;   // without gradients a network can only score and generate
    int first_grain = 0;  // of this rank
    int all_grains = 0;   // of all ranks; 0: this rank is the only one
};

template <class Recipe> using device_on = typename decltype(Recipe::device)::on;

template <class Recipe, class On = device_on<Recipe>> class network {
public:
    static_assert(checked<Recipe>());
    using transformer = transformer_of<Recipe>;
    using weights_state = weights_of<transformer, Recipe>;
    using gradients_state = gradients_of<transformer, Recipe>;
    using number = activation_of<Recipe>;
    using precise = precise_of<Recipe>;

    // shape: of the largest grain.
    network(batch_shape shape, network_settings settings)
        : shape_(shape),
          settings_(settings),
          executor_(settings.threads),
          plan_(planned(shape, settings)),
          weights_memory_(plan_.weights),
          packed_memory_(plan_.packed),
          gradients_memory_(plan_.gradients),
          activations_memory_(plan_.activations),
          workspace_memory_(plan_.workspace),
          tables_memory_(plan_.tables),
          kept_(std::make_unique<typename transformer::kept>()),
          delta_(std::make_unique<typename transformer::delta>()),
          work_(std::make_unique<typename transformer::work>()),
          weights_(std::make_unique<weights_state>()) {
        arena weights = weights_memory_.as_arena(), packed = packed_memory_.as_arena();
        arena gradients = gradients_memory_.as_arena(), kept = activations_memory_.as_arena();
        arena workspace = workspace_memory_.as_arena(), tables = tables_memory_.as_arena();
        place_weights(*weights_, weights);
        if constexpr (On::packs_weights) place_packed(*weights_, packed);
        gradients_.resize(levels(settings));
        for (auto& level : gradients_) place_trained(level, gradients);
        kept_->place(kept, shape);
        if (settings.trains) delta_->place(workspace, shape);
        work_->place(workspace, shape);
        place_tables(tables, shape, tables_);
        pass_.angles = {tables_.angles, rotated()};
        op::rope_table(tables_.angles, shape.length, rotated(), of<Recipe>.model.rope_base,
                       of<Recipe>.model.rope_scaling);
    }

    static byte_plan planned(batch_shape shape, network_settings settings) {
        byte_plan plan;
        {
            arena memory;
            auto state = std::make_unique<weights_state>();
            place_weights(*state, memory);
            plan.weights = memory.bytes();
            arena packed;
            if constexpr (On::packs_weights) place_packed(*state, packed);
            plan.packed = packed.bytes();
        }
        {
            arena memory;
            auto state = std::make_unique<gradients_state>();
            for (std::size_t i = 0; i < levels(settings); ++i) place_trained(*state, memory);
            plan.gradients = memory.bytes();
        }
        {
            arena memory, workspace, tables;
            std::make_unique<typename transformer::kept>()->place(memory, shape);
            if (settings.trains)
                std::make_unique<typename transformer::delta>()->place(workspace, shape);
            std::make_unique<typename transformer::work>()->place(workspace, shape);
            table_views views;
            place_tables(tables, shape, views);
            plan.activations = memory.bytes();
            plan.workspace = workspace.bytes();
            plan.tables = tables.bytes();
        }
        return plan;
    }

    const byte_plan& bytes() const { return plan_; }
    batch_shape largest_grain() const { return shape_; }
    int threads() const { return executor_.threads(); }
    On on() { return executor_.on(); }

    // Random starting weights; the packed copies with them.
    void start(std::uint64_t seed) {
        start_weights(*weights_, seed, of<Recipe>.model.initial_deviation);
        weights_changed();
    }
    // To be called after weights were changed from outside.
    void weights_changed() {
        if constexpr (On::packs_weights) pack_weights(on(), *weights_);
    }
    weights_state& weights() { return *weights_; }
    const weights_state& weights() const { return *weights_; }

    // visit(name, rows<T>, spec): every parameter, the experts of a stack one by one.
    void each_parameter(auto&& visit) { each_member(*weights_, visit); }
    // The same for the gradient of the last batch.
    void each_gradient(auto&& visit) { each_member(gradients_.at(0), visit); }
    // A parameter by its name; null rows where there is none of it.
    rows<master_of<Recipe>> parameter(std::string_view wanted) {
        using weight_rows = rows<master_of<Recipe>>;
        weight_rows found;
        each_parameter([&]<class T>(const name& of_field, rows<T> values, spec) {
            if constexpr (std::is_same_v<rows<T>, weight_rows>)
                if (of_field.text() == wanted) found = values;
        });
        return found;
    }

    // Tokens behind a sequence that training looks at.
    static constexpr int lookahead = growing<Recipe> ? 1 : 1 + of<Recipe>.model.mtp_depth;

    // windows: (sequences, length + lookahead) tokens. Adds the gradients of share * (sum of the
    // losses of all predicted tokens) + sequence_share * (sum of the sequences' balance losses) as
    // the next grain; returns the sum of the losses. domains: (sequences), where a router wants to
    // know them.
    double forward_backward(std::span<const int> windows, int length, double share,
                            double sequence_share, const int* domains = nullptr) {
        MOE_CHECK(settings_.trains, ==, true);
        const int depth = sums_;
        MOE_CHECK(depth, <, int(gradients_.size()));
        const token_views tokens = take_windows(windows, length, lookahead, sequence_share);
        pass_.text.domains = domains;
        if (pass_.tokens() > 0)
            transformer::forward_backward(on(), pass_, tokens, precise(share), *weights_, *kept_,
                                          *delta_, *work_, gradients_[std::size_t(depth)]);
        ++grains_done_, ++sums_;
        const int first = settings_.first_grain;
        for (int carries = grain_tree::carries(first, first + grains_done_); carries > 0; --carries)
            --sums_, merge(sums_ - 1, sums_);
        return sum_of_losses();
    }
    // The gradient of all grains since the last call, in gradients().
    void finish_gradients() {
        for (; sums_ > 1; --sums_) merge(sums_ - 2, sums_ - 1);
        grains_done_ = sums_ = 0;
    }
    // The same of the grains of all ranks: what each is left with are parts of the same tree.
    template <communicates Ranks> void finish_gradients(Ranks& ranks) {
        if constexpr (Ranks::alone) {
            finish_gradients();
        } else {
            const int held = larger(sums_, 1);  // without a grain, room for the sum of the others'
            const std::size_t bytes = plan_.gradients / gradients_.size();
            const auto add_up = [&]<class T>(T* first, std::int64_t count) {
                T* sums[64];
                for (int i = 0; i < held; ++i)
                    sums[i] = first + std::size_t(i) * (bytes / sizeof(T));
                ranks.all_reduce(std::span<T* const>(sums, std::size_t(held)), count,
                                 settings_.all_grains);
                for (int i = 1; i < held; ++i)
                    std::memset(static_cast<void*>(sums[i]), 0, std::size_t(count) * sizeof(T));
            };
            if constexpr (std::is_same_v<gradient_of<Recipe>, precise>)
                each_run<precise>(gradients_.at(0), add_up);
            else
                each_run<gradient_of<Recipe>, precise>(gradients_.at(0), add_up);
            grains_done_ = sums_ = 0;
        }
    }
    gradients_state& gradients() { return gradients_.at(0); }

    // The sum of the losses of all predicted tokens, without gradients. windows: (sequences,
    // length + 1).
    double loss(std::span<const int> windows, int length) {
        const token_views tokens = take_windows(windows, length, 1, 0);
        if (pass_.tokens() > 0) transformer::loss(on(), pass_, tokens, *weights_, *kept_, *work_);
        return sum_of_losses();
    }

    // Logits of the tokens of one sequence, which begins at 'position' when earlier calls brought
    // the tokens before (the keys and values of those are still here). y: (tokens, vocab); with
    // fewer rows than tokens, the last ones.
    void logits(precise_rows<Recipe> y, std::span<const int> sequence, int position = 0) {
        const int tokens = int(sequence.size());
        MOE_CHECK(position + tokens, <=, shape_.tokens());
        MOE_CHECK(position + tokens, <=, shape_.length);
        pass_.shape = {1, tokens};
        pass_.text = {.tokens = tables_.inputs, .length = tokens};
        pass_.position = position;
        for (int t = 0; t < tokens; ++t) tables_.inputs[t] = sequence[std::size_t(t)];
        transformer::forward(on(), pass_, tables_.inputs, *weights_, *kept_, *work_);
        transformer::logits(on(), y, tokens - y.count, *weights_, *kept_);
        pass_.position = 0;
    }

    // visit(kept of a mixture layer): choices, logits and balance losses of the last pass.
    void each_mixture(auto&& visit) { transformer::each_mixture(*kept_, visit); }
    const pass_of<Recipe>& last_pass() const { return pass_; }
    const typename transformer::kept& last_kept() const { return *kept_; }
    // Loss of every position of the last pass.
    std::span<const precise> losses() const { return {kept_->losses, std::size_t(pass_.tokens())}; }

private:
    struct table_views {
        precise* angles = nullptr;
        int *inputs = nullptr, *following = nullptr, *second = nullptr;
    };
    static constexpr int rotated() {
        if constexpr (requires { of<Recipe>.attention.rope_dim; })
            return of<Recipe>.attention.rope_dim;
        else
            return of<Recipe>.attention.key_size();
    }
    static void place_tables(arena& memory, batch_shape shape, table_views& views) {
        views.angles = memory.take<precise>(std::int64_t(shape.length) * rotated());
        for (int** tokens : {&views.inputs, &views.following, &views.second})
            *tokens = memory.take<int>(shape.tokens());
    }
    static std::size_t levels(network_settings settings) {
        const int first = settings.first_grain;
        const int most = grain_tree::most_pieces(first, first + settings.grains);
        return settings.trains ? std::size_t(larger(most, 1)) : 0;
    }

    token_views take_windows(std::span<const int> windows, int length, int ahead,
                             double sequence_share) {
        const int width = length + ahead, sequences = int(windows.size()) / width;
        MOE_CHECK(sequences * width, ==, windows.size());
        MOE_CHECK(length, <=, shape_.length);
        MOE_CHECK(sequences * length, <=, shape_.tokens());
        pass_.shape = {sequences, length};
        pass_.text = {.tokens = tables_.inputs, .length = length};
        pass_.sequence_share = sequence_share;
        for (int s = 0; s < sequences; ++s)
            for (int i = 0; i < length; ++i) {
                const int* window = windows.data() + std::ptrdiff_t(s) * width + i;
                const int at = s * length + i;
                tables_.inputs[at] = window[0];
                tables_.following[at] = window[1];
                tables_.second[at] = i + 2 < width ? window[2] : -1;
            }
        return {tables_.inputs, tables_.following, tables_.second};
    }
    double sum_of_losses() const {
        double sum = 0;
        for (const precise loss : losses()) sum += double(loss);
        return sum;
    }
    void merge(int into, int from) {
        gradients_state::each(
            name(),
            [&](const name&, auto& to, auto& other) {
                if constexpr (spec_of<decltype(to)>.trained_count() > 0)
                    op::add_and_clear(on(), to.view(), other.view());
            },
            gradients_[std::size_t(into)], gradients_[std::size_t(from)]);
    }
    batch_shape shape_;
    network_settings settings_;
    executor<On> executor_;
    byte_plan plan_;
    memory weights_memory_, packed_memory_, gradients_memory_, activations_memory_,
        workspace_memory_, tables_memory_;
    std::unique_ptr<typename transformer::kept> kept_;
    std::unique_ptr<typename transformer::delta> delta_;
    std::unique_ptr<typename transformer::work> work_;
    std::unique_ptr<weights_state> weights_;
    std::vector<gradients_state> gradients_;
    table_views tables_;
    pass_of<Recipe> pass_;
    int grains_done_ = 0, sums_ = 0;  // of this rank; buffers that hold a sum of them
};

// For all_reduce of comm/placement.hpp: the gradients of a network.
template <communicates Ranks, class Recipe, class On>
void sum_over(Ranks& ranks, network<Recipe, On>* of) {
    of->finish_gradients(ranks);
}

}  // namespace moe
