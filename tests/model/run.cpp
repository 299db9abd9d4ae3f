// SPDX-License-Identifier: MIT
#include <moe/model/run.hpp>

#include <doctest/doctest.h>

#include <string>

// A field as a state has it: T is a member of that name.
namespace {
template <class Number, int Columns, bool Trained = true> struct tensor {
    static constexpr moe::spec is{.columns = Columns, .trained = Trained};
    using T = Number;
    T* at = nullptr;
};
struct state {
    tensor<float, 3> a;
    tensor<float, 0> none;
    tensor<float, 20> b;
    tensor<float, 5, false> bias;
    tensor<double, 2> c;
    tensor<double, 9> d;
    tensor<float, 1> e;

    static void each(const moe::name& prefix, auto&& visit, auto&... s) {
        visit(prefix.with("a"), s.a...);
        visit(prefix.with("none"), s.none...);
        visit(prefix.with("b"), s.b...);
        visit(prefix.with("bias"), s.bias...);
        visit(prefix.with("c"), s.c...);
        visit(prefix.with("d"), s.d...);
        visit(prefix.with("e"), s.e...);
    }
};
}  // namespace

TEST_CASE("tensors of one type that lie behind each other are one run") {
    alignas(64) std::byte memory[4096];
    moe::arena place(memory, sizeof memory);
    state s;
    s.a.at = place.take<float>(3);
    s.b.at = place.take<float>(20);
    s.c.at = place.take<double>(2);
    s.d.at = place.take<double>(9);
    place.take<float>(100);  // somebody else's
    s.e.at = place.take<float>(1);
    std::string seen;
    moe::each_run<float, double>(s, [&]<class T>(T* first, std::int64_t count) {
        seen += (sizeof(T) == 4 ? " float " : " double ") +
                std::to_string(reinterpret_cast<std::byte*>(first) - memory) + "+" +
                std::to_string(count);
    });
    // 64 bytes of a, then 20 of b; 64 bytes of c, then 9 of d.
    CHECK(seen == " float 0+36 float 832+1 double 192+17");
}

TEST_CASE("the same type elsewhere begins a run of its own") {
    alignas(64) std::byte memory[4096];
    moe::arena place(memory, sizeof memory);
    state s;
    s.b.at = place.take<float>(20);
    s.a.at = place.take<float>(3);  // before which the list wants another order
    s.c.at = place.take<double>(2);
    s.d.at = place.take<double>(9);
    s.e.at = place.take<float>(1);
    int runs = 0;
    moe::each_run<float, double>(s, [&]<class T>(T*, std::int64_t) { ++runs; });
    CHECK(runs == 4);
}
