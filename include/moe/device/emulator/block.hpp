// SPDX-License-Identifier: MIT
// A block of threads: how they meet. It knows nothing of instructions; those are the context's.
#pragma once

#include <moe/device/emulator/block_memory.hpp>

#include <array>
#include <string>
#include <vector>

namespace moe::emulator {

class block : public block_memory {
public:
    using block_memory::block_memory;

    // One block of the grid, with fresh shared memory, to its end; 'thread' runs in every thread.
    // False after a finding that ends the launch.
    bool run(place at, std::uint32_t number, fibre::entry thread, void* argument) {
        gather(at, number);
        clear();
        for (barrier& b : barriers_) b = {};
        meetings_.assign(std::size_t(scheduler_.warps()), {});
        const bool ended = scheduler_.run(thread, argument, how_, how_.seed * 1000003 + number,
                                          [&] { land_some_copy(); });
        if (!ended && !fatal_) explain_deadlock();
        count_calls();
        return ended;
    }
    // The last that a thread does.
    void leave() {
        complain_of_copies_left();
        scheduler_.end();
    }

    // --- barriers: 'count' threads, of which some only announce that they were there ---
    void arrive(int id, int count, bool waits, bool same_site, int site) {
        barrier& b = barriers_[std::size_t(id)];
        if (b.arrived == 0) b = {count, 0, site, knowledge(2 * people_.size(), 0), {}};
        if (b.expected != count || (same_site && b.site != site))
            stop(finding::kind::divergence, site, b.site,
                 who(thread()) + " comes to " + name(site) + " for " + std::to_string(count) +
                     " threads, but others wait at " + name(b.site) + " for " +
                     std::to_string(b.expected));
        learn(b.known, me().known);
        ++me().known[std::size_t(thread())];
        ++b.arrived;
        if (b.arrived < b.expected) {
            if (waits) {
                b.waiting.push_back(thread());
                scheduler_.wait();
            }
            return;
        }
        const barrier full = std::move(b);
        b = {};
        for (const int t : full.waiting) {
            learn(people_[std::size_t(t)].known, full.known);
            scheduler_.wake(t);
        }
        if (waits) learn(me().known, full.known);
    }

    // --- lanes of a warp come together: the last one calls together(Data* of the 32 lanes), null
    // for lanes outside of 'mask' ---
    template <class Data, class Together>
    void meet(std::uint32_t mask, Data& data, int site, Together&& together) {
        const int warp = thread() / 32, lane = thread() % 32;
        std::vector<meeting>& open = meetings_[std::size_t(warp)];
        std::size_t i = 0;
        while (i < open.size() && !(open[i].mask & mask) && !(open[i].mask >> lane & 1U)) ++i;
        if (!(mask >> lane & 1U))
            stop(finding::kind::divergence, site, -1,
                 who(thread()) + " is not in the mask that it gives to " + name(site));
        if (i == open.size()) open.push_back({mask, 0, site, {}});
        meeting& here = open[i];
        if (here.mask != mask || here.site != site)
            stop(finding::kind::divergence, site, here.site,
                 who(thread()) + " comes to " + name(site) + ", but lanes of its warp wait at " +
                     name(here.site));
        here.lanes[std::size_t(lane)] = &data;
        here.arrived |= 1U << lane;
        if (here.arrived != mask) {
            scheduler_.wait();
            return;
        }
        std::array<Data*, 32> lanes;
        for (std::size_t l = 0; l < 32; ++l) lanes[l] = static_cast<Data*>(here.lanes[l]);
        open.erase(open.begin() + std::ptrdiff_t(i));
        together(lanes);
        for (int l = 0; l < 32; ++l)
            if (l != lane && (mask >> l & 1U)) scheduler_.wake(warp * 32 + l);
    }
    // What every lane in 'mask' knows, all of them know.
    void share_knowledge(std::uint32_t mask) {
        const int first = thread() / 32 * 32;
        knowledge all(2 * people_.size(), 0);
        for (int l = 0; l < 32; ++l)
            if (mask >> l & 1U) learn(all, people_[std::size_t(first + l)].known);
        for (int l = 0; l < 32; ++l)
            if (mask >> l & 1U) {
                people_[std::size_t(first + l)].known = all;
                ++people_[std::size_t(first + l)].known[std::size_t(first + l)];
            }
    }

    report finish() {
        finish_meters();
        return {std::move(book.findings), std::move(sites.uses), scheduler_.switches()};
    }

private:
    struct barrier {
        int expected = 0, arrived = 0, site = -1;
        knowledge known;
        std::vector<int> waiting;
    };
    struct meeting {
        std::uint32_t mask, arrived;
        int site;
        std::array<void*, 32> lanes;
    };

    void explain_deadlock() {
        std::string text = "deadlock in block (" + std::to_string(at_.x) + ", " +
                           std::to_string(at_.y) + ", " + std::to_string(at_.z) + "):";
        int ended = 0;
        std::vector<int> counts(sites.uses.size(), 0);
        for (int t = 0; t < threads(); ++t)
            if (scheduler_.state_of(t) == scheduler::state::done)
                ++ended;
            else
                ++counts[std::size_t(people_[std::size_t(t)].last_site)];
        for (std::size_t s = 0; s < counts.size(); ++s)
            if (counts[s] > 0)
                text += " " + std::to_string(counts[s]) + " threads wait at " + name(int(s)) + ";";
        for (std::size_t b = 0; b < barriers_.size(); ++b)
            if (barriers_[b].arrived > 0)
                text += " barrier " + std::to_string(b) + " has " +
                        std::to_string(barriers_[b].arrived) + " of " +
                        std::to_string(barriers_[b].expected) + ";";
        text += " " + std::to_string(ended) + " have ended";
        note(finding::kind::deadlock, -1, -1, text);
    }

    std::array<barrier, 16> barriers_;
    std::vector<std::vector<meeting>> meetings_;  // by warp
};

}  // namespace moe::emulator
