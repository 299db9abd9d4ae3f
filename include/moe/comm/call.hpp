// SPDX-License-Identifier: MIT
// What a rank is about to do together with the others: the few words that ranks show each other
// before any payload moves, so that a difference is an error on every rank and never a hang.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace moe {

enum class collective : std::uint32_t {
    all_reduce,
    reduce_scatter,
    all_gather,
    all_to_all_v,
    broadcast,
    exchange,
    barrier,
    split,
};
inline constexpr int collectives = 8;

inline const char* text_of(collective what) {
    constexpr const char* names[collectives] = {"all_reduce",   "reduce_scatter", "all_gather",
                                                "all_to_all_v", "broadcast",      "exchange",
                                                "barrier",      "split"};
    return std::uint32_t(what) < collectives ? names[std::uint32_t(what)] : "something unknown";
}

// Types that travel: their sums must have one meaning on every rank.
enum class element : std::uint32_t { none, byte, int32, int64, uint64, float32, float64, bfloat16 };

template <class T> inline constexpr element element_of = element::none;
template <> inline constexpr element element_of<std::byte> = element::byte;
template <> inline constexpr element element_of<std::int32_t> = element::int32;
template <> inline constexpr element element_of<std::int64_t> = element::int64;
template <> inline constexpr element element_of<std::uint64_t> = element::uint64;
template <> inline constexpr element element_of<float> = element::float32;
template <> inline constexpr element element_of<double> = element::float64;
template <> inline constexpr element element_of<bfloat16> = element::bfloat16;
template <class T>
concept travels = element_of<T>
!= element::none;

// Other numbers travel as their bytes, so many of them.
template <class T> inline constexpr int travelling_size = travels<T> ? 1 : int(sizeof(T));
template <class T> auto* as_travels(T* at) {
    if constexpr (travels<T>)
        return at;
    else
        return reinterpret_cast<std::byte*>(at);
}

inline const char* text_of(element what) {
    constexpr const char* names[] = {"nothing", "byte",    "int32",   "int64",
                                     "uint64",  "float32", "float64", "bfloat16"};
    return std::uint32_t(what) < std::size(names) ? names[std::uint32_t(what)]
                                                  : "of a type unknown";
}

struct call {
    collective what;
    element of;
    std::int64_t count;      // elements; what it counts depends on the operation
    std::int64_t detail;     // root of a broadcast, grains of a sum
    std::uint64_t sequence;  // calls of this communicator before it, of both ranks for an exchange
    std::int64_t to_you;     // elements that the sender will send to the receiver; may differ

    bool same_as(const call& other) const {
        return what == other.what && of == other.of && count == other.count &&
               detail == other.detail && sequence == other.sequence;
    }
    std::string text() const {
        std::string words = text_of(what);
        if (what != collective::barrier && what != collective::split)
            words += " of " + std::to_string(count) + " " + text_of(of);
        if (what == collective::broadcast) words += " from rank " + std::to_string(detail);
        if (what == collective::all_reduce || what == collective::reduce_scatter)
            words += " over " + std::to_string(detail) + " grains";
        return words + ", call " + std::to_string(sequence);
    }
};
static_assert(std::is_trivially_copyable_v<call> && sizeof(call) == 40);

// Bytes that this rank sent to others, payload only.
struct traffic {
    std::array<std::int64_t, std::size_t(collectives)> calls{}, bytes{};
    std::int64_t checks = 0;  // bytes of the words before the payload

    std::int64_t bytes_of(collective what) const { return bytes[std::size_t(what)]; }
    std::int64_t calls_of(collective what) const { return calls[std::size_t(what)]; }
    std::int64_t total() const {
        std::int64_t sum = 0;
        for (const std::int64_t one : bytes) sum += one;
        return sum;
    }
};

}  // namespace moe
