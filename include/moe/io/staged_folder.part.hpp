// SPDX-License-Identifier: MIT
// Definitions of io/staged_folder.hpp.
#pragma once

#include <moe/io/staged_folder.hpp>

namespace moe::io {

staged_folder::staged_folder(const std::string& target, target_may what)
    : target_(target), temporary_(temporary_beside(target)) {
    const path_status status = status_of(target);
    if (status.exists && !status.folder)
        throw error(target + ": is a file, a new or empty folder was expected");
    if (what == target_may::be_empty && status.folder && !list_folder(target).empty())
        throw error(target + ": is not empty, a new or empty folder was expected");
    make_new_folder(temporary_);
}

staged_folder::~staged_folder() {
    if (done_) return;
    try {
        remove_all(temporary_);
    } catch (const error&) {
        // The error that led here matters more; the next run removes what is left.
    }
}

void staged_folder::commit() {
    sync_folder(temporary_);
    std::string aside;
    if (status_of(target_).folder && !list_folder(target_).empty()) {
        aside = temporary_beside(target_);
        rename_path(target_, aside);
    }
    try {
        rename_path(temporary_, target_);
    } catch (const error&) {
        if (!aside.empty()) files().rename(files().self, aside.c_str(), target_.c_str());
        throw;
    }
    done_ = true;
    sync_folder(folder_of(target_));
    if (aside.empty()) return;
    try {
        remove_all(aside);
    } catch (const error&) {
        // It has a temporary name; the next run removes it.
    }
}

}  // namespace moe::io
