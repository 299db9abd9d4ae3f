// SPDX-License-Identifier: MIT
#include <moe/io/tensor_list.hpp>

#include <set>

#include <doctest/doctest.h>

using namespace moe::io;

TEST_CASE("formats have the names and widths of the file format") {
    std::set<std::string_view> names;
    for (int i = 0; i < formats; ++i) {
        const std::string_view name = name_of(format(i));
        CHECK(names.insert(name).second);
        // The width stands in the name; C64 is two floats, BOOL one byte.
        const std::size_t digit = name.find_first_of("0123456789");
        if (digit == std::string_view::npos)
            CHECK(bits_of(format(i)) == 8);
        else
            CHECK(bits_of(format(i)) == std::stoi(std::string(name.substr(digit))));
    }
    CHECK(name_of(format::u64) == "U64");
    CHECK(name_of(format::f8_e4m3) == "F8_E4M3");
}

TEST_CASE("a C++ type has the format of its bits") {
    static_assert(format_of<float> == format::f32 && format_of<double> == format::f64);
    static_assert(format_of<std::int8_t> == format::i8 && format_of<std::uint16_t> == format::u16);
    static_assert(format_of<int> == format::i32 && format_of<std::uint64_t> == format::u64);
    static_assert(format_of<bool> == format::boolean && format_of<unsigned char> == format::u8);
    static_assert(bits_of(format_of<long long>) == 64);
}

TEST_CASE("a tensor of the list is a view") {
    const double numbers[6] = {};
    const named_tensor tensor = make_tensor("a", numbers, {2, 3});
    CHECK(tensor.data == numbers);
    CHECK(tensor.bytes == sizeof numbers);
    CHECK(tensor.format == format::f64);
    CHECK(make_tensor("b", numbers, {}).bytes == 8);
    CHECK(make_tensor("c", numbers, {3, 0}).bytes == 0);
    CHECK(key_value{"a", "b"} == key_value{"a", "b"});
}
