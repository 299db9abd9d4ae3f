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

class on_first_core {
public:
    on_first_core() {
#if defined(__linux__)
        if (sched_getaffinity(0, sizeof before_, &before_) != 0) return;
        cpu_set_t first;
        CPU_ZERO(&first);
        for (int core = 0; core < CPU_SETSIZE; ++core)
            if (CPU_ISSET(core, &before_)) {
                CPU_SET(core, &first);
                break;
            }
        changed_ = sched_setaffinity(0, sizeof first, &first) == 0;
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
