// SPDX-License-Identifier: MIT
// The memory that a kernel may touch: buffers of the caller, announced with what the kernel may do
// to them. Kernels use plain pointers; an address outside of every buffer is a finding.
#pragma once

#include <moe/device/emulator/shadow.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace moe::emulator {

enum class access { input, output, both };

struct buffer {
    const char* name;
    std::byte* at;
    std::size_t bytes;
    access may;
    shadow seen;

    bool holds(const void* address, std::size_t size) const {
        const auto a = reinterpret_cast<std::uintptr_t>(address);
        const auto first = reinterpret_cast<std::uintptr_t>(at);
        return a >= first && size <= bytes && a - first <= bytes - size;
    }
    std::size_t offset(const void* address) const {
        return std::size_t(static_cast<const std::byte*>(address) - at);
    }
    bool is_input() const { return may == access::input; }
};

class memory {
public:
    // Read only; all of it counts as written.
    template <class T> memory& input(const char* name, const T* at, std::size_t count) {
        return add(name, at, count * sizeof(T), access::input);
    }
    // Nothing of it is written yet: a read before a write is a finding.
    template <class T> memory& output(const char* name, T* at, std::size_t count) {
        return add(name, at, count * sizeof(T), access::output);
    }
    template <class T> memory& both(const char* name, T* at, std::size_t count) {
        return add(name, at, count * sizeof(T), access::both);
    }

    // The buffer that holds all of these bytes, or null.
    buffer* find(const void* address, std::size_t bytes) {
        if (last_ < buffers.size() && buffers[last_].holds(address, bytes)) return &buffers[last_];
        for (last_ = 0; last_ < buffers.size(); ++last_)
            if (buffers[last_].holds(address, bytes)) return &buffers[last_];
        return nullptr;
    }

    std::vector<buffer> buffers;

private:
    memory& add(const char* name, const void* at, std::size_t bytes, access may) {
        auto* const bytes_at = static_cast<std::byte*>(const_cast<void*>(at));
        // Nobody writes an input: nothing to remember of it.
        shadow seen = may == access::input ? shadow{} : shadow(bytes, may == access::both);
        buffers.push_back({name, bytes_at, bytes, may, std::move(seen)});
        return *this;
    }
    std::size_t last_ = 0;
};

}  // namespace moe::emulator
