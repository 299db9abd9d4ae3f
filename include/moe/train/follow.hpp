// SPDX-License-Identifier: MIT
// A training run of several ranks: rank 0 has the folder, the log and the terminal
// (train/training_run.hpp), the others take the steps that it takes.
//
//   rank 0                                    every other rank
//   prepares the folder, learns a tokenizer   waits for that
//   builds its trainer                        builds its trainer
//   loads a checkpoint, shares it             takes it over
//   says before each step that there is one   takes the step, until there is none
//   says that it wants all moments            sends its share of them
#pragma once

#include <moe/io/file.hpp>
#include <moe/train/tensors.hpp>
#include <moe/train/trainer.hpp>

#include <string>
#include <utility>

namespace moe {

// A tokenizer that is learnt stays with the run.
inline std::string learnt_tokenizer(const settings& s) {
    return io::join(s.out, "tokenizer.model");
}

enum class lead : std::int64_t { stop, step, gather };

// What is next, which rank 0 knows.
template <communicates Ranks> lead follow_lead(Ranks& ranks, lead says = lead::stop) {
    auto word = std::int64_t(says);
    if constexpr (!Ranks::alone) ranks.broadcast(std::span(&word, 1), 0);
    return lead(word);
}

// The moments of all ranks as a list of tensors, for rank 0: they are there until the next step.
template <class Recipe, class On, communicates Ranks>
io::tensor_list gathered_moments(trainer<Recipe, On, Ranks>& trainer) {
    if constexpr (!Ranks::alone && moe::trainer<Recipe, On, Ranks>::shares) {
        follow_lead(trainer.ranks(), lead::gather);
        trainer.optimizer().gather(trainer.ranks());
    }
    return tensors_of(trainer.optimizer());
}

// Weights, moments and position of rank 0 become those of all.
template <class Recipe, class On, communicates Ranks>
void share_state(trainer<Recipe, On, Ranks>& trainer) {
    if constexpr (Ranks::alone) return;
    Ranks& ranks = trainer.ranks();
    std::uint64_t numbers[] = {std::uint64_t(trainer.steps_done()), trainer.position()};
    ranks.broadcast(std::span<std::uint64_t>(numbers), 0);
    const auto share = [&]<class T>(rows<T> values) {
        const std::int64_t count = std::int64_t{1} * values.count * values.width;
        ranks.broadcast(std::span(as_travels(values.at), std::size_t(count * travelling_size<T>)),
                        0);
    };
    trainer.network().each_parameter([&](const name&, auto values, spec) { share(values); });
    if (numbers[0] != 0) {  // before the first step moments are zero
        if constexpr (moe::trainer<Recipe, On, Ranks>::shares)
            trainer.optimizer().scatter(ranks);
        else
            trainer.optimizer().each_moment(
                [&](int, const name&, auto values, spec) { share(values); });
    }
    trainer.optimizer().drop_whole();
    trainer.continue_from(std::int64_t(numbers[0]), numbers[1]);
}

// What every rank but rank 0 does.
template <class Recipe, class On, communicates Ranks> void follow(settings s, Ranks ranks) {
    ranks.barrier();
    if (s.tokenizer == "train") s.tokenizer = learnt_tokenizer(s);
    trainer<Recipe, On, Ranks> trainer(s, std::move(ranks));
    share_state(trainer);
    for (lead next; (next = follow_lead(trainer.ranks())) != lead::stop;)
        if (next == lead::step)
            trainer.step();
        else
            trainer.optimizer().gather(trainer.ranks());
}

}  // namespace moe
