// SPDX-License-Identifier: MIT
// The flags of one word of a program, with their help, ranges and error lines; a helper of
// arguments.part.hpp. CLI11 splits the words.
#pragma once

#include <moe/core/error.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace moe::detail {

// Edits (insert, delete, replace a letter) from one text to the other.
inline int edit_distance(std::string_view a, std::string_view b) {
    std::vector<int> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = int(j);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        int corner = std::exchange(row[0], int(i));
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const int replaced = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

// "; did you mean --steps?" when one of the names is near enough to be a slip.
inline std::string nearest(std::string_view typed, std::span<const std::string> names) {
    const std::string* best = nullptr;
    int distance = int(typed.size() + 1) / 3;
    for (const std::string& name : names)
        if (const int d = edit_distance(typed, name); d <= distance && (!best || d < distance))
            best = &name, distance = d;
    return best ? "; did you mean " + *best + "?" : "";
}

// Control characters would make one line two.
inline std::string one_line(std::string text) {
    for (char& letter : text)
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) letter = '?';
    return text;
}
template <class Number> std::string plain_number(Number value) {
    if constexpr (std::integral<Number>) return std::to_string(value);
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", double(value));
    return text;
}

// The flags of one word.
class flag_list {
public:
    explicit flag_list(const std::string& title) : app_(title) {
        app_.set_help_flag();  // answered here, before a wrong value elsewhere can be in its way
        app_.allow_extras();
    }

    void text(const char* name, const char* value, const std::string& help, std::string& into,
              const std::string& standard = "") {
        add(name, value, help, standard, [name, value, &into](const std::string& given) {
            if (given.empty()) refuse(name, std::string("expected ") + value + ", found nothing");
            into = given;
        });
    }

    // Given more than once: all of them, in their order.
    void texts(const char* name, const char* value, const std::string& help,
               std::vector<std::string>& into) {
        add(name, value, help, "", [name, value, &into](const std::string& given) {
            if (given.empty()) refuse(name, std::string("expected ") + value + ", found nothing");
            into.push_back(given);
        });
        app_.get_option(name)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }

    // A number in [lowest, highest], or above lowest where 'open'.
    struct range {
        double lowest, highest = INFINITY;
        bool open = false;
    };
    template <class Number>
    void number(const char* name, const char* value, const std::string& help, Number& into,
                range in, std::string standard = "") {
        if (standard.empty()) standard = plain_number(into);
        add(name, value, help, standard, [name, in, &into](const std::string& given) {
            Number number{};
            const char* const end = given.data() + given.size();
            const auto read = std::from_chars(given.data(), end, number);
            const bool good = read.ec == std::errc{} && read.ptr == end &&
                              double(number) <= in.highest && double(number) >= in.lowest &&
                              !(in.open && double(number) == in.lowest);
            if (!good || !std::isfinite(double(number)))
                refuse(name, "expected " + expected<Number>(in) + ", found '" + given + "'");
            into = number;
        });
    }

    template <class Choice> struct named {
        const char* name;
        Choice choice;
    };
    template <class Choice, std::size_t Count>
    void choice(const char* name, const std::string& help, Choice& into,
                const named<Choice> (&choices)[Count]) {
        std::string all, standard;
        std::vector<named<Choice>> known(choices, choices + Count);
        for (const auto& c : known) {
            all += (all.empty() ? "" : " | ") + std::string(c.name);
            if (c.choice == into) standard = c.name;
        }
        add(name, "SHAPE", help + ": " + all, standard,
            [name, all, known, &into](const std::string& given) {
                for (const auto& c : known)
                    if (given == c.name) return void(into = c.choice);
                refuse(name, "expected " + all + ", found '" + given + "'");
            });
    }

    void truth(const char* name, const std::string& help, bool& into) {
        app_.add_flag(name, into, help);
        names_.push_back(name), truths_.push_back(name);
    }

    // Words that are no flags, in their order.
    void words(const char* value, const std::string& help, std::vector<std::string>& into) {
        words_ = &into, words_value_ = value, words_help_ = help;
    }

    void required(const char* name) { app_.get_option(name)->required(); }

    void parse(int count, const char* const* words) {
        std::vector<std::string> reversed;
        for (int i = count - 1; i >= 0; --i) reversed.push_back(words[i]);
        for (const std::string& word : reversed)
            if (const auto equals = word.find('='); equals != word.npos)
                if (const std::string name = word.substr(0, equals); is_in(truths_, name))
                    refuse(name, "expected no value, found '" + word.substr(equals + 1) + "'");
        try {
            app_.parse(reversed);
        } catch (const CLI::RequiredError&) {
            refuse_extras();
            refuse_missing();
        } catch (const CLI::ArgumentMismatch&) {
            // A value is taken whatever it looks like, so it can only be missing at the end.
            const std::string last = words[count - 1];
            refuse(last.substr(0, last.find('=')), "expected a value behind it");
        } catch (const CLI::ParseError& wrong) {
            throw usage_error(one_line(wrong.what()));
        }
        refuse_extras();
    }

    // 'program' as it is called: "nano train"
    std::string help(const std::string& program) const {
        std::string usage = program, needed, others;
        for (const CLI::Option* option : app_.get_options()) {
            (option->get_required() ? needed : others) += line(*option);
            if (option->get_required())
                usage += ' ' + option->get_name() + ' ' + option->get_type_name();
        }
        if (words_) usage += std::string(" ") + words_value_;
        std::string text = app_.get_description() + "\n\n  " + usage + " [flags]\n";
        if (words_) text += "\n" + std::string(words_value_) + ": " + words_help_ + "\n";
        if (!needed.empty()) text += "\nNeeded:\n" + needed;
        return text + "\nFlags:\n" + others;
    }

private:
    template <class Set>
    void add(const char* name, const char* value, const std::string& help,
             const std::string& standard, Set set) {
        const auto take = [this, name, set](const CLI::results_t& given) {
            for (const std::string& one : given) {
                // --data --out: the folder was forgotten, and no folder is called --out.
                if (is_in(names_, one))
                    refuse(name, "expected a value behind it, found the flag " + one);
                set(one);
            }
            return true;
        };
        CLI::Option* option = app_.add_option(name, take, help);
        option->type_name(value)->default_str(standard);
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        names_.push_back(name);
    }

    template <class Number> static std::string expected(range in) {
        const std::string kind = std::integral<Number> ? "a whole number" : "a number";
        using shown = std::conditional_t<std::integral<Number>, long long, double>;
        const std::string lowest = plain_number(shown(in.lowest));
        const std::string highest = in.highest < INFINITY ? plain_number(shown(in.highest)) : "";
        if (in.open)
            return kind + " above " + lowest +
                   (in.highest < INFINITY ? " and at most " + highest : "");
        if (in.highest < INFINITY) return kind + " from " + lowest + " to " + highest;
        return kind + " of at least " + lowest;
    }

    [[noreturn]] static void refuse(const std::string& name, const std::string& why) {
        throw usage_error(one_line(name + ": " + why));
    }
    [[noreturn]] void refuse_missing() const {
        for (const CLI::Option* option : app_.get_options())
            if (option->get_required() && option->count() == 0)
                refuse(option->get_name(), "expected " + option->get_type_name() + " (" +
                                               option->get_description() + "), but it is missing");
        throw usage_error("a flag is missing");
    }
    void refuse_extras() const {
        if (words_) words_->clear();
        for (const std::string& extra : app_.remaining()) {
            const bool is_word = extra.rfind('-', 0) != 0 || extra.size() < 2;
            if (is_word && words_ && !extra.empty()) {
                words_->push_back(extra);
                continue;
            }
            if (is_word) refuse("'" + extra + "'", "expected a flag, which begins with --");
            const std::string name = extra.substr(0, extra.find('='));
            refuse(name, "no such flag here" + nearest(name, names_));
        }
    }
    static bool is_in(const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    }

    // "  --steps N        optimizer steps [1000]", broken at 80 columns.
    static std::string line(const CLI::Option& option) {
        constexpr std::size_t left = 27, width = 80;
        std::string text = "  " + option.get_name();
        if (option.get_items_expected_max() > 0) text += " " + option.get_type_name();
        std::string help = option.get_description();
        if (!option.get_default_str().empty()) help += " [" + option.get_default_str() + "]";
        if (text.size() + 2 > left)
            text += "\n" + std::string(left, ' ');
        else
            text.append(left - text.size(), ' ');
        std::size_t used = left;
        for (std::size_t at = 0; at < help.size();) {
            const std::size_t end = std::min(help.find(' ', at), help.size());
            const std::size_t letters = end - at;
            if (used > left && used + 1 + letters > width)
                text += "\n" + std::string(left, ' '), used = left;
            if (used > left) text += ' ', ++used;
            text.append(help, at, letters), used += letters;
            at = end + 1;
        }
        return text + "\n";
    }

    CLI::App app_;
    std::vector<std::string> names_;   // of all flags
    std::vector<std::string> truths_;  // of those without a value
    std::vector<std::string>* words_ = nullptr;
    std::string words_value_, words_help_;
};

}  // namespace moe::detail
