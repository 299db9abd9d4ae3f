// SPDX-License-Identifier: MIT
// What one process can say; what several do is asked under mpirun, in tests/ranks.
#include "tests/support/environment.hpp"

#include <moe/comm/mpi.hpp>

#include <doctest/doctest.h>

TEST_CASE("the launcher is known by what it leaves in the environment") {
    const environment nothing{
        {"OMPI_COMM_WORLD_SIZE", nullptr}, {"PMI_SIZE", nullptr}, {"PMIX_RANK", nullptr}};
    CHECK_FALSE(moe::started_by_mpirun());
    const environment started{{"OMPI_COMM_WORLD_SIZE", "2"}};
    CHECK(moe::started_by_mpirun());
}

TEST_CASE("without MPI a session says what is missing") {
    if (moe::built_with_mpi()) return;
    CHECK_THROWS_WITH_AS(
        moe::mpi_session{},
        "this program was started by mpirun, but built without MPI (libopenmpi-dev)", moe::error);
}
