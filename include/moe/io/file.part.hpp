// SPDX-License-Identifier: MIT
// Definitions of io/file.hpp: the layer over POSIX, and what stands on it.
#pragma once

#include <moe/io/file.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace moe::detail {

// An interrupted call is tried again, but not for ever.
template <class Call> auto until_not_interrupted(Call call) {
    auto result = call();
    for (int tries = 0; result == -EINTR && tries < 100; ++tries) result = call();
    return result;
}

template <class Number> Number or_error(Number result) { return result < 0 ? -errno : result; }

inline int system_open(void*, const char* path, io::open_for mode) {
    // Not blocking, so that opening a pipe comes back; then only regular files pass.
    int flags = O_CLOEXEC | O_NONBLOCK;
    if (mode == io::open_for::reading) flags |= O_RDONLY;
    if (mode == io::open_for::creating) flags |= O_WRONLY | O_CREAT | O_EXCL;
    if (mode == io::open_for::appending) flags |= O_WRONLY | O_CREAT | O_APPEND;
    const int handle = or_error(::open(path, flags, 0666));
    if (handle < 0) return handle;
    struct stat found;
    int wrong = ::fstat(handle, &found) < 0 ? errno : 0;
    if (!wrong && !S_ISREG(found.st_mode)) wrong = S_ISDIR(found.st_mode) ? EISDIR : EINVAL;
    if (wrong) ::close(handle);
    return wrong ? -wrong : handle;
}

inline std::int64_t system_read(void*, int handle, void* into, std::size_t bytes,
                                std::uint64_t offset) {
    return or_error(std::int64_t{::pread(handle, into, bytes, off_t(offset))});
}
inline std::int64_t system_write(void*, int handle, const void* from, std::size_t bytes) {
    return or_error(std::int64_t{::write(handle, from, bytes)});
}
inline std::int64_t system_size(void*, int handle) {
    struct stat found;
    return ::fstat(handle, &found) < 0 ? -errno : std::int64_t{found.st_size};
}
inline int system_truncate(void*, int handle, std::uint64_t bytes) {
    return or_error(::ftruncate(handle, off_t(bytes)));
}
inline int system_sync(void*, int handle) { return or_error(::fsync(handle)); }
inline int system_lock(void*, int handle) { return or_error(::flock(handle, LOCK_EX | LOCK_NB)); }
inline int system_close(void*, int handle) { return or_error(::close(handle)); }

inline int system_status(void*, const char* path, io::path_status* status) {
    *status = {};
    struct stat found;
    if (::lstat(path, &found) < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    status->exists = true;
    status->link = S_ISLNK(found.st_mode);
    if (status->link && ::stat(path, &found) < 0) return 0;  // it points nowhere
    status->folder = S_ISDIR(found.st_mode);
    status->bytes = std::uint64_t(found.st_size);
    return 0;
}
inline int system_rename(void*, const char* from, const char* to) {
    return or_error(::rename(from, to));
}
inline int system_remove(void*, const char* path) { return or_error(::remove(path)); }
inline int system_make_folder(void*, const char* path) { return or_error(::mkdir(path, 0777)); }

inline int system_sync_folder(void*, const char* path) {
    const int handle = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return -errno;
    const int result = or_error(::fsync(handle));
    ::close(handle);
    return result;
}

inline int system_list(void*, const char* path, void* to, void (*entry)(void*, const char*)) {
    DIR* folder = ::opendir(path);
    if (!folder) return -errno;
    int result = 0;
    for (;;) {
        errno = 0;
        const dirent* found = ::readdir(folder);
        if (!found) {
            result = -errno;
            break;
        }
        const std::string_view name = found->d_name;
        if (name != "." && name != "..") entry(to, found->d_name);
    }
    ::closedir(folder);
    return result;
}

inline std::int64_t system_free_space(void*, const char* path) {
    struct statvfs found;
    if (::statvfs(path, &found) < 0) return -errno;
    return std::int64_t(found.f_bavail) * std::int64_t(found.f_frsize);
}

}  // namespace moe::detail

namespace moe::io {

file_layer system_files() {
    using namespace moe::detail;
    file_layer layer;
    layer.open = system_open;
    layer.read = system_read;
    layer.write = system_write;
    layer.size = system_size;
    layer.truncate = system_truncate;
    layer.sync = system_sync;
    layer.lock = system_lock;
    layer.close = system_close;
    layer.status = system_status;
    layer.rename = system_rename;
    layer.remove = system_remove;
    layer.make_folder = system_make_folder;
    layer.sync_folder = system_sync_folder;
    layer.list = system_list;
    layer.free_space = system_free_space;
    return layer;
}

file_layer& files() {
    static file_layer layer = system_files();
    return layer;
}

void fail(const std::string& path, std::string_view what, std::int64_t result) {
    throw error(path + ": cannot " + std::string(what) + ": " +
                std::generic_category().message(int(-result)));
}

namespace {
// What a call of the layer gave, or the error with its path.
std::int64_t checked(const std::string& path, std::string_view what, std::int64_t result) {
    if (result < 0) fail(path, what, result);
    return result;
}
int open_file(const std::string& path, open_for mode) {
    const int handle = moe::detail::until_not_interrupted(
        [&] { return files().open(files().self, path.c_str(), mode); });
    return int(checked(path, mode == open_for::reading ? "open" : "create", handle));
}
}  // namespace

input_file::input_file(const std::string& path)
    : path_(path), handle_(open_file(path, open_for::reading)) {
    const std::int64_t bytes = files().size(files().self, handle_);
    if (bytes < 0) {
        files().close(files().self, handle_);
        fail(path, "read", bytes);
    }
    bytes_ = std::uint64_t(bytes);
}
input_file::input_file(input_file&& other) noexcept
    : path_(std::move(other.path_)),
      handle_(std::exchange(other.handle_, -1)),
      bytes_(other.bytes_) {}
input_file::~input_file() {
    if (handle_ >= 0) files().close(files().self, handle_);
}

void input_file::read(std::uint64_t offset, void* into, std::size_t bytes) const {
    char* at = static_cast<char*>(into);
    while (bytes > 0) {
        const std::int64_t got = moe::detail::until_not_interrupted(
            [&] { return files().read(files().self, handle_, at, bytes, offset); });
        checked(path_, "read", got);
        if (got == 0)
            throw error(path_ + ": ends at byte " + std::to_string(offset) + ", " +
                        std::to_string(bytes) + " more were expected");
        at += got;
        offset += std::uint64_t(got);
        bytes -= std::size_t(got);
    }
}

output_file::output_file(const std::string& path, open_for mode)
    : path_(path), handle_(open_file(path, mode)) {}
output_file::output_file(output_file&& other) noexcept
    : path_(std::move(other.path_)), handle_(std::exchange(other.handle_, -1)) {}
output_file::~output_file() {
    if (handle_ >= 0) files().close(files().self, handle_);
}

void output_file::write(const void* from, std::size_t bytes) {
    const char* at = static_cast<const char*>(from);
    while (bytes > 0) {
        std::int64_t put = moe::detail::until_not_interrupted(
            [&] { return files().write(files().self, handle_, at, bytes); });
        if (put == 0) put = -EIO;
        checked(path_, "write", put);
        at += put;
        bytes -= std::size_t(put);
    }
}
void output_file::truncate(std::uint64_t bytes) {
    checked(path_, "shorten", moe::detail::until_not_interrupted([&] {
                return files().truncate(files().self, handle_, bytes);
            }));
}
bool output_file::lock() {
    const int result =
        moe::detail::until_not_interrupted([&] { return files().lock(files().self, handle_); });
    if (result == -EWOULDBLOCK) return false;
    checked(path_, "lock", result);
    return true;
}
void output_file::sync() { checked(path_, "sync", files().sync(files().self, handle_)); }
void output_file::close() {
    checked(path_, "close", files().close(files().self, std::exchange(handle_, -1)));
}

path_status status_of(const std::string& path) {
    path_status status;
    checked(path, "look up", moe::detail::until_not_interrupted([&] {
                return files().status(files().self, path.c_str(), &status);
            }));
    return status;
}

std::vector<std::string> list_folder(const std::string& path) {
    std::vector<std::string> names;
    const auto entry = [](void* to, const char* name) {
        static_cast<std::vector<std::string>*>(to)->emplace_back(name);
    };
    checked(path, "list", moe::detail::until_not_interrupted([&] {
                names.clear();
                return files().list(files().self, path.c_str(), &names, entry);
            }));
    std::sort(names.begin(), names.end());
    return names;
}

std::string join(std::string_view folder, std::string_view name) {
    std::string path(folder);
    if (!path.empty() && path.back() != '/') path += '/';
    return path += name;
}
// Slashes at the end do not count: a/b/ is b in a.
std::string folder_of(std::string_view path) {
    while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return ".";
    return std::string(path.substr(0, std::max<std::size_t>(slash, 1)));
}
std::string name_in_folder(std::string_view path) {
    while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    return std::string(path.substr(path.rfind('/') + 1));
}

std::string read_file(const std::string& path, std::uint64_t limit) {
    const input_file file(path);
    if (file.bytes() > limit)
        throw error(path + ": " + std::to_string(file.bytes()) + " bytes, at most " +
                    std::to_string(limit) + " were expected");
    std::string contents(file.bytes(), '\0');
    file.read(0, contents.data(), contents.size());
    return contents;
}

void write_file(const std::string& path, std::string_view contents) {
    write_atomically(path, [&](output_file& file) { file.write(contents); });
}

std::string temporary_beside(const std::string& path) {
    static std::atomic<unsigned> count{0};
    std::string_view plain = path;
    while (plain.size() > 1 && plain.back() == '/') plain.remove_suffix(1);
    // The time tells apart processes of one number, as containers have them.
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::string(plain) + ".tmp-" + std::to_string(::getpid()) + "-" +
           std::to_string(count.fetch_add(1)) + "-" + std::to_string(now.tv_sec) +
           std::to_string(now.tv_nsec);
}

void remove_temporaries(const std::string& folder) {
    for (const std::string& name : list_folder(folder)) {
        const std::size_t mark = name.rfind(".tmp-");
        if (mark == std::string::npos || mark + 5 == name.size()) continue;
        if (name.find_first_not_of("0123456789-", mark + 5) != std::string::npos) continue;
        remove_all(join(folder, name));
    }
}

void make_folders(const std::string& path) {
    const path_status status = status_of(path);
    if (status.folder) return;
    if (status.exists) throw error(path + ": is a file, a folder was expected");
    const std::string parent = folder_of(path);
    if (parent != path) make_folders(parent);
    const int result = files().make_folder(files().self, path.c_str());
    if (result == -EEXIST && status_of(path).folder) return;  // somebody else was faster
    checked(path, "make the folder", result);
    sync_folder(parent);
}
void make_new_folder(const std::string& path) {
    const std::string parent = folder_of(path);
    make_folders(parent);
    checked(path, "make the folder", files().make_folder(files().self, path.c_str()));
    sync_folder(parent);
}
void rename_path(const std::string& from, const std::string& to) {
    checked(from, "rename to " + to, files().rename(files().self, from.c_str(), to.c_str()));
}
void sync_folder(const std::string& path) {
    checked(path, "sync the folder", files().sync_folder(files().self, path.c_str()));
}
void remove_all(const std::string& path) {
    const path_status status = status_of(path);
    if (!status.exists) return;
    if (status.folder && !status.link)
        for (const std::string& name : list_folder(path)) remove_all(join(path, name));
    checked(path, "remove", files().remove(files().self, path.c_str()));
}

void require_free_space(const std::string& folder, std::uint64_t bytes) {
    constexpr std::uint64_t margin = std::uint64_t{1} << 20;  // folders and other people's needs
    const auto free = std::uint64_t(checked(folder, "ask for the free space of",
                                            files().free_space(files().self, folder.c_str())));
    if (free < bytes + margin)
        throw error(folder + ": " + std::to_string(bytes + margin) +
                    " bytes are needed to save, but the disk has only " + std::to_string(free) +
                    " free");
}

}  // namespace moe::io
