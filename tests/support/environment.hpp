// SPDX-License-Identifier: MIT
// Variables of the environment while an object lives; nullptr: not set.
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <string>
#include <vector>

class environment {
public:
    struct entry {
        const char *name, *value;
    };
    environment(std::initializer_list<entry> values) {
        for (const auto& [name, value] : values) {
            const char* before = std::getenv(name);
            before_.push_back({name, before ? before : "", before != nullptr});
            if (value)
                setenv(name, value, 1);
            else
                unsetenv(name);
        }
    }
    ~environment() {
        for (const auto& v : before_)
            if (v.set)
                setenv(v.name, v.value.c_str(), 1);
            else
                unsetenv(v.name);
    }

private:
    struct value {
        const char* name;
        std::string value;
        bool set;
    };
    std::vector<value> before_;
};
