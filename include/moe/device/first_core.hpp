// SPDX-License-Identifier: MIT
// The threads of a pool sit on a core each, the calling thread wherever the system puts it: too
// often on the core of another of them, which halves the speed. While one of these lives, its
// thread stays on the first core that it may use, the one that the pool leaves to it. To be made
// after the pool, whose threads start with their maker's cores.
#pragma once

#include <moe/core/config.hpp>

#if defined(__linux__)
#include <sched.h>
#endif

namespace moe {

#if defined(__linux__)
// The calling thread stays on core number 'number' of those in 'allowed', counted round and round.
// A hint only: where it is refused (a container with fewer cores), the thread runs anywhere.
inline bool stay_on_core(const cpu_set_t& allowed, int number) {
    const int available = CPU_COUNT(&allowed);
    int skip = available > 0 ? number % available : 0;
    for (int core = 0; core < CPU_SETSIZE; ++core)
        if (CPU_ISSET(core, &allowed) && skip-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(core, &one);
            return sched_setaffinity(0, sizeof one, &one) == 0;
        }
    return false;
}
#endif

class on_first_core {
public:
    on_first_core() {
#if defined(__linux__)
        changed_ = sched_getaffinity(0, sizeof before_, &before_) == 0 && stay_on_core(before_, 0);
#endif
    }
    on_first_core(const on_first_core&) = delete;
    on_first_core& operator=(const on_first_core&) = delete;
    ~on_first_core() {
#if defined(__linux__)
        if (changed_) sched_setaffinity(0, sizeof before_, &before_);
#endif
    }

private:
#if defined(__linux__)
    cpu_set_t before_;
#endif
    bool changed_ = false;
};

}  // namespace moe
