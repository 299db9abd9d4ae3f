// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/emulator/report.hpp>

namespace {

using namespace moe::emulator;

int number_of(site_table& table, const char* atom, const where at = here::current()) {
    return table.number(atom, at, 0);
}

TEST_CASE("a site is an atom at a place in the text") {
    site_table table;
    int first[2], second[2];
    for (int i = 0; i < 2; ++i) {
        first[i] = number_of(table, "load"), second[i] = number_of(table, "load");
    }
    CHECK(first[0] == 0);
    CHECK(second[0] == 1);
    CHECK(first[1] == 0);
    CHECK(second[1] == 1);
    for (int i = 0; i < 2; ++i) CHECK(number_of(table, i ? "load" : "store") == 2 + i);
    CHECK(table.uses.size() == 4);
    CHECK(table.uses[0].at.text().find("load at report.cpp:") == 0);
    CHECK(table.uses[0].at == table.uses[0].at);
    CHECK(!(table.uses[0].at == table.uses[1].at));
}

TEST_CASE("the same finding is written once, and not without end") {
    notebook book;
    for (int i = 0; i < 100; ++i)
        for (int twice = 0; twice < 2; ++twice)
            if (book.is_new(finding::kind::race, i, 3)) book.write(finding::kind::race, "race");
    CHECK(book.findings.size() == notebook::most);
    const report all{book.findings, {}, 0};
    CHECK(!all.clean());
    CHECK(all.has(finding::kind::race));
    CHECK(!all.has(finding::kind::deadlock));
}

}  // namespace
