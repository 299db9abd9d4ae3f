// SPDX-License-Identifier: MIT
// What one process can say; what several do is asked under mpirun, in tests/ranks.
#include "tests/support/environment.hpp"

#include <moe/comm/mpi.hpp>

#include <doctest/doctest.h>

TEST_CASE("the launcher is known by what it leaves in the environment") {
    const environment nothing{{"OMPI_COMM_WORLD_SIZE", nullptr},
                              {"OMPI_COMM_WORLD_RANK", nullptr},
                              {"OMPI_COMM_WORLD_LOCAL_SIZE", nullptr},
                              {"PMI_SIZE", nullptr},
                              {"PMI_RANK", nullptr},
                              {"PMIX_RANK", nullptr}};
    CHECK(moe::launch_of_environment().size == 0);
    const environment started{{"OMPI_COMM_WORLD_SIZE", "8"},
                              {"OMPI_COMM_WORLD_RANK", "5"},
                              {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}};
    const moe::launch l = moe::launch_of_environment();
    CHECK(l.size == 8);
    CHECK(l.rank == 5);
    CHECK(l.here == 4);
}

TEST_CASE("without MPI a session says what is missing") {
    if (moe::built_with_mpi()) return;
    CHECK_THROWS_WITH_AS(
        moe::mpi_session{},
        "this program was started by mpirun, but built without MPI (libopenmpi-dev)", moe::error);
}
