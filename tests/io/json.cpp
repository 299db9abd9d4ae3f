// SPDX-License-Identifier: MIT
#include <moe/io/json.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace moe::io;

TEST_CASE("objects, arrays and values stand as written") {
    json_writer json;
    json.object().field("step", 3).key("loss").array().value(2.5).value("a\"b").null().close();
    json.key("none").object().close().key("empty").array().close().field("yes", true);
    CHECK(json.close().text() ==
          R"({"step":3,"loss":[2.5,"a\"b",null],"none":{},"empty":[],"yes":true})");
    json_writer lines(2);
    lines.object().field("a", 1).key("b").array().value(1).value(2).close().close();
    CHECK(lines.text() == "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ]\n}");
    CHECK(json_writer().value("alone").text() == "\"alone\"");
    CHECK(json_writer().array().raw("{\"x\":1}").raw("2").close().text() == "[{\"x\":1},2]");
}

TEST_CASE("every number reads back as itself") {
    for (const double number : {0.1, 1.0 / 3, -2.5e-310, 1e300, 123456789.0, -0.0, 5e-324}) {
        CHECK(nlohmann::json::parse(number_text(number)).get<double>() == number);
    }
    CHECK(number_text(0.1F) == "0.1");
    CHECK(number_text(2.0) == "2");
    CHECK(number_text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(number_text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    const double not_a_number = std::nan("");
    CHECK(json_writer().array().value(not_a_number).value(INFINITY).close().text() ==
          "[null,null]");
    CHECK(json_writer().value(char(65)).text() == "65");
}

TEST_CASE("any bytes become a text that JSON readers accept") {
    CHECK(json_quoted("tab\t line\n \x01 \x7f") == "\"tab\\t line\\n \\u0001 \x7f\"");
    CHECK(json_quoted("gr\xC3\xBC\xC3\x9F") == "\"gr\xC3\xBC\xC3\x9F\"");
    CHECK(json_quoted("\xFF\xC3") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    CHECK(json_quoted("\xED\xA0\x80") ==
          "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");  // a surrogate
    std::uint32_t seed = 1;
    for (int round = 0; round < 2000; ++round) {
        std::string bytes;
        for (int i = 0; i < 12; ++i) {
            seed = seed * 1664525 + 1013904223;
            bytes += char(round % 2 ? seed >> 24 : (seed >> 24 & 0x3F) | 0x80 | (i % 3 ? 0 : 0xE0));
        }
        const auto read = nlohmann::json::parse(json_quoted(bytes));
        if (read.get<std::string>().find("\xEF\xBF\xBD") == std::string::npos)
            CHECK(read.get<std::string>() == bytes);
    }
}
