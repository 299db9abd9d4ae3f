// SPDX-License-Identifier: MIT
#include <moe/io/metrics.hpp>

#include <cerrno>

#include <doctest/doctest.h>

#include <tests/support/faulty_files.hpp>
#include <tests/support/folder.hpp>

using namespace moe::io;
using test::error_of;
using test::has;

namespace {

json_writer line(std::int64_t step, double loss) {
    json_writer json;
    json.object().field("step", step).field("loss", loss).close();
    return json;
}

}  // namespace

TEST_CASE("lines come one after the other, and a new run empties the file") {
    const test::folder folder;
    const std::string path = test::put(folder / "metrics.jsonl", "old\n");
    {
        metrics_writer metrics(path);
        metrics.write(line(1, 2.5));
        CHECK(test::get(path) == "{\"step\":1,\"loss\":2.5}\n");  // at once
        metrics.write(line(2, 2.25));
    }
    CHECK(test::get(path) == "{\"step\":1,\"loss\":2.5}\n{\"step\":2,\"loss\":2.25}\n");
}

TEST_CASE("a resumed run cuts off what lies behind its checkpoint") {
    const test::folder folder;
    const std::string path = folder / "metrics.jsonl";
    std::string first, all;
    for (int step = 1; step <= 9; ++step)
        for (int twice = 0; twice < 2; ++twice) {
            all += line(step, 0.5 * step).text() + "\n";
            if (step <= 4) first = all;
        }
    for (const std::string& behind :
         {std::string(), std::string("{\"step\":3,\"lo"), std::string("{\"step\":10"),
          std::string("\n"), std::string("not ours\n"), std::string(100, '\0')}) {
        test::put(path, all + behind);
        { metrics_writer metrics(path, 4); }
        CHECK(test::get(path) == first);
        test::put(path, all + behind);
        metrics_writer metrics(path, 1000);
        CHECK(test::get(path) == all);
        metrics.write(line(1001, 1));
        CHECK(test::get(path) == all + line(1001, 1).text() + "\n");
    }
    { metrics_writer metrics(path, 0); }
    CHECK(test::get(path).empty());
    { metrics_writer metrics(folder / "new.jsonl", 5); }  // none was there
    CHECK(test::get(folder / "new.jsonl").empty());
    // A step is a number of its own, not the start of another.
    test::put(path, "{\"step\":12}\n{\"step\":1x}\n");
    { metrics_writer metrics(path, 12); }
    CHECK(test::get(path) == "{\"step\":12}\n");
}

TEST_CASE("a full disk is reported with the file") {
    const test::folder folder;
    metrics_writer metrics(folder / "metrics.jsonl");
    test::faulty_files faulty;
    faulty.call = 0;
    faulty.wrong = ENOSPC;
    CHECK(error_of([&] { metrics.write(line(1, 1)); }) ==
          folder / "metrics.jsonl" + ": cannot write: No space left on device");
}
