// SPDX-License-Identifier: MIT
// The policies for the slot 'device'. A recipe can name its device without paying for the threads
// behind it: 'on', the type of the first argument of every op, is complete in device/cpu.hpp only.
#pragma once

#include <moe/device/isa.hpp>
#include <moe/device/reference.hpp>

#include <type_traits>

namespace moe {

// A device may also say which precisions it computes in: template <class Precision> computes.
template <class Policy>
concept device_policy = requires {
    typename Policy::on;
};

template <class Isa> struct cpu_on;

// The CPU this program is compiled for: moe::cpu device {};
struct cpu {
    using on = cpu_on<isa::native>;
    template <class Precision>
    static constexpr bool computes = !std::is_same_v<typename Precision::weight, double>;
};

static_assert(device_policy<cpu> && device_policy<reference>);

}  // namespace moe
