// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/embedding.cpu.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

TEST_CASE("a token's row is its entry of the table, and its gradient goes back there") {
    const auto table = random_rows<double>(3, 2, 1);
    const int ids[] = {2, 0, 2};
    guarded<double> y(3, 2);
    op::embedding(reference{}, y.view(), table, ids);
    for (int j = 0; j < 2; ++j) {
        CHECK(y(0, j) == table(2, j));
        CHECK(y(1, j) == table(0, j));
        CHECK(y(2, j) == table(2, j));
    }
    const auto dy = random_rows<double>(3, 2, 2), old = random_rows<double>(3, 2, 3);
    guarded<double> dtable = old;
    op::embedding_backward(reference{}, dtable.view(), dy.view(), ids);
    for (int j = 0; j < 2; ++j) {
        CHECK(dtable(0, j) == old(0, j) + dy(1, j));
        CHECK(dtable(1, j) == old(1, j));
        CHECK(dtable(2, j) == old(2, j) + dy(0, j) + dy(2, j));
    }
}

// Few entries and many tokens: every entry is added to many times, and the order shows in the bits.
template <class T> void check_bits() {
    for (int shape = 0; shape < 8; ++shape) {
        const int tokens = shape == 0 ? 0 : test::random_size(1, 60, 10, shape);
        const int vocab = test::random_size(1, 7, 11, shape);
        const int width = test::random_size(1, 140, 12, shape);
        std::vector<int> ids(std::size_t(tokens) + 1, -1);
        for (int t = 0; t < tokens; ++t)
            ids[std::size_t(t)] = test::random_size(0, vocab - 1, 13 + std::uint64_t(shape), t);
        const auto table = random_rows<float>(vocab, width, 1);
        const auto dy = random_rows<T>(tokens, width, 2);
        const auto old = random_rows<float>(vocab, width, 3);
        guarded<T> y(tokens, width);
        guarded<float> dtable = old;
        op::embedding(reference{}, y.view(), table, ids.data());
        op::embedding_backward(reference{}, dtable.view(), dy.view(), ids.data());
        test::on_every_machine([&](auto on) {
            guarded<T> y1(tokens, width);
            guarded<float> dtable1 = old;
            op::embedding(on, y1.view(), table, ids.data());
            op::embedding_backward(on, dtable1.view(), dy.view(), ids.data());
            CHECK(test::same_bits(y1, y));
            CHECK(test::same_bits(dtable1, dtable));
            CHECK((y1.intact() && dtable1.intact()));
        });
    }
}
TEST_CASE("the CPU has the bits of the specification") {
    check_bits<float>();
    check_bits<bfloat16>();
}

}  // namespace
