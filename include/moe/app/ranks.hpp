// SPDX-License-Identifier: MIT
// A word of the program run by the ranks of the recipe's mesh: by one alone, by threads of this
// process, or by the processes that mpirun started.
#pragma once

#include <moe/comm/alone.hpp>
#include <moe/comm/mpi.hpp>
#include <moe/comm/threads.hpp>
#include <moe/core/error.hpp>
#include <moe/recipe/of.hpp>
#include <moe/train/settings.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

namespace moe {

// One line about the problem that was just caught; the exit code of the program. A command line is
// the same for all processes, and the first one tells.
inline int tell_problem(const std::string& program) {
    const int rank = launch_of_environment().rank;
    const auto complain = [&](const char* what, int code) {
        if (rank == 0 || code != 2) std::fprintf(stderr, "%s: %s\n", program.c_str(), what);
        return code;
    };
    try {
        throw;
    } catch (const usage_error& problem) {
        return complain(problem.what(), 2);
    } catch (const std::bad_alloc&) {
        return complain("out of memory; 'describe' tells what the recipe takes", 1);
    } catch (const std::exception& problem) {
        return complain(problem.what(), 1);
    }
}

namespace detail {

// The threads of a rank when nobody says: its share of the cores.
inline int threads_of_rank(const settings& s, int ranks_here) {
    const int cores = int(std::thread::hardware_concurrency());
    return s.threads > 0 ? s.threads : std::max(1, cores / std::max(1, ranks_here));
}

// What a launcher started must be what the recipe wants.
inline void require_ranks(const settings& s, int mesh, int processes) {
    const std::string wanted = std::to_string(mesh);
    if (s.ranks != 0 && s.ranks != mesh)
        throw usage_error("--ranks: expected " + wanted +
                          ", the ranks of the recipe's mesh, found " + std::to_string(s.ranks));
    if (processes > 1 && processes != mesh)
        throw usage_error("mpirun: expected " + wanted +
                          (mesh == 1 ? " process, the rank" : " processes, the ranks") +
                          " of the recipe's mesh, found " + std::to_string(processes));
}

template <class Work> int as_threads(settings s, int mesh, const Work& work) {
    s.threads = threads_of_rank(s, mesh);
    int code = 0;
    run_ranks(mesh, thread_ranks::patient, [&](thread_ranks& ranks) {
        const bool first = ranks.rank() == 0;
        const int mine = work(s, std::move(ranks));
        if (first) code = mine;
    });
    return code;
}

template <class Work>
int as_processes(const std::string& program, settings s, const launch& by, const Work& work) {
    // Bound to some of the cores by the launcher, it has those for itself.
    const bool bound =
        int(std::thread::hardware_concurrency()) < int(sysconf(_SC_NPROCESSORS_ONLN));
    s.threads = threads_of_rank(s, bound ? 1 : by.here);
    mpi_session session;
    mpi_ranks last_words(session.world(), std::chrono::seconds(3));
    int code = 0;
    try {
        code = work(s, mpi_ranks(session.world()));
    } catch (...) {
        // What all ranks see, rank 0 tells, and ends the job while the others wait here for it.
        if (by.rank != 0) {
            try {
                last_words.barrier();
            } catch (const error&) {
            }
        }
        session.abort(tell_problem(program));
    }
    return code;
}

}  // namespace detail

// work(settings, ranks) on every rank; gives back what rank 0's gives back.
template <class Recipe, class Work>
int with_ranks(const std::string& program, const settings& s, const Work& work) {
    constexpr int mesh = ranks_of(of<Recipe>.parallel);
    const launch by = launch_of_environment();
    detail::require_ranks(s, mesh, by.size);
    if constexpr (mesh == 1)
        return work(s, alone());
    else if (by.size > 1)
        return detail::as_processes(program, s, by, work);
    else
        return detail::as_threads(s, mesh, work);
}

}  // namespace moe
