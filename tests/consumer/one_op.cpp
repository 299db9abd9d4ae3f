// SPDX-License-Identifier: MIT
// One op in a program that knows nothing else of moe.
#include <moe/op/rms_norm.hpp>

#include <cstdio>
#include <vector>

int main() {
    std::vector<float> x{3, 4, 0, 0}, y(4), r(1), gain{1, 1, 1, 2};
    const moe::rows<float> out{y.data(), 1, 4};
    moe::op::rms_norm(moe::reference(), out, r.data(), moe::rows<const float>{x.data(), 1, 4},
                      gain.data(), 0.0F);
    std::printf("%g %g %g %g\n", double(y[0]), double(y[1]), double(y[2]), double(y[3]));
    return y[0] == 1.2F && y[1] == 1.6F && y[2] == 0 ? 0 : 1;  // the root of the mean square is 2.5
}
