// SPDX-License-Identifier: MIT
// Fifty steps by many layouts, and by one rank: the same losses, norms, weights and moments, bit by
// bit. Alone it tries threads; run by mpirun, the processes that there are. One line when all is
// so.
#include "tests/support/layouts.hpp"

#include <moe/comm/mpi.hpp>
#include <moe/comm/threads.hpp>

#include <cstdio>
#include <cstring>

namespace {

struct small_bf16 : test::small {
    moe::bf16 precision{};
};
// Rounded at every node of the tree over grains.
struct small_narrow : test::small {
    moe::bf16 precision{.gradients = moe::number_format::bf16};
};

// Its ranks share the moments.
struct small_zero : test::small {
    moe::mesh parallel{.data = 8, .zero = 1};
};

int compared = 0;

void require_equal(const test::outcome& one, const test::outcome& many, const std::string& layout) {
    if (one.weights != many.weights || one.losses != many.losses || one.norms != many.norms ||
        (!many.state.empty() && one.state != many.state))
        throw moe::error(layout + ": weights " + many.weights + ", state " + many.state +
                         "; alone: weights " + one.weights + ", state " + one.state);
    ++compared;
}

// A batch of 8 sequences, which fall into as many grains as named.
moe::settings settings_of(const test::folder& in, int grains) {
    moe::settings s = test::small_settings(in);
    s.threads = 1;
    s.steps = 50;
    s.batch = 8 * 32;
    s.grains = grains;
    return s;
}

template <class Recipe> void by_threads(const test::folder& in) {
    for (const int grains : {1, 3, 4, 7, 8}) {
        const moe::settings s = settings_of(in, grains);
        const test::outcome one = test::train_some<Recipe>(s, moe::alone());
        for (const int size : {2, 3, 4, 8}) {
            std::vector<test::outcome> all(static_cast<std::size_t>(size));
            moe::run_ranks(size, std::chrono::seconds(120), [&](moe::thread_ranks& ranks) {
                const auto rank = std::size_t(ranks.rank());
                all[rank] = test::train_some<Recipe>(s, std::move(ranks));
            });
            for (const test::outcome& many : all)
                require_equal(one, many,
                              std::string(moe::type_name<Recipe>()) + ", " + std::to_string(size) +
                                  " threads, " + std::to_string(grains) + " grains");
        }
    }
}

template <class Recipe> void by_processes(const test::folder& in, moe::mpi_transport world) {
    for (const int grains : {1, 4, 7}) {
        const moe::settings s = settings_of(in, grains);
        const test::outcome one = test::train_some<Recipe>(s, moe::alone());
        moe::mpi_ranks ranks(world, std::chrono::seconds(120));
        const std::string layout = std::string(moe::type_name<Recipe>()) + ", " +
                                   std::to_string(ranks.size()) + " processes, " +
                                   std::to_string(grains) + " grains";
        require_equal(one, test::train_some<Recipe>(s, std::move(ranks)), layout);
    }
}

}  // namespace

int main() {
    const test::folder in;
    test::put_domains(in);
    if (moe::launch_of_environment().size == 0) {
        try {
            by_threads<test::small>(in);
            by_threads<small_bf16>(in);
            by_threads<small_narrow>(in);
            by_threads<small_zero>(in);
        } catch (const std::exception& problem) {
            return std::fprintf(stderr, "%s\n", problem.what()), 1;
        }
        return std::printf("%d outcomes: the same bits\n", compared), 0;
    }
    moe::mpi_session session;
    const int rank = session.world().rank();
    try {
        by_processes<test::small>(in, session.world());
        by_processes<small_narrow>(in, session.world());
        by_processes<small_zero>(in, session.world());
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "rank %d: %s\n", rank, problem.what());
        session.abort(1);
    }
    if (rank == 0) std::printf("%d outcomes: the same bits\n", compared);
}
