// SPDX-License-Identifier: MIT
// safetensors files: 8 bytes little-endian header length N, N bytes of JSON (name -> dtype, shape,
// data_offsets; and '__metadata__': texts), then the data. Read more strictly than the reference
// implementation does: whatever is accepted here is accepted there with the same bytes. Files are
// untrusted: a bad one is a moe::error that names file and tensor, never a crash, and never takes
// more memory than a small multiple of its size.
#pragma once

#include <moe/io/file.hpp>
#include <moe/io/tensor_list.hpp>

namespace moe::io {

struct safetensors_limits {
    static constexpr std::uint64_t header_bytes = 100'000'000;
    static constexpr std::size_t name_bytes = 4096;
    static constexpr std::size_t tensors = std::size_t{1} << 20;
    static constexpr std::size_t rank = 8;
    static constexpr std::size_t metadata = std::size_t{1} << 14;  // entries
    static constexpr int depth = 64;                               // of the JSON text
};

struct stored_tensor {
    std::string name;
    io::format format = io::format::f32;
    std::vector<std::int64_t> shape;
    std::uint64_t first = 0, last = 0;  // bytes, counted from the start of the data

    std::uint64_t bytes() const { return last - first; }
};

struct safetensors_header {
    std::vector<stored_tensor> tensors;  // by name
    key_values metadata;                 // by key
    std::vector<std::string> warnings;   // fields that the format does not know
    std::uint64_t data_at = 0;           // where in the file the data begins
};

// text: the JSON alone; data_bytes: what follows it. 'file' is only for messages.
safetensors_header parse_safetensors(std::string_view text, std::uint64_t data_bytes,
                                     const std::string& file);
safetensors_header read_safetensors_header(const input_file& file);

// The tensors of one file, or of a folder: its model.safetensors, or the shards that its
// model.safetensors.index.json lists. Opened and checked as a whole, read tensor by tensor.
class tensor_source {
public:
    explicit tensor_source(const std::string& path);

    std::size_t count() const { return where_.size(); }
    const stored_tensor& operator[](std::size_t i) const;  // in the order of names
    static constexpr std::size_t none = std::size_t(-1);
    std::size_t find(std::string_view name) const;
    const key_values& metadata() const { return headers_[0].metadata; }
    const std::string& path() const { return path_; }  // the file, or the folder of several
    // The file that holds tensor i.
    const std::string& file_of(std::size_t i) const;
    std::vector<std::string> warnings() const;

    // Into memory of the caller, 'bytes' long, as 'wanted': the stored format itself, or a wider
    // one that holds every value (BF16, F16 -> F32, F64; F32 -> F64). Everything else is refused.
    void read(std::size_t i, format wanted, void* into, std::size_t bytes) const;
    // The stored bytes, a piece at a time: for hashing without holding a tensor.
    void read_bytes(std::size_t i, std::uint64_t offset, void* into, std::size_t bytes) const;

private:
    struct place {
        std::uint32_t file, tensor;
    };
    std::string path_;
    std::vector<input_file> files_;
    std::vector<safetensors_header> headers_;  // one a file
    std::vector<place> where_;                 // in the order of names
};

// Fills every wanted tensor. Refuses, naming file and tensor: one that is missing, one too many
// (unless 'ignored' names it), a wrong shape or format. Checks all of them before reading the
// first.
void fill(const tensor_list& wanted, const tensor_source& source,
          const std::vector<std::string>& ignored = {});
void fill(const tensor_list& wanted, const std::string& path,
          const std::vector<std::string>& ignored = {});

// Widest format first, then by name, header padded to 8 bytes: the bytes of the reference writer.
// Appends to an open file, which is neither synced nor closed; gives back the header's bytes.
std::string write_safetensors(output_file& file, const tensor_list& tensors,
                              const key_values& metadata = {});
// A whole file, atomically: the old one or the new one, whatever happens.
void write_safetensors(const std::string& path, const tensor_list& tensors,
                       const key_values& metadata = {});

}  // namespace moe::io
