// SPDX-License-Identifier: MIT
// What moves bytes between ranks, and knows nothing of what they mean: the back end under a
// communicator (comm/communicator.hpp). A group of sends and receives starts together and is over
// when all of them are, so two ranks that send to each other never wait for each other.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace moe {

struct outgoing {
    int to;
    const void* data;
    std::size_t bytes;
};
struct incoming {
    int from;
    void* data;
    std::size_t bytes;
};

// The end of a group: all went well, or a rank that was waited for in vain, and why.
struct arrival {
    static constexpr int everybody = -1;
    int missing = everybody;
    std::string why;
    explicit operator bool() const { return missing == everybody; }
};

// Messages from one rank to another arrive in the order in which they were sent, and have the size
// that the receiver expects. No rank sends to itself. After a failed group the transport moves
// nothing any more: every later group fails at once.
template <class T>
concept transport = requires(T t, const T& is, std::span<const outgoing> out,
                             std::span<const incoming> in, std::chrono::nanoseconds patience) {
    { is.rank() } -> std::same_as<int>;
    { is.size() } -> std::same_as<int>;
    { t.move(out, in, patience) } -> std::same_as<arrival>;
    // Tells the others, where the back end can, that this rank gives up, and why.
    t.give_up(std::string());
    // Of the ranks that name the same colour, ordered by their key, then by their rank. Every rank
    // of the transport calls it, with the colours and keys of all.
    { t.split(std::span<const int>(), std::span<const int>()) } -> std::same_as<T>;
};

inline std::string text_of(std::chrono::nanoseconds time) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time);
    return milliseconds.count() % 1000 == 0 ? std::to_string(milliseconds.count() / 1000) + " s"
                                            : std::to_string(milliseconds.count()) + " ms";
}

// The ranks of one colour in the order of their keys, equal keys in that of the ranks.
inline std::vector<int> members_of(int colour, std::span<const int> colours,
                                   std::span<const int> keys) {
    std::vector<int> members;
    for (int r = 0; r < int(colours.size()); ++r) {
        if (colours[std::size_t(r)] != colour) continue;
        auto at = members.end();
        while (at != members.begin() && keys[std::size_t(*(at - 1))] > keys[std::size_t(r)]) --at;
        members.insert(at, r);
    }
    return members;
}

}  // namespace moe
