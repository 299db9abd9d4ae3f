// SPDX-License-Identifier: MIT
// The memory behind an arena on the CPU: whole pages from the system, huge ones where it has them,
// touched once before the run so that no step pays for a page fault.
#pragma once

#include <moe/core/math.hpp>
#include <moe/tensor/arena.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

#include <sys/mman.h>

namespace moe {

class memory {
public:
    memory() = default;
    // Zeroed. Throws std::bad_alloc when the system refuses.
    explicit memory(std::size_t bytes) : bytes_(bytes ? round_up(bytes, page) : 0) {
        if (bytes_ == 0) return;
        at_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at_ == MAP_FAILED) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
        if (bytes_ >= huge_page) madvise(at_, bytes_, MADV_HUGEPAGE);
#endif
        std::memset(at_, 0, bytes_);
    }
    memory(memory&& other) noexcept
        : at_(std::exchange(other.at_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    memory& operator=(memory&& other) noexcept {
        std::swap(at_, other.at_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~memory() {
        if (at_) munmap(at_, bytes_);
    }

    void* at() const { return at_; }
    std::size_t bytes() const { return bytes_; }
    arena as_arena() const { return {at_, bytes_}; }

private:
    static constexpr std::size_t page = 4096, huge_page = std::size_t{2} << 20;
    void* at_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace moe
