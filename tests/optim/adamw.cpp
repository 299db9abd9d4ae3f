// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/optim/adamw.hpp>

#include <string>

namespace {

using namespace moe;

TEST_CASE("the defaults are those of DeepSeek-V3, and every field can be listed") {
    std::string fields;
    adamw{}.each([&](const char* name, double value) {
        fields += name + (" " + std::to_string(value)).substr(0, 6) + ", ";
    });
    CHECK(fields == "beta1 0.900, beta2 0.950, epsilon 0.000, decay 0.100, clip 1.000, ");
    CHECK(adamw{}.epsilon == 1e-8);
    CHECK(adamw::moments == 2);
}

}  // namespace
