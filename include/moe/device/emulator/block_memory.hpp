// SPDX-License-Identifier: MIT
// The memory that a block sees: its own, which is fresh, and everybody's. Every access is checked:
// where it is, whether somebody wrote there, and what orders it with the accesses before it.
// Asynchronous copies land when they like, at the latest when their thread has waited for them.
#pragma once

#include <moe/device/emulator/crew.hpp>
#include <moe/device/emulator/memory.hpp>
#include <moe/device/emulator/meter.hpp>

#include <string>
#include <vector>

namespace moe::emulator {

class block_memory : public crew {
public:
    block_memory(int threads, std::size_t shared_bytes, memory& global, const options& how)
        : crew(threads, how),
          global_(global),
          arena_(shared_bytes + 128),
          shared_{"shared memory", aligned(), shared_bytes, access::output,
                  shadow(shared_bytes, false)},
          queues_(std::size_t(threads)) {}

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
    // --- asynchronous copies: 'bytes' from global memory, zeros up to 'size' ---
    void copy(std::uint32_t to, const void* from, int bytes, int size, int site) {
        check_address(shared_, to, std::size_t(size), site);
        if (bytes < 0 || bytes > size)
            stop(finding::kind::bounds, site, -1,
                 name(site) + " asks for " + std::to_string(bytes) + " of " + std::to_string(size) +
                     " bytes, " + who(thread()));
        queue& q = queues_[std::size_t(thread())];
        const moment then{q.committed + 1, std::uint16_t(std::size_t(engine(thread()))),
                          std::uint16_t(site), number_};
        touch(shared_, to, std::size_t(size), true, then, site);
        if (bytes > 0) {
            buffer& in = buffer_of(from, std::size_t(bytes), false, site);
            touch(in, in.offset(from), std::size_t(bytes), false, then, site);
        }
        std::memset(shared_.at + to, 0xFF, std::size_t(size));
        q.copies.push_back({q.committed + 1, to, from, bytes, size, site});
        ++in_flight_;
    }
    void commit() { ++queues_[std::size_t(thread())].committed; }
    // Until at most 'newest' of this thread's committed groups are in flight. Others learn of it
    // at the next barrier.
    void wait_for_copies(int newest) {
        queue& q = queues_[std::size_t(thread())];
        const std::uint32_t landed =
            q.committed > std::uint32_t(newest) ? q.committed - std::uint32_t(newest) : 0;
        for (std::size_t i = 0; i < q.copies.size();)
            if (q.copies[i].group <= landed)
                land(q, i);
            else
                ++i;
        std::uint32_t& known = me().known[std::size_t(engine(thread()))];
        known = larger(known, landed);
    }

protected:
    // A new block has fresh memory and nothing in flight.
    void clear() {
        std::memset(shared_.at, 0xFF, shared_.bytes);  // NaN in every format
        shared_.seen.forget();
        shared_.seen.unwrite();
        for (queue& q : queues_) q = {};
        in_flight_ = 0;
    }
    void complain_of_copies_left() {
        const std::vector<copy_in_flight>& left = queues_[std::size_t(thread())].copies;
        if (!left.empty())
            note(finding::kind::unfinished, left.front().site, -1,
                 who(thread()) + " ends with " + std::to_string(left.size()) +
                     " asynchronous copies in flight, one from " + name(left.front().site));
    }
    // Copies land when they like: anybody's, at any time between two turns.
    void land_some_copy() {
        if (in_flight_ == 0 || scheduler_.random().below(2) == 0) return;
        queue& q = queues_[scheduler_.random().below(std::uint32_t(queues_.size()))];
        if (!q.copies.empty()) land(q, scheduler_.random().below(std::uint32_t(q.copies.size())));
    }
    void finish_meters() {
        for (std::size_t i = 0; i < meters_.size(); ++i)
            for (meter& m : meters_[i]) {
                site_use& use = sites.uses[i / 2];
                m.finish(i % 2 ? use.shared : use.global);
            }
    }

private:
    struct copy_in_flight {
        std::uint32_t group, to;
        const void* from;
        int bytes, size, site;
    };
    struct queue {
        std::uint32_t committed = 0;  // groups
        std::vector<copy_in_flight> copies;
    };
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

    void land(queue& q, std::size_t i) {
        const copy_in_flight c = q.copies[i];
        q.copies[i] = q.copies.back();
        q.copies.pop_back();
        --in_flight_;
        std::memset(shared_.at + c.to, 0, std::size_t(c.size));
        if (c.bytes > 0) std::memcpy(shared_.at + c.to, c.from, std::size_t(c.bytes));
    }

    memory& global_;
    std::vector<std::byte> arena_;
    buffer shared_;
    std::vector<queue> queues_;
    std::vector<std::vector<meter>> meters_;  // by site, kind of memory, and warp
    int in_flight_ = 0;
};

}  // namespace moe::emulator
