// SPDX-License-Identifier: MIT
// The threads of a block: what each knows of the others' past, where it was last, and how it says
// what is wrong.
#pragma once

#include <moe/core/math.hpp>
#include <moe/device/emulator/scheduler.hpp>
#include <moe/device/emulator/shadow.hpp>

#include <string>
#include <vector>

namespace moe::emulator {

struct place {
    int x = 0, y = 0, z = 0;
};

class crew {
public:
    crew(int threads, const options& how)
        : scheduler_(threads), how_(how), people_(std::size_t(threads)) {}

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

    // Between two accesses somebody else may have a turn.
    void maybe_give_way() {
        if (how_.order == schedule::at_random && scheduler_.random().below(32) == 0)
            scheduler_.give_way();
    }

    site_table sites;
    notebook book;

protected:
    struct person {
        knowledge known;
        std::vector<std::uint32_t> calls;  // by site
        int last_site = -1;
    };

    // A new block: nobody has been anywhere. Behind the threads' clocks stand those of their copy
    // engines.
    void gather(place at, std::uint32_t number) {
        at_ = at, number_ = number + 1;
        for (std::size_t t = 0; t < people_.size(); ++t) {
            people_[t] = {};
            people_[t].known.assign(2 * people_.size(), 0);
            people_[t].known[t] = 1;
        }
    }
    person& me() { return people_[std::size_t(thread())]; }
    int engine(int t) const { return threads() + t; }
    moment mine(int site) {
        return {me().known[std::size_t(thread())], std::uint16_t(thread()), std::uint16_t(site),
                number_};
    }
    void count_calls() {
        for (const person& p : people_)
            for (std::size_t s = 0; s < p.calls.size(); ++s)
                sites.uses[s].most_calls = larger(sites.uses[s].most_calls, p.calls[s]);
    }

    scheduler scheduler_;
    options how_;
    std::vector<person> people_;
    place at_;
    std::uint32_t number_ = 0;  // of the block, from 1
    bool fatal_ = false;
};

}  // namespace moe::emulator
