// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/first_core.hpp>

#if defined(__linux__)
TEST_CASE("a thread stays on its first core, and may go where it could before") {
    cpu_set_t before, inside, after;
    REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
    {
        const moe::on_first_core stays;
        REQUIRE(sched_getaffinity(0, sizeof inside, &inside) == 0);
        CHECK(CPU_COUNT(&inside) == 1);
        for (int core = 0; core < CPU_SETSIZE; ++core) {
            if (!CPU_ISSET(core, &before)) continue;
            CHECK(CPU_ISSET(core, &inside));
            break;
        }
    }
    REQUIRE(sched_getaffinity(0, sizeof after, &after) == 0);
    CHECK(CPU_EQUAL(&before, &after));
}
#endif
