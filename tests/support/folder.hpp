// SPDX-License-Identifier: MIT
// A folder of a test's own, gone when the test ends; files in it; the line of an error. It lies in
// memory where the system has such a place: many tests replace small files thousands of times.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace test {

class folder {
public:
    folder() {
        path_ = "/dev/shm/moe-test-XXXXXX";
        if (::mkdtemp(path_.data())) return;
        path_ = (std::filesystem::temp_directory_path() / "moe-test-XXXXXX").string();
        if (!::mkdtemp(path_.data())) throw std::runtime_error("no temporary folder");
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

private:
    std::string path_;
};

// Writes a file and the folders above it.
inline std::string put(const std::string& path, std::string_view contents) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary).write(contents.data(), std::streamsize(contents.size()));
    return path;
}
inline std::string get(const std::string& path) {
    std::ostringstream contents;
    contents << std::ifstream(path, std::ios::binary).rdbuf();
    return contents.str();
}

// What an action says when it throws; empty: it does not.
template <class Action> std::string error_of(Action&& action) {
    try {
        action();
    } catch (const std::runtime_error& wrong) {
        return wrong.what();
    }
    return {};
}
inline bool has(std::string_view text, std::string_view piece) {
    return text.find(piece) != std::string_view::npos;
}

}  // namespace test
