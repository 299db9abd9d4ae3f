// SPDX-License-Identifier: MIT
// What the emulator says of a launch: findings (what is wrong, with the call sites), and for every
// call site how often it ran and what its memory traffic cost.
#pragma once

#include <moe/core/config.hpp>

#include <cstdint>
#include <cstring>
#include <source_location>
#include <string>
#include <vector>

namespace moe::emulator {

// The place of a call, as a default argument; clang 14 does not know the standard's.
#if defined(__cpp_lib_source_location)
using here = std::source_location;
#else
struct here {
    const char* file = "";
    unsigned at_line = 0, at_column = 0;

    static constexpr here current(const char* file = __builtin_FILE(),
                                  unsigned line = __builtin_LINE(),
                                  unsigned column = __builtin_COLUMN()) {
        return {file, line, column};
    }
    constexpr const char* file_name() const { return file; }
    constexpr unsigned line() const { return at_line; }
    constexpr unsigned column() const { return at_column; }
};
#endif
struct where {
    const char* file;
    unsigned line, column;

    constexpr where(const char* file, unsigned line, unsigned column)
        : file(file), line(line), column(column) {}
    constexpr where(const here& at) : where(at.file_name(), at.line(), at.column()) {}
};

// One atom in the text of a kernel: which, and where it is called.
struct site {
    const char* atom = "";
    const char* file = "";
    unsigned line = 0, column = 0;

    bool operator==(const site& other) const {
        return line == other.line && column == other.column && std::strcmp(atom, other.atom) == 0 &&
               std::strcmp(file, other.file) == 0;
    }
    // store at gemm.cuda.hpp:81
    std::string text() const {
        const char* name = std::strrchr(file, '/');
        return std::string(atom) + " at " + (name ? name + 1 : file) + ":" + std::to_string(line);
    }
};

struct finding {
    enum class kind {
        race,           // two accesses, one a write, that nothing orders
        uninitialised,  // a read of what nobody wrote
        bounds,         // outside of every buffer, a write into an input, a crooked address
        deadlock,       // everybody waits
        divergence,     // lanes that must come together did not
        unfinished,     // a thread left copies in flight behind
    };
    kind what;
    std::string text;
};

// A warp's accesses at one site, all together.
struct traffic {
    std::uint64_t requests = 0;    // by a warp
    std::uint64_t wavefronts = 0;  // shared: cycles of the banks; at least 'fewest'
    std::uint64_t sectors = 0;     // global: pieces of 32 bytes touched; at least 'fewest'
    std::uint64_t fewest = 0;      // what the same bytes cost at best
};

struct site_use {
    site at;
    int numbers = 0;               // how many of its arguments a mutant may change
    std::uint32_t most_calls = 0;  // by one thread of one block
    traffic shared, global;
};

struct report {
    std::vector<finding> findings;
    std::vector<site_use> sites;
    std::uint64_t switches = 0;

    bool clean() const { return findings.empty(); }
    bool has(finding::kind what) const {
        for (const finding& f : findings)
            if (f.what == what) return true;
        return false;
    }
    // One finding a line.
    std::string text() const {
        std::string all;
        for (const finding& f : findings) all += f.text + "\n";
        return all;
    }
    // All sites with shared or global traffic together.
    traffic shared() const { return sum(&site_use::shared); }
    traffic global() const { return sum(&site_use::global); }

private:
    traffic sum(traffic site_use::*part) const {
        traffic all;
        for (const site_use& use : sites) {
            const traffic& one = use.*part;
            all.requests += one.requests, all.wavefronts += one.wavefronts;
            all.sectors += one.sectors, all.fewest += one.fewest;
        }
        return all;
    }
};

// Gives every site a small number, in the order of their first call.
class site_table {
public:
    site_table() : slots_(1024, -1) {}

    int number(const char* atom, const where& at_text, int numbers) {
        std::size_t at = (at_text.line * 97U + at_text.column * 31U) % slots_.size();
        for (;; at = (at + 1) % slots_.size()) {
            const int known = slots_[at];
            if (known < 0) break;
            const site& s = uses[std::size_t(known)].at;
            if (s.line == at_text.line && s.column == at_text.column && s.atom == atom &&
                s.file == at_text.file)
                return known;
        }
        slots_[at] = int(uses.size());
        uses.push_back({{atom, at_text.file, at_text.line, at_text.column}, numbers, 0, {}, {}});
        return slots_[at];
    }

    std::vector<site_use> uses;

private:
    std::vector<int> slots_;
};

// Collects findings; of the same kind at the same two sites it keeps the first.
class notebook {
public:
    static constexpr std::size_t most = 32;

    bool is_new(finding::kind what, int first, int second) {
        const std::uint64_t key =
            std::uint64_t(what) << 48 | std::uint64_t(first + 1) << 24 | std::uint64_t(second + 1);
        for (const std::uint64_t seen : seen_)
            if (seen == key) return false;
        seen_.push_back(key);
        return findings.size() < most;
    }
    void write(finding::kind what, std::string text) {
        findings.push_back({what, std::move(text)});
    }

    std::vector<finding> findings;

private:
    std::vector<std::uint64_t> seen_;
};

}  // namespace moe::emulator
