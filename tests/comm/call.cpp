// SPDX-License-Identifier: MIT
#include <moe/comm/call.hpp>

#include <doctest/doctest.h>

TEST_CASE("a call says what, how much of what, and which one it is") {
    const moe::call one{moe::collective::broadcast, moe::element::float32, 12, 3, 7, 0};
    CHECK(one.text() == "broadcast of 12 float32 from rank 3, call 7");
    CHECK(moe::call{moe::collective::barrier, moe::element::byte, 0, 0, 1, 0}.text() ==
          "barrier, call 1");
    CHECK(moe::call{moe::collective::all_reduce, moe::element::bfloat16, 2, 8, 0, 0}.text() ==
          "all_reduce of 2 bfloat16 over 8 grains, call 0");
    CHECK(moe::call{moe::collective(99), moe::element(99), 1, 0, 0, 0}.text() ==
          "something unknown of 1 of a type unknown, call 0");
}

TEST_CASE("two calls are the same up to what goes to whom") {
    const moe::call one{moe::collective::all_gather, moe::element::float32, 12, 0, 7, 1};
    moe::call other = one;
    other.to_you = 5;
    CHECK(one.same_as(other));
    const auto differs = [&](auto change) {
        moe::call changed = one;
        change(changed);
        return !one.same_as(changed);
    };
    CHECK(differs([](moe::call& c) { c.what = moe::collective::all_reduce; }));
    CHECK(differs([](moe::call& c) { c.of = moe::element::float64; }));
    CHECK(differs([](moe::call& c) { ++c.count; }));
    CHECK(differs([](moe::call& c) { ++c.detail; }));
    CHECK(differs([](moe::call& c) { ++c.sequence; }));
}

TEST_CASE("only types with one meaning everywhere travel") {
    CHECK(moe::travels<float>);
    CHECK(moe::travels<moe::bfloat16>);
    CHECK_FALSE(moe::travels<long double>);
    CHECK_FALSE(moe::travels<bool>);
    CHECK(moe::element_of<std::int64_t> == moe::element::int64);
}

TEST_CASE("traffic adds up") {
    moe::traffic sent;
    sent.bytes[std::size_t(moe::collective::all_gather)] = 3;
    sent.bytes[std::size_t(moe::collective::broadcast)] = 4;
    sent.calls[std::size_t(moe::collective::broadcast)] = 2;
    CHECK(sent.total() == 7);
    CHECK(sent.bytes_of(moe::collective::broadcast) == 4);
    CHECK(sent.calls_of(moe::collective::broadcast) == 2);
}
