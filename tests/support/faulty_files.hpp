// SPDX-License-Identifier: MIT
// The file layer with a fault in it: the Nth call fails with a number of <cerrno>, once or for
// ever, or moves fewer bytes than it was asked to. Everything else goes on to the operating system.
#pragma once

#include <moe/io/file.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace test {

class faulty_files {
    static faulty_files& at(void* self) { return *static_cast<faulty_files*>(self); }

    bool fails() const {
        const int now = calls() - 1;
        return call >= 0 && (now == call || (for_ever && now > call));
    }
    template <class Go> auto turn(std::string_view what, const std::string& about, Go go) {
        log.push_back(std::string(what) + (about.empty() ? "" : " ") + about);
        using result = decltype(go(next_));
        return fails() && wrong ? result(-wrong) : go(next_);
    }
    template <class Go> std::int64_t moved(std::string_view what, std::size_t bytes, Go go) {
        return turn(what, "", [&](const auto& n) {
            return go(n, fails() ? std::max<std::size_t>(bytes / 2, bytes > 0) : bytes);
        });
    }

public:
    int call = -1;            // which call fails, counted from 0; -1: none
    int wrong = 0;            // the number it fails with; 0: it moves half of the bytes
    bool for_ever = false;    // and all later ones too
    std::int64_t space = -1;  // the disk's free space; -1: the real one
    // What was called, for tests of the order: "write", "rename A B"...
    std::vector<std::string> log;

    faulty_files() : before_(moe::io::files()), next_(moe::io::system_files()) {
        moe::io::file_layer& layer = moe::io::files();
        layer.self = this;
        layer.open = [](void* self, const char* path, moe::io::open_for mode) {
            return at(self).turn("open", path,
                                 [&](const auto& n) { return n.open(n.self, path, mode); });
        };
        layer.read = [](void* self, int handle, void* into, std::size_t bytes,
                        std::uint64_t offset) {
            return at(self).moved("read", bytes, [&](const auto& n, std::size_t some) {
                return n.read(n.self, handle, into, some, offset);
            });
        };
        layer.write = [](void* self, int handle, const void* from, std::size_t bytes) {
            return at(self).moved("write", bytes, [&](const auto& n, std::size_t some) {
                return n.write(n.self, handle, from, some);
            });
        };
        layer.size = [](void* self, int handle) {
            return at(self).turn("size", "", [&](const auto& n) { return n.size(n.self, handle); });
        };
        layer.truncate = [](void* self, int handle, std::uint64_t bytes) {
            return at(self).turn("truncate", "",
                                 [&](const auto& n) { return n.truncate(n.self, handle, bytes); });
        };
        layer.sync = [](void* self, int) {
            return at(self).turn("sync", "", [](const auto&) { return 0; });
        };
        layer.lock = [](void* self, int handle) {
            return at(self).turn("lock", "", [&](const auto& n) { return n.lock(n.self, handle); });
        };
        // A close that fails has closed all the same.
        layer.close = [](void* self, int handle) {
            const int result = at(self).next_.close(nullptr, handle);
            return at(self).turn("close", "", [&](const auto&) { return result; });
        };
        layer.status = [](void* self, const char* path, moe::io::path_status* status) {
            return at(self).turn("status", path,
                                 [&](const auto& n) { return n.status(n.self, path, status); });
        };
        layer.rename = [](void* self, const char* from, const char* to) {
            return at(self).turn("rename", std::string(from) + " " + to,
                                 [&](const auto& n) { return n.rename(n.self, from, to); });
        };
        layer.remove = [](void* self, const char* path) {
            return at(self).turn("remove", path,
                                 [&](const auto& n) { return n.remove(n.self, path); });
        };
        layer.make_folder = [](void* self, const char* path) {
            return at(self).turn("make_folder", path,
                                 [&](const auto& n) { return n.make_folder(n.self, path); });
        };
        layer.sync_folder = [](void* self, const char* path) {
            return at(self).turn("sync_folder", path, [](const auto&) { return 0; });
        };
        layer.list = [](void* self, const char* path, void* to, void (*entry)(void*, const char*)) {
            return at(self).turn("list", path,
                                 [&](const auto& n) { return n.list(n.self, path, to, entry); });
        };
        layer.free_space = [](void* self, const char* path) {
            return at(self).turn("free_space", path, [&](const auto& n) {
                return at(self).space < 0 ? n.free_space(n.self, path) : at(self).space;
            });
        };
    }
    faulty_files(const faulty_files&) = delete;
    faulty_files& operator=(const faulty_files&) = delete;
    ~faulty_files() { moe::io::files() = before_; }

    int calls() const { return int(log.size()); }

private:
    moe::io::file_layer before_, next_;
};

}  // namespace test
