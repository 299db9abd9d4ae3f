// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/rotated_linear.hpp>

#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

struct shape {
    int tokens, in, out;
    op::head_columns where;
    int dim;
};

template <class T> void check_machines() {
    for (const shape& s : {shape{0, 4, 8, {1, 8, 0}, 8},
                           {1, 3, 6, {1, 6, 2}, 4},
                           {37, 70, 192, {3, 64, 0}, 64},
                           {20, 33, 290, {3, 96, 32}, 64},  // heads across the ends of panels
                           {50, 300, 1290, {1, 0, 1250}, 40},
                           {9, 16, 40, {0, 8, 0}, 8}}) {
        CAPTURE(s.out);
        std::vector<float> table(std::size_t(30 * s.dim));
        op::rope_table(table.data(), 30, s.dim, 10000.0);
        const op::rotary<float> turn{table.data(), s.dim};
        const auto x = random_rows<T>(s.tokens, s.in, 1);
        const auto master = random_rows<float>(s.out, s.in, 2);
        guarded<float> w(s.out, s.in, 0);
        test::copy(w.view(), master.view());
        guarded<T> packed(1, int(packed_size<T>(s.out, s.in)));
        op::pack(reference{}, weight_copies<T>{packed.data()}, w.view());
        matrix<T> m{nullptr, packed.data(), s.out, s.in};
        if constexpr (std::is_same_v<T, float>) m.at = w.data();
        guarded<T> expected(s.tokens, s.out);
        op::rotated_linear(reference{}, expected.view(), x, m, s.where, turn, {7, 3});
        test::on_every_machine([&](auto on) {
            guarded<T> y(s.tokens, s.out), apart(s.tokens, s.out);
            op::rotated_linear(on, y.view(), x, m, s.where, turn, {7, 3});
            CHECK(test::same_bits(y, expected));
            CHECK(y.intact());
            op::linear(on, apart.view(), x, m);
            op::rope(on, apart.view(), s.where, turn, 7, 3);
            CHECK(test::same_bits(apart, expected));
        });
    }
}

TEST_CASE("a projection that rotates has the bits of a projection and a rotation") {
    check_machines<float>();
    check_machines<bfloat16>();
}

}  // namespace
