// SPDX-License-Identifier: MIT
// Runs a kernel here, block after block, and reports.
//   memory buffers;
//   buffers.input("x", x, count).output("y", y, count);
//   const report told = launch<kernel, sm80>({blocks}, parameters, buffers);
//   if (!told.clean()) std::puts(told.text().c_str());
#pragma once

#include <moe/device/emulator/context.hpp>

#include <algorithm>
#include <exception>
#include <vector>

namespace moe::emulator {

struct grid {
    int x = 1, y = 1, z = 1;
};

namespace detail {
template <class Kernel, class Arch> struct running {
    block& of;
    const typename Kernel::parameters& parameters;
    std::exception_ptr failure = nullptr;

    // The first function of every thread.
    static void thread(void* argument) {
        running& self = *static_cast<running*>(argument);
        bool stopped = false;
        try {
            context<Arch> cx(self.of);
            Kernel::run(cx, self.parameters);
        } catch (const block::stopped&) {
            stopped = true;
        } catch (...) {  // the launch throws it on
            self.failure = std::current_exception();
            stopped = true;
        }
        if (stopped)
            self.of.halt();
        else
            self.of.leave();
    }
};
}  // namespace detail

template <class Kernel, class Arch>
report launch(grid size, const typename Kernel::parameters& parameters, memory& global,
              const options& how = {}) {
    static_assert(Kernel::threads % 32 == 0 && Kernel::threads <= 1024);
    static_assert(Kernel::shared_bytes <= Arch::shared_bytes,
                  "moe: this kernel needs more shared memory than a block may use");
    for (buffer& b : global.buffers) b.seen.forget();
    block one(Kernel::threads, std::size_t(Kernel::shared_bytes), global, how);
    detail::running<Kernel, Arch> all{one, parameters, nullptr};
    // Nothing orders blocks; they come in any order.
    std::vector<int> order(std::size_t(size.x * size.y * size.z));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = int(i);
    if (how.order != schedule::in_turn) {
        dice any(how.seed);
        for (std::size_t i = order.size(); i > 1; --i)
            std::swap(order[i - 1], order[any.below(std::uint32_t(i))]);
    }
    for (const int i : order) {
        const place at{i % size.x, i / size.x % size.y, i / size.x / size.y};
        if (!one.run(at, std::uint32_t(i), &detail::running<Kernel, Arch>::thread, &all)) break;
    }
    if (all.failure) std::rethrow_exception(all.failure);
    return one.finish();
}

}  // namespace moe::emulator
