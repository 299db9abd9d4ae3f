// SPDX-License-Identifier: MIT
// Run by mpirun: every collective between processes, then what goes wrong between them. Prints one
// line and ends with 0 when all is as specified.
#include "tests/support/collectives.hpp"

#include <moe/comm/mpi.hpp>

#include <cstdio>
#include <cstring>

using namespace std::chrono_literals;
using moe::mpi_ranks;

namespace {

void expect_error(const std::string& words, auto&& action) {
    try {
        action();
    } catch (const moe::error& problem) {
        test::expect(problem.what() == words,
                     "'" + words + "', but: '" + std::string(problem.what()) + "'");
        return;
    }
    test::expect(false, "'" + words + "', but nothing went wrong");
}

// Both see it, and see the same.
void check_mismatch(mpi_ranks ranks) {
    std::vector<float> five(5), six(6);
    const std::string name = "rank " + std::to_string(ranks.rank());
    const std::string five_words =
        "all_reduce of 5 float32 over " + std::to_string(ranks.size()) + " grains, call 0";
    const std::string six_words = "broadcast of 6 float32 from rank 0, call 0";
    if (ranks.rank() == 1)
        expect_error(name + ": " + six_words + ": rank 0 is at: " + five_words,
                     [&] { ranks.broadcast(std::span(six), 0); });
    else
        expect_error(name + ": " + five_words + ": rank 1 is at: " + six_words,
                     [&] { ranks.all_reduce(std::span(five)); });
}

// Rank 1 is silent until the others gave up waiting, which they tell over another communicator.
void check_silence(mpi_ranks ranks, mpi_ranks& others) {
    if (ranks.rank() != 1)
        expect_error("rank " + std::to_string(ranks.rank()) +
                         ": barrier, call 0: no word from rank 1 within 2 s",
                     [&] { ranks.barrier(); });
    others.barrier();
}

}  // namespace

int main() {
    moe::mpi_session session;
    moe::mpi_transport world = session.world();
    mpi_ranks ranks(world, 60s);
    try {
        test::check_collectives(ranks);
        if (ranks.size() > 1) {
            check_mismatch(mpi_ranks(session.world(), 2s));
            check_silence(mpi_ranks(session.world(), 2s), ranks);
        }
        ranks.barrier();
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "rank %d: %s\n", ranks.rank(), problem.what());
        session.abort(1);
    }
    if (ranks.rank() == 0) std::printf("%d ranks: as specified\n", ranks.size());
}
