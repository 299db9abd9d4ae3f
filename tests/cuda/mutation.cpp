// SPDX-License-Identifier: MIT
// How much the emulator's silence means: every call of an atom in a kernel is left out, and every
// number in it made one larger and one smaller, at all its calls and at the first, the middle and
// the last one alone. A mutant is caught by a finding or by other bits than the kernel's own, under
// one of a few schedules. Prints those that were not; fails below 95 %.
#include "tests/cuda/kernels.hpp"
#include "tests/cuda/launches.hpp"

#include <cstdio>
#include <set>

namespace {

using namespace moe::emulator;
using change = mutant::change;

struct score {
    int caught = 0, all = 0;
    double share() const { return all ? double(caught) / all : 1; }
};

template <class Launch> score mutate(const char* name, Launch launch) {
    const report sound = launch.run({});
    if (!sound.clean()) std::printf("%s\n%s", name, sound.text().c_str());
    const auto expected = launch.result();
    const options schedules[] = {{.seed = 1, .order = schedule::in_turn},
                                 {.seed = 2, .order = schedule::favourites},
                                 {.seed = 3, .order = schedule::at_random}};
    score total;
    for (const site_use& use : sound.sites) {
        const std::int64_t last = std::int64_t(use.most_calls) - 1;
        for (const std::int64_t call : std::set<std::int64_t>{-1, 0, last / 2, last})
            for (int number = -1; number < use.numbers; ++number)
                for (const change what : {change::drop, change::plus, change::minus}) {
                    if ((what == change::drop) != (number < 0)) continue;
                    // To wait for more copies than needed is slow, not wrong.
                    if (what == change::minus && std::strcmp(use.at.atom, "copy_wait") == 0)
                        continue;
                    bool caught = false;
                    for (options how : schedules) {
                        if (caught) break;
                        how.change = {use.at, what, number < 0 ? 0 : number, call};
                        caught = !launch.run(how).clean() || launch.result() != expected;
                    }
                    ++total.all;
                    total.caught += caught;
                    if (!caught)
                        std::printf("  %s: %s, call %lld of %u, %s number %d: not noticed\n", name,
                                    use.at.text().c_str(), static_cast<long long>(call),
                                    use.most_calls,
                                    what == change::drop   ? "left out,"
                                    : what == change::plus ? "plus,"
                                                           : "minus,",
                                    number);
                }
    }
    std::printf("%-16s %4d of %4d mutants caught, %5.1f %%\n", name, total.caught, total.all,
                100 * total.share());
    return total;
}

}  // namespace

int main() {
    bool good = true;
    score total;
    const auto add = [&](const score& one) {
        total.caught += one.caught, total.all += one.all;
        good &= one.share() >= 0.95;
    };
    add(mutate("atoms", test::atoms_launch(1)));
    add(mutate("rms_norm", test::rms_norm_launch<test::rms_norm>(8, 1100)));
    add(mutate("rms_norm_ragged", test::rms_norm_launch<test::rms_norm_ragged>(4, 301)));
    add(mutate("rms_norm_bf16", test::rms_norm_launch<test::rms_norm_bf16>(8, 1100)));
    add(mutate("gemm_small", test::gemm_launch<test::gemm_small>(40, 44, 180)));
    add(mutate("grouped_small", test::grouped_launch<test::grouped_small>(36, 40, 52, 7)));
    std::printf("%-16s %4d of %4d mutants caught, %5.1f %%\n", "together", total.caught, total.all,
                100 * total.share());
    return good ? 0 : 1;
}
