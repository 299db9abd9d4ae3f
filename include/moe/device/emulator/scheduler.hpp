// SPDX-License-Identifier: MIT
// The fibres of a block and the order in which they run. The order is drawn from a seed, so a run
// can be had again.
#pragma once

#include <moe/device/emulator/fibre.hpp>
#include <moe/device/emulator/options.hpp>

#include <memory>
#include <vector>

namespace moe::emulator {

class scheduler {
public:
    enum class state { ready, waiting, done };

    explicit scheduler(int threads)
        : stacks_(threads),
          fibres_(std::make_unique<fibre[]>(std::size_t(threads))),
          states_(std::size_t(threads)),
          ready_(std::size_t((threads + 31) / 32)),
          rank_(ready_.size()),
          threads_(threads) {}

    int threads() const { return threads_; }
    int warps() const { return int(ready_.size()); }
    // The thread that runs now.
    int current() const { return current_; }
    state state_of(int thread) const { return states_[std::size_t(thread)]; }
    int live() const { return live_; }
    dice& random() { return dice_; }
    std::uint64_t switches() const { return switches_; }

    // run(argument) in every thread. idle() is called between two threads' turns. True when all
    // have ended, false when nobody can go on or somebody said halt.
    template <class Idle>
    bool run(fibre::entry run, void* argument, const options& how, std::uint64_t seed,
             Idle&& idle) {
        dice_ = dice(seed);
        order_ = how.order;
        live_ = threads_;
        halted_ = false;
        last_ = 0;
        for (std::size_t w = 0; w < ready_.size(); ++w) {
            ready_[w].clear();
            rank_[w] = int(w);
        }
        for (std::size_t w = ready_.size(); w > 1; --w)
            std::swap(rank_[w - 1], rank_[dice_.below(std::uint32_t(w))]);
        for (int t = threads_ - 1; t >= 0; --t) {
            fibres_[std::size_t(t)].start(run, argument, stacks_[t]);
            wake(t);
        }
        while (live_ > 0 && !halted_) {
            const int next = pick();
            if (next < 0) return false;
            current_ = next;
            ++switches_;
            fibre::change(main_, fibres_[std::size_t(next)]);
            idle();
        }
        return !halted_;
    }

    // Called by the thread that runs: until somebody wakes it; after others; for good.
    void wait() {
        states_[std::size_t(current_)] = state::waiting;
        leave();
    }
    void give_way() {
        wake(current_);
        leave();
    }
    void end() {
        states_[std::size_t(current_)] = state::done;
        --live_;
        leave();
    }
    // The launch is over: no fibre runs again.
    void halt() {
        halted_ = true;
        leave();
    }
    void wake(int thread) {
        states_[std::size_t(thread)] = state::ready;
        ready_[std::size_t(thread / 32)].push_back(thread);
    }

private:
    void leave() { fibre::change(fibres_[std::size_t(current_)], main_); }

    int pick() {
        int warp = -1;
        if (order_ == schedule::favourites) {
            for (const int w : rank_)
                if (warp < 0 && !ready_[std::size_t(w)].empty()) warp = w;
        } else {
            const int first =
                order_ == schedule::in_turn ? last_ : int(dice_.below(std::uint32_t(warps())));
            for (int i = 0; i < warps() && warp < 0; ++i)
                if (const int w = (first + i) % warps(); !ready_[std::size_t(w)].empty()) warp = w;
        }
        if (warp < 0) return -1;
        last_ = warp;
        std::vector<int>& list = ready_[std::size_t(warp)];
        if (order_ != schedule::in_turn)
            std::swap(list.back(), list[dice_.below(std::uint32_t(list.size()))]);
        const int thread = list.back();
        list.pop_back();
        return thread;
    }

    stacks stacks_;
    std::unique_ptr<fibre[]> fibres_;
    fibre main_;
    std::vector<state> states_;
    std::vector<std::vector<int>> ready_;  // by warp
    std::vector<int> rank_;
    dice dice_{0};
    schedule order_ = schedule::in_turn;
    int threads_, current_ = 0, live_ = 0, last_ = 0;
    bool halted_ = false;
    std::uint64_t switches_ = 0;
};

}  // namespace moe::emulator
