// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"

#include <vector>

TEST_CASE("each, split and tasks visit everything once") {
    test::on_every_machine([](auto on) {
        for (const int count : {0, 1, 7, 100}) {
            std::vector<std::atomic<int>> visits(std::size_t(count) + 1);
            on.each(count, [&](int i) { ++visits[std::size_t(i)]; });
            on.tasks(count, [&](int i) { visits[std::size_t(i)] += 10; });
            on.split(count, [&](int first, int last) {
                CHECK(first < last);
                for (int i = first; i < last; ++i) visits[std::size_t(i)] += 100;
            });
            for (int i = 0; i < count; ++i) CHECK(visits[std::size_t(i)] == 111);
            CHECK(visits[std::size_t(count)] == 0);
        }
    });
}

TEST_CASE("the CPU converts to the reference, nothing converts to the CPU") {
    using cpu = moe::cpu_on<moe::isa::native>;
    CHECK(std::is_convertible_v<cpu, moe::reference>);
    CHECK(!std::is_convertible_v<moe::reference, cpu>);
}
