// SPDX-License-Identifier: MIT
#include <moe/core/type_name.hpp>

#include <doctest/doctest.h>

struct at_file_scope {};
namespace outer::inner {
struct nested {
    struct member {};
};
template <class T> struct wrapped {};
template <int Number> struct numbered {};
}  // namespace outer::inner
namespace {
struct hidden {};
}  // namespace

TEST_CASE("a type is called what its author called it") {
    using moe::type_name;
    CHECK(type_name<int>() == "int");
    CHECK(type_name<double>() == "double");
    CHECK(type_name<at_file_scope>() == "at_file_scope");
    CHECK(type_name<outer::inner::nested>() == "nested");
    CHECK(type_name<outer::inner::nested::member>() == "member");
    CHECK(type_name<hidden>() == "hidden");
    CHECK(type_name<outer::inner::numbered<128>>() == "numbered<128>");
    CHECK(type_name<outer::inner::wrapped<outer::inner::nested>>() ==
          "wrapped<outer::inner::nested>");
    struct local {};
    CHECK(type_name<local>() == "local");
}
