// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/pool.hpp>

TEST_CASE("every thread works once, every time, however many there are") {
    for (const int threads : {1, 2, 3, 8}) {
        moe::pool pool(threads);
        CHECK(pool.threads() == threads);
        std::vector<int> visits(std::size_t(threads), 0);
        for (int run = 0; run < 500; ++run)
            pool.run([&](int thread) { ++visits[std::size_t(thread)]; });
        for (const int count : visits) CHECK(count == 500);
    }
}

TEST_CASE("what the threads wrote is there when run returns") {
    moe::pool pool(4);
    long total = 0;
    for (long run = 0; run < 200; ++run) {
        long parts[4] = {};
        pool.run([&](int thread) { parts[thread] = run + thread; });
        for (const long part : parts) total += part;
    }
    CHECK(total == 4 * (199 * 200 / 2) + 200 * 6);
}

TEST_CASE("pools come and go without having worked") {
    for (int i = 0; i < 50; ++i) moe::pool pool(3);
    CHECK(moe::pool(0).threads() == 1);
}
