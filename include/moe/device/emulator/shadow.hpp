// SPDX-License-Identifier: MIT
// The shadow of a piece of memory: for every two bytes who wrote them last and who has read them
// since, and for every byte whether it was ever written. With vector clocks (Flanagan and Freund,
// "FastTrack", PLDI 2009) it tells of any two accesses whether something orders them, whatever the
// schedule of this run was.
#pragma once

#include <moe/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace moe::emulator {

// When something happened: on an agent's own clock. Agents are the threads of a block and, behind
// them, one copy engine a thread. Nothing orders two blocks of a launch. Clock 0: never.
struct moment {
    std::uint32_t clock = 0;
    std::uint16_t agent = 0, site = 0;
    std::uint32_t block = 0;
};

// How much of every agent's past an agent knows.
using knowledge = std::vector<std::uint32_t>;

inline void learn(knowledge& mine, const knowledge& theirs) {
    for (std::size_t i = 0; i < mine.size(); ++i)
        mine[i] = mine[i] < theirs[i] ? theirs[i] : mine[i];
}

class shadow {
public:
    // Accesses of one byte count for its neighbour, too.
    static constexpr std::size_t grain = 2;

    shadow() = default;
    shadow(std::size_t bytes, bool written)
        : cells_((bytes + grain - 1) / grain), written_(bytes, char(written)) {}

    // Nobody has been here, as at the start of a launch. What is written stays written.
    void forget() {
        for (cell& c : cells_) c = {};
        more_.clear();
    }
    void unwrite() { written_.assign(written_.size(), 0); }

    bool is_written(std::size_t first, std::size_t bytes) const {
        return std::memchr(written_.data() + first, 0, bytes) == nullptr;
    }
    void mark_written(std::size_t first, std::size_t bytes) {
        std::memset(written_.data() + first, 1, bytes);
    }

    // race(earlier access, whether it was a write) for what is not ordered before 'now'.
    template <class Race>
    void read(std::size_t first, std::size_t bytes, const moment& now, const knowledge& known,
              Race&& race) {
        for (std::size_t i = first / grain; i < (first + bytes + grain - 1) / grain; ++i) {
            cell& c = cells_[i];
            if (!is_before(c.write, now, known)) race(c.write, true);
            if (is_before(c.read, now, known))
                c.read = now;
            else
                add_reader(c, now, known);
        }
    }
    template <class Race>
    void write(std::size_t first, std::size_t bytes, const moment& now, const knowledge& known,
               Race&& race) {
        for (std::size_t i = first / grain; i < (first + bytes + grain - 1) / grain; ++i) {
            cell& c = cells_[i];
            if (!is_before(c.write, now, known)) race(c.write, true);
            if (!is_before(c.read, now, known)) race(c.read, false);
            if (c.more >= 0) {
                for (const moment& reader : more_[std::size_t(c.more)])
                    if (!is_before(reader, now, known)) race(reader, false);
                more_[std::size_t(c.more)].clear();
            }
            c.read = {};
            c.write = now;
        }
    }

private:
    struct cell {
        moment write, read;
        int more = -1;  // a list of more readers
    };
    static bool is_before(const moment& then, const moment& now, const knowledge& known) {
        return then.clock == 0 || (then.block == now.block && known[then.agent] >= then.clock);
    }
    // A reader that comes before this one need not be kept: a later write that is ordered behind
    // this one is behind that one, too.
    void add_reader(cell& c, const moment& now, const knowledge& known) {
        if (c.more < 0) {
            c.more = int(more_.size());
            more_.emplace_back();
        }
        std::vector<moment>& list = more_[std::size_t(c.more)];
        std::size_t kept = 0;
        for (const moment& reader : list)
            if (!is_before(reader, now, known)) list[kept++] = reader;
        list.resize(kept);
        list.push_back(now);
    }

    std::vector<cell> cells_;
    std::vector<char> written_;
    std::vector<std::vector<moment>> more_;
};

}  // namespace moe::emulator
