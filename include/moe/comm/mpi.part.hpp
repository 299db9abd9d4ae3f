// SPDX-License-Identifier: MIT
// Definitions of comm/mpi.hpp: over MPI with MOE_HAS_MPI, else what says that there is none.
#pragma once

#include <moe/comm/mpi.hpp>

#include <cstdlib>
#include <initializer_list>
#include <thread>

#if defined(MOE_HAS_MPI)
// The C functions only: the C++ ones, long out of the standard, would want a library more.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#endif

namespace moe {

namespace {
int number_in_environment(std::initializer_list<const char*> names, int otherwise) {
    for (const char* name : names)
        if (const char* value = std::getenv(name); value && *value) return std::atoi(value);
    return otherwise;
}
}  // namespace

launch launch_of_environment() {
    // Open MPI; MPICH and what descends from it; Slurm's launcher with PMIx.
    launch l;
    l.size = number_in_environment({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}, 0);
    if (l.size == 0 && number_in_environment({"PMIX_RANK"}, -1) >= 0)
        l.size = number_in_environment({"SLURM_NTASKS"}, 0);
    if (l.size == 0) return l;
    l.rank = number_in_environment({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}, 0);
    l.here = number_in_environment({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"}, 1);
    return l;
}

#if defined(MOE_HAS_MPI)

bool built_with_mpi() { return true; }

namespace {
std::string mpi_words(int code) {
    char words[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, words, &length);
    return std::string("MPI: ") + words;
}
void require_mpi(int code) {
    if (code != MPI_SUCCESS) throw error(mpi_words(code));
}
// The library counts bytes in int.
constexpr std::size_t most_bytes = std::size_t{1} << 30;
}  // namespace

struct mpi_transport::group {
    MPI_Comm comm;
    bool owned;
    std::vector<MPI_Request> requests;
    std::vector<MPI_Status> statuses;
    std::vector<int> others, bytes;  // of each request; bytes -1: a send

    group(MPI_Comm of, bool is_owned) : comm(of), owned(is_owned) {
        MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    }
    ~group() {
        int over = 0;
        MPI_Finalized(&over);
        if (owned && !over) MPI_Comm_free(&comm);
    }

    // A message as one request, or, when it is too large, as several.
    template <class Pointer>
    void start(int other, Pointer data, std::size_t bytes_left, auto&& begin) {
        do {
            const int some = int(bytes_left < most_bytes ? bytes_left : most_bytes);
            requests.emplace_back();
            others.push_back(other);
            bytes.push_back(begin(data, some, &requests.back()));
            data += some;
            bytes_left -= std::size_t(some);
        } while (bytes_left > 0);
    }
    // Polls: MPI has no time-out. Between two looks the core is offered to whoever is waited for.
    arrival finish(std::chrono::nanoseconds patience) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        statuses.resize(requests.size());
        for (int done = 0, code; !done;) {
            code = MPI_Testall(int(requests.size()), requests.data(), &done, statuses.data());
            if (code != MPI_SUCCESS) return blame(first_wrong(), words_of_first_wrong(code));
            if (done) break;
            if (std::chrono::steady_clock::now() > deadline) return blame(first_open(), "");
            std::this_thread::yield();
        }
        for (std::size_t i = 0; i < requests.size(); ++i) {
            int got = 0;
            if (bytes[i] < 0) continue;
            MPI_Get_count(&statuses[i], MPI_BYTE, &got);
            if (got != bytes[i])
                return blame(int(i), "rank " + std::to_string(others[i]) + " sent " +
                                         std::to_string(got) + " bytes, expected " +
                                         std::to_string(bytes[i]));
        }
        return {};
    }

private:
    int first_wrong() const {
        for (std::size_t i = 0; i < statuses.size(); ++i)
            if (statuses[i].MPI_ERROR != MPI_SUCCESS && statuses[i].MPI_ERROR != MPI_ERR_PENDING)
                return int(i);
        return 0;
    }
    std::string words_of_first_wrong(int code) const {
        return mpi_words(code == MPI_ERR_IN_STATUS ? statuses[std::size_t(first_wrong())].MPI_ERROR
                                                   : code);
    }
    int first_open() {
        for (std::size_t i = 0; i < requests.size(); ++i) {
            int done = 0;
            MPI_Test(&requests[i], &done, MPI_STATUS_IGNORE);
            if (!done) return int(i);
        }
        return 0;
    }
    // The program is about to end: what is still under way is let go.
    arrival blame(int request, std::string why) {
        for (std::size_t i = 0; i < requests.size(); ++i) {
            if (requests[i] == MPI_REQUEST_NULL) continue;
            if (bytes[i] >= 0) MPI_Cancel(&requests[i]);
            MPI_Request_free(&requests[i]);
        }
        return {others[std::size_t(request)], std::move(why)};
    }
};

mpi_transport::mpi_transport(std::shared_ptr<group> of) : group_(std::move(of)) {
    require_mpi(MPI_Comm_rank(group_->comm, &rank_));
    require_mpi(MPI_Comm_size(group_->comm, &size_));
}

arrival mpi_transport::move(std::span<const outgoing> out, std::span<const incoming> in,
                            std::chrono::nanoseconds patience) {
    group& g = *group_;
    g.requests.clear(), g.others.clear(), g.bytes.clear();
    for (const incoming& one : in)
        g.start(one.from, static_cast<std::byte*>(one.data), one.bytes,
                [&](std::byte* at, int some, MPI_Request* request) {
                    require_mpi(MPI_Irecv(at, some, MPI_BYTE, one.from, 0, g.comm, request));
                    return some;
                });
    for (const outgoing& one : out)
        g.start(one.to, static_cast<const std::byte*>(one.data), one.bytes,
                [&](const std::byte* at, int some, MPI_Request* request) {
                    require_mpi(MPI_Isend(at, some, MPI_BYTE, one.to, 0, g.comm, request));
                    return -1;
                });
    arrival end = g.finish(patience);
    if (!end && end.why.empty())
        end.why =
            "no word from rank " + std::to_string(end.missing) + " within " + text_of(patience);
    return end;
}

mpi_transport mpi_transport::split(std::span<const int> colours, std::span<const int> keys) {
    // MPI wants colours that are not negative: the first rank of each.
    int colour = 0;
    while (colours[std::size_t(colour)] != colours[std::size_t(rank_)]) ++colour;
    MPI_Comm part;
    require_mpi(MPI_Comm_split(group_->comm, colour, keys[std::size_t(rank_)], &part));
    return mpi_transport(std::make_shared<group>(part, true));
}

mpi_session::mpi_session() {
    int is_over = 0, level = 0;
    MPI_Finalized(&is_over);
    if (is_over) throw error("MPI: it has ended already in this process");
    require_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level));
    if (level < MPI_THREAD_FUNNELED)
        throw error("MPI: it does not bear threads in a process (MPI_THREAD_FUNNELED)");
}
mpi_session::~mpi_session() { MPI_Finalize(); }
mpi_transport mpi_session::world() const {
    MPI_Comm all;
    require_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &all));
    return mpi_transport(std::make_shared<mpi_transport::group>(all, true));
}
void mpi_session::abort(int code) const {
    MPI_Abort(MPI_COMM_WORLD, code);
    std::_Exit(code);
}

#else

bool built_with_mpi() { return false; }

struct mpi_transport::group {};
mpi_transport::mpi_transport(std::shared_ptr<group> of)
    : group_(std::move(of)), rank_(0), size_(1) {}
arrival mpi_transport::move(std::span<const outgoing>, std::span<const incoming>,
                            std::chrono::nanoseconds) {
    return {};
}
mpi_transport mpi_transport::split(std::span<const int>, std::span<const int>) { return *this; }

mpi_session::mpi_session() {
    throw error("this program was started by mpirun, but built without MPI (libopenmpi-dev)");
}
mpi_session::~mpi_session() = default;
mpi_transport mpi_session::world() const {
    return mpi_transport(std::make_shared<mpi_transport::group>());
}
void mpi_session::abort(int code) const { std::_Exit(code); }

#endif

}  // namespace moe
