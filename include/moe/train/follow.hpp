// SPDX-License-Identifier: MIT
// A training run of several ranks: rank 0 has the folder, the log and the terminal
// (train/training_run.hpp), the others take the steps that it takes.
//
//   rank 0                                    every other rank
//   prepares the folder, learns a tokenizer   waits for that
//   builds its trainer                        builds its trainer
//   loads a checkpoint, shares it             takes it over
//   says before each step that there is one   takes the step, until there is none
#pragma once

#include <moe/io/file.hpp>
#include <moe/train/trainer.hpp>

#include <string>
#include <utility>

namespace moe {

// A tokenizer that is learnt stays with the run.
inline std::string learnt_tokenizer(const settings& s) {
    return io::join(s.out, "tokenizer.model");
}

// Whether there is another step, which rank 0 knows.
template <communicates Ranks> bool goes_on(Ranks& ranks, bool says) {
    std::int64_t word = says;
    ranks.broadcast(std::span(&word, 1), 0);
    return word != 0;
}

// Weights, moments and position of rank 0 become those of all.
template <class Recipe, class On, communicates Ranks>
void share_state(trainer<Recipe, On, Ranks>& trainer) {
    if constexpr (Ranks::alone) return;
    Ranks& ranks = trainer.ranks();
    std::uint64_t numbers[] = {std::uint64_t(trainer.steps_done()), trainer.position()};
    ranks.broadcast(std::span<std::uint64_t>(numbers), 0);
    const auto share = [&](auto values) {
        ranks.broadcast(std::span(values.at, std::size_t(values.count) * std::size_t(values.width)),
                        0);
    };
    trainer.network().each_parameter([&](const name&, auto values, spec) { share(values); });
    trainer.optimizer().each_moment([&](int, const name&, auto values, spec) { share(values); });
    trainer.continue_from(std::int64_t(numbers[0]), numbers[1]);
}

// What every rank but rank 0 does.
template <class Recipe, class On, communicates Ranks> void follow(settings s, Ranks ranks) {
    ranks.barrier();
    if (s.tokenizer == "train") s.tokenizer = learnt_tokenizer(s);
    trainer<Recipe, On, Ranks> trainer(s, std::move(ranks));
    share_state(trainer);
    while (goes_on(trainer.ranks(), false)) trainer.step();
}

}  // namespace moe
