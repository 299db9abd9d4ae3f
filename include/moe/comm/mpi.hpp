// SPDX-License-Identifier: MIT
// Ranks as processes that mpirun started, on one machine or on many.
//
//   if (moe::launch_of_environment().size > 1) {
//       moe::mpi_session session;
//       moe::mpi_ranks ranks(session.world());
//
// What needs the library itself is in mpi.part.hpp, which compiles once; built without MPI, the
// session says so in a moe::error.
#pragma once

#include <moe/comm/communicator.hpp>

#include <memory>

namespace moe {

class mpi_transport {
public:
    struct group;  // the library's communicator, and the requests of a group of messages
    explicit mpi_transport(std::shared_ptr<group> of);

    int rank() const { return rank_; }
    int size() const { return size_; }
    arrival move(std::span<const outgoing> out, std::span<const incoming> in,
                 std::chrono::nanoseconds patience);
    // A process that gives up ends, and mpirun ends the others.
    void give_up(const std::string&) {}
    mpi_transport split(std::span<const int> colours, std::span<const int> keys);

private:
    std::shared_ptr<group> group_;
    int rank_, size_;
};
static_assert(transport<mpi_transport>);

using mpi_ranks = communicator<mpi_transport>;
static_assert(communicates<mpi_ranks>);

// What a launcher leaves in the environment of the processes that it starts; MPI connects them.
struct launch {
    int size = 0;  // processes; 0: nobody launched this one
    int rank = 0;
    int here = 1;  // processes on this machine
};
launch launch_of_environment();
// Whether this program was built with MPI.
bool built_with_mpi();

// MPI from here to the end of the program; once a process. All communicators end before it.
class mpi_session {
public:
    mpi_session();
    mpi_session(const mpi_session&) = delete;
    mpi_session& operator=(const mpi_session&) = delete;
    // Waits for the others to end, too.
    ~mpi_session();

    mpi_transport world() const;
    // Ends all processes now; the job has this exit code.
    [[noreturn]] void abort(int code) const;
};

}  // namespace moe
