// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/train/history.hpp>

TEST_CASE("losses travel as bytes and come back as they were") {
    moe::run_history history, other;
    history.losses = {2.5, 1.25, 1e-300};
    CHECK(other.unpack_losses(history.packed_losses()));
    CHECK(other.losses == history.losses);
    CHECK(other.unpack_losses(""));
    CHECK(other.losses.empty());
    CHECK(!other.unpack_losses("seven b"));
}

TEST_CASE("what was reserved is not allocated again") {
    moe::run_history history;
    history.reserve(100, 10);
    const double* at = history.losses.data();
    for (int i = 0; i < 100; ++i) history.losses.push_back(i);
    CHECK(history.losses.data() == at);
    CHECK(history.log.capacity() >= 10);
}
