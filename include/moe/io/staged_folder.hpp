// SPDX-License-Identifier: MIT
// A folder that appears complete or not at all: filled under a temporary name, then renamed.
#pragma once

#include <moe/io/file.hpp>

namespace moe::io {

class staged_folder {
public:
    enum class target_may : std::uint8_t { be_empty, be_replaced };
    // Makes the temporary folder beside 'target', and target's parents. Refuses a target that holds
    // anything, unless it may be replaced; then the old contents are moved aside just before the
    // new ones come, and removed after.
    explicit staged_folder(const std::string& target, target_may = target_may::be_empty);
    staged_folder(const staged_folder&) = delete;
    staged_folder& operator=(const staged_folder&) = delete;
    ~staged_folder();  // what was not committed is removed

    // Where to write. Every file in it must be synced by its writer (write_file does).
    const std::string& path() const { return temporary_; }
    // Syncs the folder, renames it, syncs the parent.
    void commit();

private:
    std::string target_, temporary_;
    bool done_ = false;
};

}  // namespace moe::io
