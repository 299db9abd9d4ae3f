// SPDX-License-Identifier: MIT
#include <moe/io/file.hpp>

#include <cerrno>
#include <cstdlib>
#include <initializer_list>

#include <sys/stat.h>

#include <doctest/doctest.h>

#include <tests/support/faulty_files.hpp>
#include <tests/support/folder.hpp>

using namespace moe::io;
using test::error_of;
using test::has;

TEST_CASE("a file comes back as it was written") {
    const test::folder folder;
    const std::string path = folder / "some.bin";
    std::string contents = "two\nlines";
    contents += '\0';
    write_file(path, contents);
    CHECK(read_file(path) == contents);
    write_file(path, "");
    CHECK(read_file(path).empty());
    CHECK(list_folder(folder.path()) == std::vector<std::string>{"some.bin"});

    output_file more(path, open_for::appending);
    more.write("abc");
    more.write("def");
    more.truncate(5);
    more.write("!");
    more.close();
    CHECK(read_file(path) == "abcde!");
    const input_file in(path);
    CHECK(in.bytes() == 6);
    char piece[3];
    in.read(2, piece, 3);
    CHECK(std::string_view(piece, 3) == "cde");
    CHECK(has(error_of([&] { in.read(4, piece, 3); }), path + ": ends at byte 6, 1 more"));
}

TEST_CASE("errors name the path and the reason") {
    const test::folder folder;
    const std::string none = folder / "none";
    CHECK(error_of([&] { read_file(none); }) == none + ": cannot open: No such file or directory");
    CHECK(error_of([&] { read_file(folder.path()); }) ==
          folder.path() + ": cannot open: Is a directory");
    CHECK(has(error_of([&] { list_folder(none); }), none + ": cannot list: "));
    test::put(folder / "file", "123456789");
    CHECK(has(error_of([&] { read_file(folder / "file", 8); }), "9 bytes, at most 8"));
    CHECK(has(error_of([&] { make_folders(folder / "file"); }), "a folder was expected"));
    CHECK(has(error_of([&] { make_folders(folder / "file/in"); }), "a folder was expected"));
    CHECK(has(error_of([&] { output_file(folder / "file", open_for::creating); }), "File exists"));
    // A pipe without a writer would block whoever opens it.
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(has(error_of([&] { read_file(folder / "pipe"); }), "cannot open"));
}

TEST_CASE("paths are put together and taken apart") {
    CHECK(join("a", "b") == "a/b");
    CHECK(join("a/", "b") == "a/b");
    CHECK(join("", "b") == "b");
    CHECK(folder_of("a/b/c") == "a/b");
    CHECK(folder_of("a/b/") == "a");
    CHECK(folder_of("a") == ".");
    CHECK(folder_of("/a") == "/");
    CHECK(folder_of("/") == "/");
    CHECK(name_in_folder("a/b/c") == "c");
    CHECK(name_in_folder("a/b/") == "b");
    CHECK(name_in_folder("a") == "a");
    CHECK(temporary_beside("a/b/").starts_with("a/b.tmp-"));
    CHECK(temporary_beside("a") != temporary_beside("a"));
}

TEST_CASE("folders are made with their parents and removed with their contents, links left alone") {
    const test::folder folder;
    make_folders(folder / "one/two/three");
    make_folders(folder / "one/two/three");
    CHECK(status_of(folder / "one/two/three").folder);
    test::put(folder / "one/two/file", "1");
    test::put(folder / "kept/file", "1");
    std::filesystem::create_directory_symlink(folder / "kept", folder / "one/link");
    std::filesystem::create_symlink(folder / "nowhere", folder / "one/broken");
    CHECK(status_of(folder / "one/link").link);
    CHECK(status_of(folder / "one/broken").exists);
    remove_all(folder / "one");
    CHECK(!status_of(folder / "one").exists);
    CHECK(status_of(folder / "kept/file").bytes == 1);
    remove_all(folder / "one");  // not there: no error
    make_new_folder(folder / "new/one");
    CHECK(has(error_of([&] { make_new_folder(folder / "new/one"); }), "File exists"));
}

TEST_CASE("what a killed process left half-written is removed, and nothing else") {
    const test::folder folder;
    for (const char* name : {"a.tmp-12-0", "b.tmp-3-4/file", "c.tmp-", "d.tmp-1x", "tmp-1-2", "e"})
        test::put(folder / name, "1");
    remove_temporaries(folder.path());
    CHECK(list_folder(folder.path()) ==
          std::vector<std::string>{"c.tmp-", "d.tmp-1x", "e", "tmp-1-2"});
}

TEST_CASE("a locked file refuses a second lock until the first is closed") {
    const test::folder folder;
    output_file first(folder / "lock", open_for::appending);
    output_file second(folder / "lock", open_for::appending);
    CHECK(first.lock());
    CHECK(!second.lock());
    first.close();
    CHECK(second.lock());
}

TEST_CASE("whatever call fails, an atomic write leaves the old contents or the new") {
    const test::folder folder;
    const std::string path = folder / "file", old_text(5000, 'o'), new_text(7000, 'n');
    int failed = 0, calls = 0;
    for (const int wrong : {ENOSPC, EIO, EDQUOT, EINTR, 0})
        for (const bool for_ever : {false, true}) {
            for (int call = 0;; ++call) {
                test::put(path, old_text);
                std::string said;
                {
                    test::faulty_files faulty;
                    faulty.call = call;
                    faulty.wrong = wrong;
                    faulty.for_ever = for_ever;
                    said = error_of([&] { write_file(path, new_text); });
                    calls = faulty.calls();
                }
                const std::string after = test::get(path);
                CHECK((after == old_text || after == new_text));
                if (said.empty())
                    CHECK(after == new_text);
                else {
                    ++failed;
                    CHECK(has(said, folder.path()));
                    CHECK(has(said, ": cannot "));
                }
                if (wrong == 0) CHECK(said.empty());  // a short write is not an error
                // A temporary file is left only where removing it failed as well.
                if (!for_ever)
                    CHECK(list_folder(folder.path()).size() == 1);
                else
                    remove_temporaries(folder.path());
                if (call >= calls) break;
            }
        }
    CHECK(failed >= 3 * 2 * 6);
    CHECK(calls == 6);  // open, write, sync, close, rename, sync of the folder
}

TEST_CASE("interrupted and short calls are carried on, but not for ever") {
    const test::folder folder;
    const std::string path = folder / "file", text(1000, 'x');
    test::put(path, text);
    {
        test::faulty_files faulty;
        faulty.call = 1;
        faulty.for_ever = true;  // every read moves half of what is asked
        CHECK(read_file(path) == text);
        CHECK(faulty.calls() > 8);
    }
    test::faulty_files faulty;
    faulty.call = 2;
    faulty.wrong = EINTR;
    CHECK(read_file(path) == text);
    faulty.log.clear();
    faulty.for_ever = true;
    CHECK(has(error_of([&] { read_file(path); }), "Interrupted"));
    CHECK(faulty.calls() < 1000);
}

TEST_CASE("a full disk is refused before anything is written") {
    const test::folder folder;
    require_free_space(folder.path(), 1);
    test::faulty_files faulty;
    faulty.space = (1 << 20) + 999;
    require_free_space(folder.path(), 999);
    CHECK(has(error_of([&] { require_free_space(folder.path(), 1000); }), "the disk has only"));
}
