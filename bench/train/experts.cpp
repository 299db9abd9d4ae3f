// SPDX-License-Identifier: MIT
// What more experts cost: 16 to 256 of them at the same active size, and a dense model of the same
// active FLOP beside them. The optimizer's part is reported apart: it grows with the parameters.
#include "bench/support/models.hpp"
#include "bench/support/step.hpp"

namespace {

// All in one program, so that what is compared runs right after the other.
template <class Precision> void add_models(const bench::steps_program& all) {
    all.add<bench::dense<Precision>>("dense", {1}, false);
    all.add<bench::mixture<Precision, 16>>("experts:16", {1}, false);
    all.add<bench::mixture<Precision, 64>>("experts:64", {1}, false);
    all.add<bench::mixture<Precision, 256>>("experts:256", {1}, false);
}

}  // namespace

int main(int count, char** words) {
    const bench::steps_program all(count, words);
    add_models<moe::fp32>(all);
    add_models<moe::bf16>(all);
    return all.run(count, words);
}
