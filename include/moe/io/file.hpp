// SPDX-License-Identifier: MIT
// The one thin layer under every read and write. Tests put their own functions into it, to fail,
// shorten or record any call. Above it: files that name themselves in every error, whole files
// written atomically, folders.
#pragma once

#include <moe/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moe::io {

enum class open_for : std::uint8_t {
    reading,
    creating,   // must not exist
    appending,  // made where it is missing
};

// What the layer knows of a path.
struct path_status {
    bool exists = false, folder = false, link = false;  // a link is what it points to
    std::uint64_t bytes = 0;
};

// Every function gives back a number of its own or, negative, an error number of <cerrno>. Paths
// are used as they are. 'self' is handed through, for the state of a test.
struct file_layer {
    void* self = nullptr;
    int (*open)(void* self, const char* path, open_for) = nullptr;  // a handle
    // Bytes read from 'offset' on, possibly fewer than asked for; 0 at the end.
    std::int64_t (*read)(void* self, int handle, void* into, std::size_t bytes,
                         std::uint64_t offset) = nullptr;
    // Bytes appended, possibly fewer than asked for.
    std::int64_t (*write)(void* self, int handle, const void* from, std::size_t bytes) = nullptr;
    std::int64_t (*size)(void* self, int handle) = nullptr;
    int (*truncate)(void* self, int handle, std::uint64_t bytes) = nullptr;
    int (*sync)(void* self, int handle) = nullptr;
    // Holds the file alone until it is closed or the process ends: 0, or -EWOULDBLOCK at once.
    int (*lock)(void* self, int handle) = nullptr;
    int (*close)(void* self, int handle) = nullptr;
    int (*status)(void* self, const char* path, path_status*) = nullptr;  // 0 also when missing
    int (*rename)(void* self, const char* from, const char* to) = nullptr;
    int (*remove)(void* self, const char* path) = nullptr;  // a file or an empty folder
    int (*make_folder)(void* self, const char* path) = nullptr;
    int (*sync_folder)(void* self, const char* path) = nullptr;
    // Calls 'entry' with every name but . and .., in any order.
    int (*list)(void* self, const char* path, void* to,
                void (*entry)(void* to, const char* name)) = nullptr;
    std::int64_t (*free_space)(void* self, const char* path) = nullptr;  // bytes for this user
};

// The operating system's.
file_layer system_files();
// The layer in use, one a process. Replace it only while nothing is being read or written.
file_layer& files();

// "PATH: cannot WHAT: REASON", from a negative result of the layer.
[[noreturn]] void fail(const std::string& path, std::string_view what, std::int64_t result);

class input_file {
public:
    explicit input_file(const std::string& path);
    input_file(input_file&& other) noexcept;
    input_file& operator=(input_file&&) = delete;
    ~input_file();

    const std::string& path() const { return path_; }
    std::uint64_t bytes() const { return bytes_; }
    // Exactly so many bytes, or an error.
    void read(std::uint64_t offset, void* into, std::size_t bytes) const;

private:
    std::string path_;
    int handle_ = -1;
    std::uint64_t bytes_ = 0;
};

// Written front to back. What counts is close(): the destructor gives up silently, for the way of
// an error. After a failed sync or close the contents are unknown; nothing is tried again.
class output_file {
public:
    output_file(const std::string& path, open_for mode);
    output_file(output_file&& other) noexcept;
    output_file& operator=(output_file&&) = delete;
    ~output_file();

    const std::string& path() const { return path_; }
    void write(const void* from, std::size_t bytes);
    void write(std::string_view text) { write(text.data(), text.size()); }
    void truncate(std::uint64_t bytes);
    bool lock();  // false: someone else holds it
    void sync();
    void close();

private:
    std::string path_;
    int handle_ = -1;
};

path_status status_of(const std::string& path);
std::vector<std::string> list_folder(const std::string& path);  // names, sorted
// "a" + "b" -> "a/b"
std::string join(std::string_view folder, std::string_view name);
// The folder that holds a path ("." when it has none), and its name in there.
std::string folder_of(std::string_view path);
std::string name_in_folder(std::string_view path);

std::string read_file(const std::string& path, std::uint64_t limit = std::uint64_t{1} << 36);
// A name beside 'path' that nobody else uses: PATH.tmp-<process>-<count>-<time>. What a killed
// process left under such names in a folder can be removed; not while somebody else may be writing
// there.
std::string temporary_beside(const std::string& path);
void remove_temporaries(const std::string& folder);

void make_folders(const std::string& path);     // with its parents; there already is no error
void make_new_folder(const std::string& path);  // with its parents; must not be there
void rename_path(const std::string& from, const std::string& to);
void sync_folder(const std::string& path);
void remove_all(const std::string& path);  // whatever is there; nothing there is no error
// Refuses to begin what the disk cannot hold.
void require_free_space(const std::string& folder, std::uint64_t bytes);

// Written beside, synced and renamed: the old contents or the new, whatever happens.
void write_file(const std::string& path, std::string_view contents);
// The same for contents that write(output_file&) produces piece by piece.
template <class Write> void write_atomically(const std::string& path, Write&& write) {
    const std::string temporary = temporary_beside(path);
    try {
        output_file file(temporary, open_for::creating);
        write(file);
        file.sync();
        file.close();
        rename_path(temporary, path);
    } catch (...) {
        files().remove(files().self, temporary.c_str());
        throw;
    }
    sync_folder(folder_of(path));
}

}  // namespace moe::io
