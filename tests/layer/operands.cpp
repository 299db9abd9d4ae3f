// SPDX-License-Identifier: MIT
#include "tests/support/coded.hpp"
#include "tests/support/e4m3.hpp"

#include <doctest/doctest.h>
#include <moe/device/executor.hpp>
#include <moe/layer/operands.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

struct in_bf16 : test::coded {
    bf16 precision{};
};
struct keeps_numbers : test::coded {
    fp8 precision{.attention_output = number_format::bf16};
};
constexpr batch_shape shape{2, 20};

// Placed and poisoned.
template <class Part> struct in_memory {
    std::vector<std::byte> bytes;
    Part part;

    in_memory() {
        arena counts;
        Part().place(counts, shape);
        bytes.assign(counts.bytes() + arena::alignment, std::byte{0x7F});
        void* at = bytes.data();
        std::size_t space = bytes.size();
        std::align(arena::alignment, counts.bytes(), at, space);
        arena place(at, counts.bytes());
        part.place(place, shape);
        CHECK(place.bytes() == counts.bytes());
    }
};
template <class Part> std::size_t bytes_of() {
    arena counts;
    Part().place(counts, shape);
    return counts.bytes();
}

TEST_CASE("an input is a view, or under fp8 its codes") {
    executor<cpu_on<isa::native>> machine(2);
    const auto x = random_rows<bfloat16>(33, 256, 1);
    const auto rounded = test::rounded_along(x.view());
    CHECK(bytes_of<given_input<in_bf16, 256>>() == 0);
    CHECK(bytes_of<given_input<test::coded, 256>>() == 40 * 256 + 128);  // and scales
    in_memory<given_input<test::coded, 256>> coded;
    coded.part.take(machine.on(), x);
    const int index[] = {3, 1};
    for (int j = 0; j < 256; ++j) {
        CHECK(double(coded.part.read()(32, j)) == rounded(32, j));
        CHECK(double(coded.part.read(index)(0, j)) == rounded(3, j));
    }
    in_memory<given_input<in_bf16, 256>> viewed;
    viewed.part.take(machine.on(), x);
    CHECK(viewed.part.read().at == x.view().at);
}

TEST_CASE("an input that a layer computes is kept once") {
    executor<cpu_on<isa::native>> machine(2);
    using coded = computed_input<test::coded, 128>;
    using numbers = computed_input<in_bf16, 128>;
    CHECK(bytes_of<coded>() < bytes_of<numbers>() * 0.52);
    CHECK(bytes_of<coded::work>() == bytes_of<numbers>());
    CHECK(bytes_of<numbers::work>() == 0);
    in_memory<coded> one;
    in_memory<coded::work> passing;
    const auto into = one.part.begin(30, passing.part);
    test::fill_random(into, 5);
    one.part.end(machine.on(), into);
    const auto rounded = test::rounded_along(into);
    test::fill(into, test::poison<bfloat16>());
    for (int i = 0; i < 30; ++i) CHECK(double(one.part.read()(i, 7)) == rounded(i, 7));
}

TEST_CASE("attention's output comes back in twelve bits, or as it was") {
    executor<cpu_on<isa::native>> machine(2);
    const auto check = [&]<class Output>(Output, double most) {
        in_memory<Output> one;
        in_memory<typename Output::work> passing;
        const auto into = one.part.begin(30, passing.part);
        test::fill_random(into, 5);
        guarded<bfloat16> written(30, 128);
        test::copy(written.view(), into);
        one.part.end(machine.on(), into);
        const auto again = one.part.again(machine.on(), passing.part);
        CHECK(test::relative_error(again, written.view()) <= most);
        for (int i = 0; i < 30; ++i) CHECK(double(one.part.read()(i, 9)) == double(again(i, 9)));
    };
    check(attention_output<test::coded, 128>(), 5e-3);
    check(attention_output<keeps_numbers, 128>(), 0);
    CHECK(bytes_of<attention_output<test::coded, 128>>() <
          bytes_of<attention_output<keeps_numbers, 128>>());
}

}  // namespace
