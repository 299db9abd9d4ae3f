// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/tensor/view.hpp>

TEST_CASE("parts and columns of a view keep its stride") {
    float numbers[12];
    for (int i = 0; i < 12; ++i) numbers[i] = float(i);
    const moe::rows<float> all(numbers, 3, 4);
    CHECK(all(2, 3) == 11);
    CHECK(all.part(1, 2)(0, 0) == 4);
    const auto middle = all.columns(1, 2);
    CHECK(middle.width == 2);
    CHECK(middle(2, 1) == 10);
    CHECK(middle.part(1, 1)[0] == numbers + 5);
    const moe::rows<const float> read = middle;
    CHECK(read(0, 0) == 1);
}

TEST_CASE("picked rows come through the index, or in order") {
    float numbers[6] = {0, 1, 2, 3, 4, 5};
    const int index[] = {2, 0, 2};
    const moe::rows<float> all(numbers, 3, 2);
    CHECK(moe::picked<float>(all, index)[0] == numbers + 4);
    CHECK(moe::picked<float>(all, index)[1] == numbers);
    CHECK(moe::picked<float>(all)[1] == numbers + 2);
}

TEST_CASE("matrices of a stack lie behind each other, their packed copies too") {
    float numbers[24], packed[24];
    const moe::matrices<float> stack{numbers, packed, 4, 2, 3};
    CHECK(stack[3].at == numbers + 18);
    CHECK(stack[3].packed == packed + 18);
    CHECK(moe::matrices<float>{numbers, nullptr, 4, 2, 3}[1].packed == nullptr);
    CHECK(stack[1].view().count == 2);
}
