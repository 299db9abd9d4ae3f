// SPDX-License-Identifier: MIT
#include <moe/io/staged_folder.hpp>

#include <cerrno>

#include <doctest/doctest.h>

#include <tests/support/faulty_files.hpp>
#include <tests/support/folder.hpp>

using namespace moe::io;
using test::error_of;
using test::has;

TEST_CASE("a staged folder appears with commit, and leaves nothing without it") {
    const test::folder folder;
    const std::string target = folder / "deep/target";
    {
        staged_folder staged(target);
        write_file(join(staged.path(), "file"), "1");
        CHECK(!status_of(target).exists);
    }
    CHECK(list_folder(folder / "deep").empty());
    staged_folder staged(target);
    write_file(join(staged.path(), "file"), "2");
    staged.commit();
    CHECK(test::get(target + "/file") == "2");
    CHECK(list_folder(folder / "deep").size() == 1);
}

TEST_CASE("the folder is synced before it gets its name, its parent after") {
    const test::folder folder;
    test::faulty_files faulty;
    staged_folder staged(folder / "target");
    output_file file(join(staged.path(), "file"), open_for::creating);
    file.close();
    faulty.log.clear();
    staged.commit();
    std::vector<std::string> calls;
    for (const std::string& call : faulty.log)
        if (!call.starts_with("status")) calls.push_back(call);
    CHECK(calls == std::vector<std::string>{"sync_folder " + staged.path(),
                                            "rename " + staged.path() + " " + (folder / "target"),
                                            "sync_folder " + folder.path()});
}

TEST_CASE("a target that holds something is refused, or replaced on request") {
    const test::folder folder;
    test::put(folder / "file", "1");
    test::put(folder / "full/old", "1");
    make_folders(folder / "empty");
    CHECK(has(error_of([&] { staged_folder staged(folder / "file"); }), "is a file"));
    CHECK(has(error_of([&] { staged_folder staged(folder / "full"); }), "is not empty"));
    staged_folder(folder / "empty").commit();
    staged_folder staged(folder / "full", staged_folder::target_may::be_replaced);
    write_file(join(staged.path(), "new"), "2");
    staged.commit();
    CHECK(list_folder(folder / "full") == std::vector<std::string>{"new"});
    CHECK(list_folder(folder.path()).size() == 3);
}

TEST_CASE("whatever call fails while replacing, one of the two contents is there") {
    const test::folder folder;
    int failed = 0;
    for (int call = 0, calls = 0; call <= calls; ++call) {
        remove_all(folder / "target");
        test::put(folder / "target/old", "1");
        std::string said;
        {
            test::faulty_files faulty;
            faulty.call = call;
            faulty.wrong = EIO;
            said = error_of([&] {
                staged_folder staged(folder / "target", staged_folder::target_may::be_replaced);
                write_file(join(staged.path(), "new"), "2");
                staged.commit();
            });
            calls = faulty.calls();
        }
        failed += !said.empty();
        const auto names = list_folder(folder / "target");
        CHECK(
            (names == std::vector<std::string>{"old"} || names == std::vector<std::string>{"new"}));
        if (said.empty()) CHECK(names[0] == "new");
        remove_temporaries(folder.path());
        CHECK(list_folder(folder.path()).size() == 1);
    }
    CHECK(failed > 8);
}
