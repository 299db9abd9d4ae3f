// SPDX-License-Identifier: MIT
// Reads the PTX that nvcc emitted for a kernel. Only the shapes that occur: one flat list of
// statements, no nested scopes, no calls; anything else is an error that names the line.
#pragma once

#include <moe/core/error.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ptx {

struct operand {
    int index = -1;           // of a register; -1: none
    std::uint64_t value = 0;  // an immediate, or what is added to the register of an address
};

// Asking for one that is not there is an error.
struct operands : std::vector<operand> {
    const operand& operator[](std::size_t i) const { return at(i); }
};

struct statement {
    std::string opcode;
    operands with;  // vectors are flattened
    int predicate = -1;
    bool negated = false;
    int line = 0;
    int target = -1;  // of a branch
};

struct program {
    std::string name;
    std::vector<statement> statements;
    std::vector<std::string> registers;
};

class reader {
public:
    // The entry whose symbol has 'name' as a part.
    static program read(const std::string& text, const std::string& name) {
        reader r;
        std::string entry;
        bool inside = false;
        int line = 0;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            std::string words = text.substr(at, end - at);
            at = end + 1;
            ++line;
            words = stripped(words.substr(0, words.find("//")));
            if (words.empty()) continue;
            if (const std::size_t found = words.find(".entry "); found != std::string::npos)
                entry = words.substr(found + 7, words.find('(') - found - 7);
            if (words == "{" && entry.find(name) != std::string::npos)
                inside = true;
            else if (words == "}" && inside)
                return r.finished(entry);
            else if (inside)
                r.add(words, line);
        }
        throw moe::error("PTX: no entry with " + name + " in its name");
    }

private:
    static std::string stripped(std::string_view words) {
        const std::size_t first = words.find_first_not_of(" \t\r");
        if (first == std::string_view::npos) return "";
        return std::string(words.substr(first, words.find_last_not_of(" \t\r") - first + 1));
    }
    [[noreturn]] static void refuse(int line, const std::string& words) {
        throw moe::error("PTX line " + std::to_string(line) + ": cannot read " + words);
    }

    void add(std::string words, int line) {
        if (words.back() == ':') {
            labels_[words.substr(0, words.size() - 1)] = int(program_.statements.size());
            return;
        }
        if (words.back() != ';' || words[0] == '{') refuse(line, words);
        words.pop_back();
        if (words.rfind(".reg", 0) == 0 || words.rfind(".pragma", 0) == 0) return;
        statement s;
        s.line = line;
        if (words[0] == '@') {
            const std::size_t gap = words.find_first_of(" \t");
            s.negated = words[1] == '!';
            s.predicate = number(words.substr(s.negated ? 2 : 1, gap - (s.negated ? 2 : 1)));
            words = stripped(words.substr(gap));
        }
        const std::size_t gap = std::min(words.find_first_of(" \t"), words.size());
        s.opcode = words.substr(0, gap);
        const std::string rest = stripped(words.substr(gap));
        if (s.opcode.rfind("bra", 0) == 0) {
            jumps_.push_back({program_.statements.size(), rest});
        } else {
            std::string one;
            for (const char c : rest + ",")
                if (c == ',' || c == '{' || c == '}') {
                    if (one = stripped(one); !one.empty())
                        s.with.push_back(read_operand(one, line));
                    one.clear();
                } else {
                    one += c;
                }
        }
        program_.statements.push_back(std::move(s));
    }
    int number(const std::string& name) {
        const auto [at, is_new] = numbers_.try_emplace(name, int(program_.registers.size()));
        if (is_new) program_.registers.push_back(name);
        return at->second;
    }
    operand read_operand(std::string words, int line) {
        if (words[0] == '[') {
            words = words.substr(1, words.find(']') - 1);
            const std::size_t plus = words.find('+');
            operand base = read_operand(words.substr(0, plus), line);
            if (plus != std::string::npos) base.value += immediate(words.substr(plus + 1), line);
            return base;
        }
        if (words[0] == '%') return {number(words), 0};
        if (words[0] == '-' || (words[0] >= '0' && words[0] <= '9'))
            return {-1, immediate(words, line)};
        // The block's shared memory and the parameters begin at 0 of their address spaces.
        if (words.find("arena") != std::string::npos || words.find("_param_0") != std::string::npos)
            return {-1, 0};
        refuse(line, words);
    }
    static std::uint64_t immediate(const std::string& words, int line) {
        const bool is_float = words.size() == 10 && words[0] == '0' && words[1] == 'f';
        std::size_t used = 0;
        const std::string digits = is_float ? words.substr(2) : words;
        const std::uint64_t value = is_float           ? std::stoull(digits, &used, 16)
                                    : digits[0] == '-' ? std::uint64_t(std::stoll(digits, &used, 0))
                                                       : std::stoull(digits, &used, 0);
        if (used != digits.size()) refuse(line, words);
        return value;
    }
    program finished(const std::string& name) {
        for (const auto& [at, label] : jumps_) {
            if (!labels_.count(label)) refuse(program_.statements[at].line, label);
            program_.statements[at].target = labels_[label];
        }
        program_.name = name;
        return std::move(program_);
    }

    program program_;
    std::map<std::string, int> labels_, numbers_;
    std::vector<std::pair<std::size_t, std::string>> jumps_;
};

}  // namespace ptx
