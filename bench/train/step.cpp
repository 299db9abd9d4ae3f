// SPDX-License-Identifier: MIT
// The whole training step of two models, at 1 grain and at 8, as the share of the measured peak;
// the optimizer's part of it; planned memory against the resident peak. bench/peers/model.py has
// the same models in torch.
#include "bench/support/step.hpp"
#include "bench/support/models.hpp"

namespace {

template <class Precision> void add_models(const bench::steps_program& all) {
    all.add<bench::small<Precision>>("small", {1, 8}, true);
    all.add<bench::large<Precision>>("large", {1, 8}, false);
}

}  // namespace

int main(int count, char** words) {
    const bench::steps_program all(count, words);
    add_models<moe::fp32>(all);
    add_models<moe::bf16>(all);
    return all.run(count, words);
}
