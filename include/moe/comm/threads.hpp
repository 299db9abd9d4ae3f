// SPDX-License-Identifier: MIT
// Ranks as threads of one process: for tests, and for a machine with several sockets. A message is
// copied once, from the sender's memory into the receiver's.
//
//   moe::run_ranks(4, std::chrono::seconds(2), [](moe::thread_ranks& ranks) { ... });
#pragma once

#include <moe/comm/communicator.hpp>

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace moe {

// What the threads share: for each pair of ranks a place where the sender shows one message.
class thread_world {
public:
    // members: the ranks' numbers in the world that this one is split from.
    explicit thread_world(std::vector<int> members)
        : members_(std::move(members)),
          slots_(members_.size() * members_.size()),
          ranks_(std::make_unique<one_rank[]>(members_.size())) {}

    int size() const { return int(members_.size()); }

    arrival move(int rank, std::span<const outgoing> out, std::span<const incoming> in,
                 std::chrono::nanoseconds patience) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        one_rank& me = ranks_[std::size_t(rank)];
        std::unique_lock lock(mutex_);
        me.sent.assign(out.size(), progress::waiting);
        me.got.assign(in.size(), progress::waiting);
        for (;;) {
            me.news = false;
            arrival end = receive(rank, in, lock);
            if (end) send(rank, out);
            const int awaited = first_awaited(me, out, in);
            if (end && awaited == arrival::everybody) return {};
            if (end) {
                end.missing = awaited;
                end.why = reason(awaited);
                if (end.why.empty() && me.wake.wait_until(lock, deadline, [&] { return me.news; }))
                    continue;
                if (end.why.empty())
                    end.why = "no word from rank " + std::to_string(awaited) + " within " +
                              text_of(patience);
            }
            withdraw(rank, out, lock);
            return end;
        }
    }

    // This rank, or the rank that ended, is not to be waited for any more. With a reason, nobody
    // is.
    void give_up(int rank, const std::string& why) {
        const std::scoped_lock lock(mutex_);
        fail(rank, " gave up (" + why + ")");
    }
    void leave(int rank, const std::string& why) {
        const std::scoped_lock lock(mutex_);
        ranks_[std::size_t(rank)].left = true;
        if (why.empty())
            wake_all();
        else
            fail(rank, " failed (" + why + ")");
        for (const part& one : parts_)
            for (int i = 0; i < one.world->size(); ++i)
                if (one.world->members_[std::size_t(i)] == rank) one.world->leave(i, why);
    }

    // Whose failure the others' failures follow from; -1: nobody's.
    int first_to_fail() {
        const std::scoped_lock lock(mutex_);
        return first_to_fail_;
    }

    // The world of the split number 'which' for a colour: made by the first rank that asks.
    std::shared_ptr<thread_world> part_world(int which, int colour, std::vector<int> members) {
        const std::scoped_lock lock(mutex_);
        for (const part& one : parts_)
            if (one.which == which && one.colour == colour) return one.world;
        parts_.push_back({which, colour, std::make_shared<thread_world>(std::move(members))});
        return parts_.back().world;
    }

private:
    enum class progress : std::uint8_t { waiting, shown, over };
    enum class sight : std::uint8_t { empty, shown, copying, taken };
    struct slot {
        const void* data = nullptr;
        std::size_t bytes = 0;
        sight is = sight::empty;
    };
    struct one_rank {
        std::condition_variable wake;
        bool news = false, left = false;
        std::vector<progress> sent, got;
    };
    struct part {
        int which, colour;
        std::shared_ptr<thread_world> world;
    };

    slot& between(int from, int to) { return slots_[std::size_t(from * size() + to)]; }
    void tell(int rank) {
        ranks_[std::size_t(rank)].news = true;
        ranks_[std::size_t(rank)].wake.notify_one();
    }
    void wake_all() {
        for (int r = 0; r < size(); ++r) tell(r);
    }
    void fail(int rank, const std::string& how) {
        if (failure_.empty()) {
            failure_ = "rank " + std::to_string(rank) + how;
            first_to_fail_ = rank;
        }
        wake_all();
    }
    arrival receive(int rank, std::span<const incoming> in, std::unique_lock<std::mutex>& lock) {
        one_rank& me = ranks_[std::size_t(rank)];
        for (std::size_t i = 0; i < in.size(); ++i) {
            slot& s = between(in[i].from, rank);
            if (me.got[i] == progress::over || s.is != sight::shown) continue;
            if (s.bytes != in[i].bytes)
                return {in[i].from, "rank " + std::to_string(in[i].from) + " sent " +
                                        std::to_string(s.bytes) + " bytes, expected " +
                                        std::to_string(in[i].bytes)};
            s.is = sight::copying;
            lock.unlock();
            std::memcpy(in[i].data, s.data, s.bytes);
            lock.lock();
            s.is = sight::taken;
            me.got[i] = progress::over;
            tell(in[i].from);
        }
        return {};
    }
    void send(int rank, std::span<const outgoing> out) {
        one_rank& me = ranks_[std::size_t(rank)];
        for (std::size_t i = 0; i < out.size(); ++i) {
            slot& s = between(rank, out[i].to);
            if (me.sent[i] == progress::shown && s.is == sight::taken) {
                s.is = sight::empty;
                me.sent[i] = progress::over;
            } else if (me.sent[i] == progress::waiting && s.is == sight::empty) {
                s = {out[i].data, out[i].bytes, sight::shown};
                me.sent[i] = progress::shown;
                tell(out[i].to);
            }
        }
    }
    static int first_awaited(const one_rank& me, std::span<const outgoing> out,
                             std::span<const incoming> in) {
        for (std::size_t i = 0; i < in.size(); ++i)
            if (me.got[i] != progress::over) return in[i].from;
        for (std::size_t i = 0; i < out.size(); ++i)
            if (me.sent[i] != progress::over) return out[i].to;
        return arrival::everybody;
    }
    // Why the rank will never answer; empty if it may.
    std::string reason(int awaited) const {
        if (!failure_.empty()) return failure_;
        if (ranks_[std::size_t(awaited)].left)
            return "rank " + std::to_string(awaited) + " has ended";
        return {};
    }
    // What was shown is this rank's own memory, which is about to go away.
    void withdraw(int rank, std::span<const outgoing> out, std::unique_lock<std::mutex>& lock) {
        one_rank& me = ranks_[std::size_t(rank)];
        for (std::size_t i = 0; i < out.size(); ++i) {
            if (me.sent[i] != progress::shown) continue;
            slot& s = between(rank, out[i].to);
            me.wake.wait(lock, [&] { return s.is != sight::copying; });
            s.is = sight::empty;
        }
    }

    std::vector<int> members_;
    std::mutex mutex_;
    std::vector<slot> slots_;  // (from, to)
    std::unique_ptr<one_rank[]> ranks_;
    std::vector<part> parts_;
    std::string failure_;
    int first_to_fail_ = -1;
};

class thread_transport {
public:
    static constexpr bool in_one_process = true;

    thread_transport(std::shared_ptr<thread_world> world, int rank)
        : world_(std::move(world)), rank_(rank) {}

    int rank() const { return rank_; }
    int size() const { return world_->size(); }
    arrival move(std::span<const outgoing> out, std::span<const incoming> in,
                 std::chrono::nanoseconds patience) {
        return world_->move(rank_, out, in, patience);
    }
    void give_up(const std::string& why) { world_->give_up(rank_, why); }
    thread_transport split(std::span<const int> colours, std::span<const int> keys) {
        const int colour = colours[std::size_t(rank_)];
        const std::vector<int> members = members_of(colour, colours, keys);
        int position = 0;
        while (members[std::size_t(position)] != rank_) ++position;
        return {world_->part_world(splits_++, colour, members), position};
    }

private:
    std::shared_ptr<thread_world> world_;
    int rank_, splits_ = 0;
};
static_assert(transport<thread_transport>);

using thread_ranks = communicator<thread_transport>;
static_assert(communicates<thread_ranks>);

// Runs work(ranks) on as many threads as there are ranks; rank 0 is the calling one. When a rank
// throws, those that wait for it do, too; the first error is thrown again when all have ended.
template <class Work>
void run_ranks(int size, std::chrono::nanoseconds patience, const Work& work) {
    std::vector<int> all(std::size_t(size), 0);
    for (int r = 0; r < size; ++r) all[std::size_t(r)] = r;
    const auto world = std::make_shared<thread_world>(all);
    std::vector<std::exception_ptr> errors(std::size_t(size), nullptr);
    const auto one = [&](int rank) {
        std::string why;
        try {
            thread_ranks ranks(thread_transport(world, rank), patience);
            work(ranks);
        } catch (const std::exception& problem) {
            errors[std::size_t(rank)] = std::current_exception();
            why = problem.what();
        }
        world->leave(rank, why);
    };
    std::vector<std::thread> others;
    try {
        for (int r = 1; r < size; ++r) others.emplace_back(one, r);
    } catch (const std::exception& problem) {  // no more threads for this process
        const int last = int(others.size()) + 1;
        errors[std::size_t(last)] = std::current_exception();
        for (int r = last; r < size; ++r) world->leave(r, problem.what());
    }
    one(0);
    for (std::thread& other : others) other.join();
    if (const int first = world->first_to_fail(); first >= 0 && errors[std::size_t(first)])
        std::rethrow_exception(errors[std::size_t(first)]);
    for (const std::exception_ptr& error : errors)
        if (error) std::rethrow_exception(error);
}

}  // namespace moe
