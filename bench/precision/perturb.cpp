// SPDX-License-Identifier: MIT
// A model with every weight multiplied by 1 + SHARE * (a normal number): what no training run may
// depend on, and does. perturb FROM TO SHARE SEED, for models of precision_bf16.
#include "bench/precision/recipes.hpp"

#include <moe/core/random.hpp>
#include <moe/train/load_model.hpp>

#include <cstdio>
#include <cstdlib>

int main(int count, char** words) {
    if (count != 5) {
        std::fprintf(stderr, "usage: perturb FROM TO SHARE SEED\n");
        return 2;
    }
    try {
        auto model = moe::load_model<precision_bf16>(words[1], 1);
        const double share = std::strtod(words[3], nullptr);
        const std::uint64_t seed = std::strtoull(words[4], nullptr, 10);
        model.network->each_parameter([&](const moe::name& of, auto values, moe::spec) {
            const std::uint64_t stream = moe::stream_of(of.text());
            for (int r = 0; r < values.count; ++r)
                for (int i = 0; i < values.width; ++i) {
                    const auto at = std::uint64_t(r) * std::uint64_t(values.width) + unsigned(i);
                    values(r, i) *= float(1 + share * double(moe::random_normal(seed, stream, at)));
                }
        });
        moe::io::snapshot what;
        what.recipe = moe::recipe_text<precision_bf16>();
        what.settings = {{"perturbed from", words[1]}};
        what.model = moe::tensors_of(*model.network);
        moe::io::save_model(words[2], what);
    } catch (const moe::error& problem) {
        std::fprintf(stderr, "perturb: %s\n", problem.what());
        return 1;
    }
}
