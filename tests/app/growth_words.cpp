// SPDX-License-Identifier: MIT
#include <moe/app/growth_words.hpp>

#include <tests/support/folder.hpp>

#include <doctest/doctest.h>

using test::has;

TEST_CASE("what became of each domain, as a table") {
    moe::growth_summary s;
    s.fresh = {"law", 4, 3, {0.5, 0.75}};
    s.old = {{"art", 2, 2.02, {0.25, 0.25}}};
    s.parameters = 12345, s.trained = 1234;
    s.joules_source = "model";
    const std::string text = moe::growth_table(s, {});
    for (const char* piece : {"law (new)  ", "4.0000", "3.0000", "-25.00 %", "62.5 %", "+1.00 %",
                              "trained 1 234 of 12 345 parameters"})
        CHECK_MESSAGE(has(text, piece), piece);
}

TEST_CASE("merging takes two models, removing one of this recipe") {
    const test::folder in;
    moe::command c;
    c.to = in / "to";
    c.models = {in / "one"};
    CHECK_THROWS_AS(moe::merge_word(c, {}), moe::usage_error);
    c.models.push_back(in / "two");
    CHECK(has(test::error_of([&] { moe::merge_word(c, {}); }), "one: does not exist"));

    moe::io::snapshot what;
    float number = 1;
    what.recipe = {{"model.hidden", "1"}};
    what.model = {moe::io::make_tensor("a", &number, {1})};
    moe::io::save_model(in / "one", what);
    c.model = in / "one", c.domain = "law";
    CHECK(has(test::error_of([&] {
                  moe::remove_word(c, {{"model.hidden", "2"}});
              }),
              "made with another recipe: model.hidden is 1 there and 2 here"));
    CHECK(has(test::error_of([&] { moe::remove_word(c, what.recipe); }),
              "has not grown the domain 'law'; it has grown none"));
}
