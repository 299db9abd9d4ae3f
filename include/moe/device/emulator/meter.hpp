// SPDX-License-Identifier: MIT
// Counts what the accesses of a warp cost. Lanes run one after another here; the accesses that a
// GPU would make at once are the k-th of every lane at one site. Where lanes skip a call, the count
// is an estimate.
// Shared memory: 32 banks of 4 bytes; 8-byte accesses go by half warps, 16-byte ones by quarters.
// Global memory: sectors of 32 bytes.
#pragma once

#include <moe/core/math.hpp>
#include <moe/device/emulator/report.hpp>

#include <array>
#include <vector>

namespace moe::emulator {

// The cycles of the banks that these accesses take; 'addresses' of the lanes in 'mask'.
inline int wavefronts(const std::uint64_t* addresses, std::uint32_t mask, int bytes) {
    const int lanes = bytes <= 4 ? 32 : bytes == 8 ? 16 : 8, words = bytes <= 4 ? 1 : bytes / 4;
    int total = 0;
    for (int first = 0; first < 32; first += lanes) {
        std::array<std::array<std::uint64_t, 32>, 32> held;
        std::array<int, 32> count{};
        int most = 0;
        for (int lane = first; lane < first + lanes; ++lane) {
            if (!(mask >> lane & 1U)) continue;
            for (int w = 0; w < words; ++w) {
                const std::uint64_t word = addresses[lane] / 4 + std::uint64_t(w);
                const std::size_t bank = word % 32;
                bool is_new = true;
                for (int i = 0; i < count[bank]; ++i)
                    if (held[bank][std::size_t(i)] == word) is_new = false;
                if (is_new) held[bank][std::size_t(count[bank]++)] = word;
                most = larger(most, count[bank]);
            }
        }
        total += most;
    }
    return total;
}

inline int sectors(const std::uint64_t* addresses, std::uint32_t mask, int bytes) {
    std::array<std::uint64_t, 64> seen;
    int count = 0;
    for (int lane = 0; lane < 32; ++lane) {
        if (!(mask >> lane & 1U)) continue;
        const std::uint64_t last = (addresses[lane] + std::uint64_t(bytes) - 1) / 32;
        for (std::uint64_t sector = addresses[lane] / 32; sector <= last; ++sector) {
            bool is_new = true;
            for (int i = 0; i < count; ++i)
                if (seen[std::size_t(i)] == sector) is_new = false;
            if (is_new) seen[std::size_t(count++)] = sector;
        }
    }
    return count;
}

// Gathers the lanes' accesses at one site by one warp.
class meter {
public:
    // The lane's next access here. 'into' gets the cost when all 32 lanes have come.
    void note(int lane, std::uint64_t address, int bytes, bool is_shared, traffic& into) {
        const std::uint32_t mine = next_[std::size_t(lane)]++;
        while (groups_.size() <= mine - done_) groups_.emplace_back();
        group& g = groups_[mine - done_];
        g.addresses[std::size_t(lane)] = address;
        g.mask |= 1U << lane;
        g.bytes = bytes, g.is_shared = is_shared;
        std::size_t full = 0;
        while (full < groups_.size() && groups_[full].mask == ~0U) count(groups_[full++], into);
        if (full > 0) {
            groups_.erase(groups_.begin(), groups_.begin() + std::ptrdiff_t(full));
            done_ += std::uint32_t(full);
        }
    }
    // The block has ended: what is left had fewer lanes.
    void finish(traffic& into) {
        for (const group& g : groups_) count(g, into);
        *this = {};
    }

private:
    struct group {
        std::array<std::uint64_t, 32> addresses{};
        std::uint32_t mask = 0;
        int bytes = 0;
        bool is_shared = false;
    };
    static void count(const group& g, traffic& into) {
        if (g.mask == 0) return;
        int lanes = 0;
        for (int lane = 0; lane < 32; ++lane) lanes += int(g.mask >> lane & 1U);
        ++into.requests;
        if (g.is_shared) {
            const int cycles = wavefronts(g.addresses.data(), g.mask, g.bytes);
            into.wavefronts += std::uint64_t(cycles);
            into.fewest += std::uint64_t(smaller(cycles, ceil_divide(lanes * g.bytes, 128)));
        } else {
            const int touched = sectors(g.addresses.data(), g.mask, g.bytes);
            into.sectors += std::uint64_t(touched);
            into.fewest += std::uint64_t(smaller(touched, ceil_divide(lanes * g.bytes, 32)));
        }
    }
    std::vector<group> groups_;
    std::array<std::uint32_t, 32> next_{};
    std::uint32_t done_ = 0;
};

}  // namespace moe::emulator
