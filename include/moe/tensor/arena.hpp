// SPDX-License-Identifier: MIT
// One planned piece of memory, handed out front to back before the run and never given back.
// The same code that places the buffers also plans them: with no memory behind it an arena only
// counts. So the plan cannot differ from what is used.
#pragma once

#include <moe/core/check.hpp>
#include <moe/core/math.hpp>
#include <moe/tensor/view.hpp>

#include <cstddef>
#include <cstdint>

namespace moe {

class arena {
public:
    // Every buffer begins on a cache line, which is also the widest vector.
    static constexpr std::size_t alignment = 64;

    arena() = default;  // counts only
    arena(void* memory, std::size_t bytes)
        : memory_(static_cast<std::byte*>(memory)), size_(bytes) {}

    bool counts_only() const { return memory_ == nullptr; }

    // 'count' elements, uninitialised; null while counting.
    template <class T> T* take(std::int64_t count) {
        const std::size_t first = used_;
        used_ += round_up(std::size_t(count) * sizeof(T), alignment);
        if (used_ > peak_) peak_ = used_;
        if (counts_only()) return nullptr;
        MOE_CHECK(used_, <=, size_);
        return reinterpret_cast<T*>(memory_ + first);
    }
    template <class T> rows<T> take_rows(int count, int width) {
        return {take<T>(std::int64_t(count) * width), count, width};
    }

    // Buffers that are never alive together share the same bytes: each function places its own from
    // the same start, and what follows begins behind the longest.
    template <class... Place> void overlap(Place&&... place) {
        const std::size_t start = used_;
        std::size_t end = start;
        ((used_ = start, place(), end = used_ > end ? used_ : end), ...);
        used_ = end;
    }

    std::size_t bytes() const { return peak_; }

private:
    std::byte* memory_ = nullptr;
    std::size_t size_ = 0, used_ = 0, peak_ = 0;
};

}  // namespace moe
