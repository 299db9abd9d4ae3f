// SPDX-License-Identifier: MIT
// A block of threads: what they share and how they meet. It knows nothing of instructions; those
// are the context's. Every step is checked: who may touch what, what orders two accesses, who waits
// for whom.
#pragma once

#include <moe/core/math.hpp>
#include <moe/device/emulator/memory.hpp>
#include <moe/device/emulator/meter.hpp>
#include <moe/device/emulator/scheduler.hpp>

#include <array>
#include <string>
#include <vector>

namespace moe::emulator {

struct place {
    int x = 0, y = 0, z = 0;
};

class block {
public:
    block(int threads, std::size_t shared_bytes, memory& global, const options& how)
        : scheduler_(threads),
          global_(global),
          how_(how),
          arena_(shared_bytes + 128),
          shared_{"shared memory", aligned(), shared_bytes, access::output,
                  shadow(shared_bytes, false)},
          people_(std::size_t(threads)) {}

    // One block of the grid, with fresh shared memory, to its end; 'thread' runs in every thread.
    // False after a finding that ends the launch.
    bool run(place at, std::uint32_t number, fibre::entry thread, void* argument) {
        at_ = at, number_ = number + 1;
        std::memset(shared_.at, 0xFF, shared_.bytes);  // NaN in every format
        shared_.seen.forget();
        shared_.seen.unwrite();
        for (std::size_t t = 0; t < people_.size(); ++t) {
            people_[t] = {};
            people_[t].known.assign(2 * people_.size(), 0);
            people_[t].known[t] = 1;
        }
        for (barrier& b : barriers_) b = {};
        in_flight_ = 0;
        meetings_.assign(std::size_t(scheduler_.warps()), {});
        const bool ended = scheduler_.run(thread, argument, how_, how_.seed * 1000003 + number,
                                          [&] { land_some_copy(); });
        if (!ended && !fatal_) explain_deadlock();
        count_calls();
        return ended;
    }

    place at() const { return at_; }
    int thread() const { return scheduler_.current(); }
    int threads() const { return scheduler_.threads(); }
    const options& how() const { return how_; }

    // The number of this site; 'call' counts this thread's calls here from 0.
    int enter(const char* atom, const where& at_text, int numbers, std::uint32_t& call) {
        const int s = sites.number(atom, at_text, numbers);
        std::vector<std::uint32_t>& calls = me().calls;
        if (calls.size() <= std::size_t(s)) calls.resize(std::size_t(s) + 1);
        call = calls[std::size_t(s)]++;
        me().last_site = s;
        return s;
    }
    void leave() {
        if (!me().copies.empty())
            note(finding::kind::unfinished, me().copies.front().site, -1,
                 who(thread()) + " ends with " + std::to_string(me().copies.size()) +
                     " asynchronous copies in flight, one from " +
                     sites.uses[std::size_t(me().copies.front().site)].at.text());
        scheduler_.end();
    }

    // --- memory ---
    std::byte* shared_at(std::uint32_t offset, std::size_t bytes, bool writes, int site) {
        check_address(shared_, offset, bytes, site);
        touch(shared_, offset, bytes, writes, mine(site), site);
        return shared_.at + offset;
    }
    std::byte* global_at(const void* address, std::size_t bytes, bool writes, int site) {
        buffer& in = buffer_of(address, bytes, writes, site);
        touch(in, in.offset(address), bytes, writes, mine(site), site);
        return in.at + in.offset(address);
    }
    void meter_shared(std::uint32_t offset, int bytes, int site) {
        meter_of(site, true)
            .note(thread() % 32, offset, bytes, true, sites.uses[std::size_t(site)].shared);
    }
    // Allocations begin at multiples of 256 bytes.
    void meter_global(const void* address, int bytes, int site) {
        if (const buffer* const in = global_.find(address, std::size_t(bytes)))
            meter_of(site, false)
                .note(thread() % 32, in->offset(address), bytes, false,
                      sites.uses[std::size_t(site)].global);
    }
    // Between two accesses somebody else may have a turn.
    void maybe_give_way() {
        if (how_.order == schedule::at_random && scheduler_.random().below(32) == 0)
            scheduler_.give_way();
    }

    // --- asynchronous copies: 'bytes' from global memory, zeros up to 'size' ---
    void copy(std::uint32_t to, const void* from, int bytes, int size, int site) {
        check_address(shared_, to, std::size_t(size), site);
        if (bytes < 0 || bytes > size)
            stop(finding::kind::bounds, site, -1,
                 name(site) + " asks for " + std::to_string(bytes) + " of " + std::to_string(size) +
                     " bytes, " + who(thread()));
        person& p = me();
        const moment then{p.committed + 1, std::uint16_t(people_.size() + std::size_t(thread())),
                          std::uint16_t(site), number_};
        touch(shared_, to, std::size_t(size), true, then, site);
        if (bytes > 0) {
            buffer& in = buffer_of(from, std::size_t(bytes), false, site);
            touch(in, in.offset(from), std::size_t(bytes), false, then, site);
        }
        std::memset(shared_.at + to, 0xFF, std::size_t(size));
        p.copies.push_back({p.committed + 1, to, from, bytes, size, site});
        ++in_flight_;
    }
    void commit() { ++me().committed; }
    // Until at most 'newest' of this thread's committed groups are in flight. Others learn of it
    // at the next barrier.
    void wait_for_copies(int newest) {
        person& p = me();
        const std::uint32_t landed =
            p.committed > std::uint32_t(newest) ? p.committed - std::uint32_t(newest) : 0;
        for (std::size_t i = 0; i < p.copies.size();)
            if (p.copies[i].group <= landed)
                land(p, i);
            else
                ++i;
        std::uint32_t& known = p.known[people_.size() + std::size_t(thread())];
        known = larger(known, landed);
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

    // A finding that ends the launch, from inside a thread. Thrown to the thread's first function,
    // so that nothing on its stack is lost; that one says halt.
    struct stopped {};
    [[noreturn]] void stop(finding::kind what, int site, int other, const std::string& text) {
        note(what, site, other, text);
        throw stopped{};
    }
    void halt() {
        fatal_ = true;
        scheduler_.halt();
    }
    void note(finding::kind what, int site, int other, const std::string& text) {
        if (book.is_new(what, site, other)) book.write(what, text);
    }
    std::string name(int site) const { return sites.uses[std::size_t(site)].at.text(); }
    std::string who(int t) const {
        return "thread " + std::to_string(t) + " of block (" + std::to_string(at_.x) + ", " +
               std::to_string(at_.y) + ", " + std::to_string(at_.z) + ")";
    }

    report finish() {
        for (std::size_t i = 0; i < meters_.size(); ++i)
            for (meter& m : meters_[i]) {
                site_use& use = sites.uses[i / 2];
                m.finish(i % 2 ? use.shared : use.global);
            }
        return {std::move(book.findings), std::move(sites.uses), scheduler_.switches()};
    }

    site_table sites;
    notebook book;

private:
    struct copy_in_flight {
        std::uint32_t group, to;
        const void* from;
        int bytes, size, site;
    };
    struct person {
        knowledge known;
        std::uint32_t committed = 0;  // groups of copies
        std::vector<copy_in_flight> copies;
        std::vector<std::uint32_t> calls;
        int last_site = -1;
    };
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

    person& me() { return people_[std::size_t(thread())]; }
    moment mine(int site) {
        return {me().known[std::size_t(thread())], std::uint16_t(thread()), std::uint16_t(site),
                number_};
    }
    std::byte* aligned() {
        const auto at = reinterpret_cast<std::uintptr_t>(arena_.data());
        return arena_.data() + (round_up<std::uintptr_t>(at, 128) - at);
    }
    meter& meter_of(int site, bool is_shared) {
        const std::size_t at = 2 * std::size_t(site) + std::size_t(is_shared);
        if (meters_.size() <= at) meters_.resize(at + 1);
        std::vector<meter>& of_site = meters_[at];
        if (of_site.empty()) of_site.resize(std::size_t(scheduler_.warps()));
        return of_site[std::size_t(thread() / 32)];
    }

    void check_address(const buffer& in, std::size_t first, std::size_t bytes, int site) {
        if (bytes > in.bytes || first > in.bytes - bytes)
            stop(finding::kind::bounds, site, -1,
                 name(site) + ": bytes " + range(first, bytes) + " are outside of " + in.name +
                     " (" + std::to_string(in.bytes) + " bytes), " + who(thread()));
        if (first % bytes != 0)
            stop(finding::kind::bounds, site, -1,
                 name(site) + ": an access of " + std::to_string(bytes) + " bytes to " + in.name +
                     " at byte " + std::to_string(first) + " is not aligned, " + who(thread()));
    }
    buffer& buffer_of(const void* address, std::size_t bytes, bool writes, int site) {
        buffer* const in = global_.find(address, bytes);
        if (!in) {
            std::string near;
            for (const buffer& b : global_.buffers)
                if (b.holds(address, 1)) near = std::string(", at the end of ") + b.name;
            stop(finding::kind::bounds, site, -1,
                 name(site) + ": " + std::to_string(bytes) + " bytes outside of every buffer" +
                     near + ", " + who(thread()));
        }
        if (in->offset(address) % bytes != 0 && (bytes & (bytes - 1)) == 0)
            stop(finding::kind::bounds, site, -1,
                 name(site) + ": an access of " + std::to_string(bytes) + " bytes to " + in->name +
                     " at byte " + std::to_string(in->offset(address)) + " is not aligned, " +
                     who(thread()));
        if (writes && in->is_input())
            stop(finding::kind::bounds, site, -1,
                 name(site) + " writes " + in->name + ", which is an input, " + who(thread()));
        return *in;
    }
    void touch(buffer& in, std::size_t first, std::size_t bytes, bool writes, const moment& now,
               int site) {
        if (in.is_input()) return;
        if (!writes && !in.seen.is_written(first, bytes))
            note(finding::kind::uninitialised, site, -1,
                 name(site) + " reads bytes " + range(first, bytes) + " of " + in.name +
                     ", which nobody wrote, " + who(thread()));
        if (writes) in.seen.mark_written(first, bytes);
        if (!how_.races) return;
        const auto race = [&](const moment& then, bool wrote) {
            if (!book.is_new(finding::kind::race, site, then.site)) return;
            const bool by_engine = then.agent >= people_.size();
            const int other = by_engine ? then.agent - int(people_.size()) : then.agent;
            book.write(
                finding::kind::race,
                std::string("race on bytes ") + range(first, bytes) + " of " + in.name + ": " +
                    who(thread()) + (writes ? " writes in " : " reads in ") + name(site) +
                    (wrote ? ", written" : ", read") + " by thread " + std::to_string(other) +
                    (then.block == number_ ? "" : " of another block") + " in " + name(then.site) +
                    "; " + (by_engine ? "no wait and barrier between" : "nothing orders them"));
        };
        if (writes)
            in.seen.write(first, bytes, now, me().known, race);
        else
            in.seen.read(first, bytes, now, me().known, race);
    }
    static std::string range(std::size_t first, std::size_t bytes) {
        return std::to_string(first) + " to " + std::to_string(first + bytes - 1);
    }

    void land(person& p, std::size_t i) {
        const copy_in_flight c = p.copies[i];
        p.copies[i] = p.copies.back();
        p.copies.pop_back();
        --in_flight_;
        std::memset(shared_.at + c.to, 0, std::size_t(c.size));
        if (c.bytes > 0) std::memcpy(shared_.at + c.to, c.from, std::size_t(c.bytes));
    }
    // Copies land when they like: anybody's, at any time between two turns.
    void land_some_copy() {
        if (in_flight_ == 0 || scheduler_.random().below(2) == 0) return;
        person& p = people_[scheduler_.random().below(std::uint32_t(people_.size()))];
        if (!p.copies.empty()) land(p, scheduler_.random().below(std::uint32_t(p.copies.size())));
    }

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
    void count_calls() {
        for (const person& p : people_)
            for (std::size_t s = 0; s < p.calls.size(); ++s)
                sites.uses[s].most_calls = larger(sites.uses[s].most_calls, p.calls[s]);
    }

    scheduler scheduler_;
    memory& global_;
    options how_;
    std::vector<std::byte> arena_;
    buffer shared_;
    std::vector<person> people_;
    std::array<barrier, 16> barriers_;
    std::vector<std::vector<meeting>> meetings_;  // by warp
    std::vector<std::vector<meter>> meters_;      // by site, kind of memory, and warp
    place at_;
    std::uint32_t number_ = 0;
    int in_flight_ = 0;
    bool fatal_ = false;
};

}  // namespace moe::emulator
