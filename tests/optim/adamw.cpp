// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/optim/adamw.hpp>

#include <string>

namespace {

using namespace moe;

TEST_CASE("the defaults are those of DeepSeek-V3, and every field can be listed") {
    std::string names;
    double values[5];
    int count = 0;
    adamw{}.each([&](const char* name, double value) {
        names += name;
        names += ' ';
        values[count++] = value;
    });
    CHECK(names == "beta1 beta2 epsilon decay clip ");
    CHECK((values[0] == 0.9 && values[1] == 0.95 && values[2] == 1e-8));
    CHECK((values[3] == 0.1 && values[4] == 1));
    CHECK(adamw::moments == 2);
}

}  // namespace
