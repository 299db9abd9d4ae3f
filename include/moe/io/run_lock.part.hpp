// SPDX-License-Identifier: MIT
// Definitions of io/run_lock.hpp.
#pragma once

#include <moe/io/run_lock.hpp>

#include <unistd.h>

namespace moe::io {

namespace {
const std::string& made(const std::string& folder) {
    make_folders(folder);
    return folder;
}
}  // namespace

run_lock::run_lock(const std::string& run)
    : file_(join(made(run), "run.lock"), open_for::appending) {
    if (!file_.lock()) {
        std::string holder = read_file(file_.path(), 4096);
        while (!holder.empty() && holder.back() == '\n') holder.pop_back();
        throw error(run + ": another run is using this folder (" +
                    (holder.empty() ? "it is just starting" : holder) + ")");
    }
    char host[256] = "";
    ::gethostname(host, sizeof host - 1);
    file_.truncate(0);
    file_.write("process " + std::to_string(::getpid()) + " on " + host + "\n");
    remove_temporaries(run);
    const std::string checkpoints = join(run, "checkpoints");
    if (status_of(checkpoints).folder) remove_temporaries(checkpoints);
}

}  // namespace moe::io
