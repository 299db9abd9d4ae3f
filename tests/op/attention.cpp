// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/attention.cpu.hpp>

#include <vector>

namespace {

using namespace moe;
using op::attention_shape;
using test::guarded, test::random_rows;

// All tensors of one call, inputs filled, outputs poisoned.
template <class T> struct tensors {
    attention_shape s;
    guarded<T> q, k, v, d_o, o, dq, dk, dv;
    guarded<wide<T>> lse, dk_sums, dv_sums;

    explicit tensors(attention_shape shape, double size = 1)
        : s(shape),
          q(random_rows<T>(s.sequences * s.queries, s.heads * s.key_dim, 1, size)),
          k(random_rows<T>(s.sequences * s.keys, s.kv_heads * s.key_dim, 2, size)),
          v(random_rows<T>(s.sequences * s.keys, s.kv_heads * s.value_dim, 3)),
          d_o(random_rows<T>(s.sequences * s.queries, s.heads * s.value_dim, 4)),
          o(s.sequences * s.queries, s.heads * s.value_dim),
          dq(s.sequences * s.queries, s.heads * s.key_dim),
          dk(s.sequences * s.keys, s.kv_heads * s.key_dim),
          dv(s.sequences * s.keys, s.kv_heads * s.value_dim),
          lse(s.sequences * s.queries, s.heads),
          dk_sums(dk.view().count, dk.view().width),
          dv_sums(dv.view().count, dv.view().width) {}

    template <class On> void forward(On on) { op::attention(on, o.view(), lse, q, k, v, s); }
    template <class On> void backward(On on) {
        op::attention_sums sums;
        if constexpr (std::is_same_v<T, bfloat16>) sums = {dk_sums.view(), dv_sums.view()};
        op::attention_backward(on, dq.view(), dk, dv, d_o, q, k, v, o, lse, s, sums);
    }
    bool intact() const {
        return o.intact() && lse.intact() && dq.intact() && dk.intact() && dv.intact();
    }
};

attention_shape shape_of(int sequences, int queries, int keys, int heads, int kv_heads, int key_dim,
                         int value_dim) {
    return {sequences, queries, keys, heads, kv_heads, key_dim, value_dim, 1 / std::sqrt(key_dim)};
}

// Every way in which a shape can be awkward: nothing, one, just under and over a tile, a cache
// before the queries, shared heads, sizes that are no multiple of anything, sizes above a piece.
const std::vector<attention_shape> shapes = {
    shape_of(0, 5, 5, 2, 2, 4, 4),       shape_of(2, 0, 7, 2, 1, 4, 4),
    shape_of(1, 1, 1, 1, 1, 1, 1),       shape_of(2, 1, 9, 2, 1, 3, 5),
    shape_of(3, 5, 5, 4, 2, 7, 9),       shape_of(1, 63, 63, 2, 2, 16, 16),
    shape_of(2, 65, 65, 1, 1, 17, 33),   shape_of(1, 64, 128, 2, 1, 32, 32),
    shape_of(2, 70, 131, 3, 1, 48, 32),  shape_of(1, 130, 130, 2, 2, 64, 64),
    shape_of(1, 9, 200, 4, 2, 24, 40),   shape_of(1, 66, 77, 1, 1, 200, 31),
    shape_of(1, 64, 90, 2, 1, 193, 210), shape_of(1, 100, 111, 6, 2, 15, 1),
};

TEST_CASE("attention is the softmax of the masked scores times the values") {
    tensors<double> a(shape_of(2, 3, 5, 4, 2, 6, 3));
    a.forward(reference{});
    for (int row = 0; row < 6; ++row)
        for (int h = 0; h < 4; ++h) {
            const int seen = row % 3 + 3, first = row / 3 * 5, kv = h / 2;
            double total = 0;
            std::vector<double> weight;
            for (int j = 0; j < seen; ++j) {
                double score = 0;
                for (int d = 0; d < 6; ++d)
                    score += a.q(row, h * 6 + d) * a.k(first + j, kv * 6 + d) / std::sqrt(6.0);
                weight.push_back(std::exp(score));
                total += weight.back();
            }
            CHECK(a.lse(row, h) == doctest::Approx(std::log(total)).epsilon(1e-12));
            for (int d = 0; d < 3; ++d) {
                double expected = 0;
                for (int j = 0; j < seen; ++j)
                    expected += weight[std::size_t(j)] / total * a.v(first + j, kv * 3 + d);
                CHECK(a.o(row, h * 3 + d) == doctest::Approx(expected).epsilon(1e-12));
            }
        }
}

TEST_CASE("the gradients of attention are its derivatives") {
    for (const attention_shape& s : {shape_of(2, 4, 4, 2, 2, 5, 3), shape_of(1, 3, 6, 4, 2, 2, 4),
                                     shape_of(2, 1, 3, 3, 1, 3, 1)}) {
        tensors<double> a(s);
        const auto value = [&] {
            a.forward(reference{});
            return test::inner_product(a.o.view(), a.d_o.view());
        };
        value();
        a.backward(reference{});
        CHECK(test::gradient_error(a.q, a.dq, value) < 1e-9);
        CHECK(test::gradient_error(a.k, a.dk, value) < 1e-9);
        CHECK(test::gradient_error(a.v, a.dv, value) < 1e-9);
    }
}

TEST_CASE("the CPU agrees with the specification in double") {
    for (const attention_shape& s : shapes) {
        CAPTURE(s.queries);
        CAPTURE(s.keys);
        CAPTURE(s.key_dim);
        CAPTURE(s.value_dim);
        tensors<double> exact(s);
        exact.forward(reference{});
        exact.backward(reference{});
        test::on_every_isa(2, [&](auto on) {
            tensors<float> a(s);
            a.forward(on);
            a.backward(on);
            CHECK(test::relative_error(a.o, exact.o) < 1e-6);
            CHECK(test::distance(a.lse.view(), exact.lse.view()) <
                  1e-6 * (1 + std::sqrt(s.sequences * s.queries * s.heads)));
            CHECK(test::relative_error(a.dv, exact.dv) < 1e-6);
            // With one key the softmax is flat: its gradient is zero but for rounding.
            if (s.keys > 1) {
                CHECK(test::relative_error(a.dq, exact.dq) < 5e-6);
                CHECK(test::relative_error(a.dk, exact.dk) < 5e-6);
            }
            CHECK((test::all_finite(a.dq) && test::all_finite(a.dk)));
            CHECK(a.intact());
        });
    }
}

template <class T> void check_machines() {
    for (const attention_shape& s : shapes) {
        tensors<T> first(s);
        const cpu_on<isa::generic> one{&test::pool_of(1)};
        first.forward(one);
        first.backward(one);
        test::on_every_machine([&](auto on) {
            tensors<T> a(s);
            a.forward(on);
            a.backward(on);
            CHECK(test::same_bits(a.o, first.o));
            CHECK(test::same_bits(a.lse, first.lse));
            CHECK(test::same_bits(a.dq, first.dq));
            CHECK(test::same_bits(a.dk, first.dk));
            CHECK(test::same_bits(a.dv, first.dv));
        });
    }
}
TEST_CASE("the same bits on every machine") {
    check_machines<float>();
    check_machines<bfloat16>();
}

TEST_CASE("in bfloat16 every result is rounded once") {
    for (const attention_shape& s : shapes) {
        CAPTURE(s.queries);
        CAPTURE(s.key_dim);
        tensors<bfloat16> a(s);
        tensors<double> exact(s);
        test::copy(exact.q.view(), a.q.view());
        test::copy(exact.k.view(), a.k.view());
        test::copy(exact.v.view(), a.v.view());
        test::copy(exact.d_o.view(), a.d_o.view());
        exact.forward(reference{});
        const cpu_on<isa::native> on{&test::pool_of(2)};
        a.forward(on);
        CHECK(test::relative_error(a.o, exact.o) < 3e-3);
        test::copy(exact.o.view(), a.o.view());  // the way back sees the rounded one
        exact.backward(reference{});
        a.backward(on);
        CHECK(test::relative_error(a.dv, exact.dv) < 3e-3);
        if (s.keys > 1) {
            CHECK(test::relative_error(a.dq, exact.dq) < 3e-3);
            CHECK(test::relative_error(a.dk, exact.dk) < 3e-3);
        }
        CHECK(a.intact());
    }
}

TEST_CASE("the probabilities of a query sum to one") {
    const attention_shape s = shape_of(1, 150, 150, 2, 1, 24, 3);
    test::on_every_isa(1, [&](auto on) {
        tensors<float> a(s);
        test::fill(a.v.view(), 1.0F);
        a.forward(on);
        float worst = 0;
        for (int i = 0; i < 150; ++i)
            for (int j = 0; j < 6; ++j) worst = std::fmax(worst, std::abs(a.o(i, j) - 1));
        CHECK(worst < 1e-6F);
    });
}

TEST_CASE("no output depends on a later token, to the last bit") {
    const attention_shape s = shape_of(2, 150, 150, 2, 1, 20, 12);
    test::on_every_isa(2, [&](auto on) {
        tensors<float> before(s);
        before.forward(on);
        before.backward(on);
        for (const int changed : {1, 63, 64, 100, 149}) {
            CAPTURE(changed);
            tensors<float> a(s);
            const auto later = [&](auto& x) { return x.view().part(changed, 150 - changed); };
            test::fill_random(later(a.q), 9, 20.0);
            test::fill_random(later(a.k), 10, 20.0);
            test::fill_random(later(a.v), 11, 1e20);
            test::fill_random(later(a.d_o), 12);
            a.forward(on);
            a.backward(on);
            const auto same = [&](auto& x, auto& y, int first, int count) {
                return test::same_bits<float>(x.view().part(first, count),
                                              y.view().part(first, count));
            };
            for (const int sequence : {0, 1}) {  // the second sequence is not touched at all
                const int first = sequence * 150, count = sequence == 0 ? changed : 150;
                CHECK(same(a.o, before.o, first, count));
                CHECK(same(a.lse, before.lse, first, count));
                CHECK(same(a.dq, before.dq, first, count));
            }
            CHECK(!same(a.o, before.o, changed, 1));
        }
    });
}

TEST_CASE("queries beside a cache get the bits that they get among all others") {
    const attention_shape s = shape_of(1, 140, 140, 4, 2, 48, 32);
    test::on_every_isa(2, [&](auto on) {
        tensors<float> all(s);
        all.forward(on);
        const int cases[][2] = {{140, 1}, {65, 1}, {64, 1}, {1, 1}, {140, 70}};
        for (const auto& [seen, asking] : cases) {
            const int keys = seen, queries = asking;
            CAPTURE(keys);
            CAPTURE(queries);
            attention_shape part = s;
            part.keys = keys;
            part.queries = queries;
            guarded<float> o(queries, 4 * 32), lse(queries, 4);
            op::attention(on, o.view(), lse, all.q.view().part(keys - queries, queries),
                          all.k.view().part(0, keys), all.v.view().part(0, keys), part);
            CHECK(test::same_bits<float>(o.view(), all.o.view().part(keys - queries, queries)));
            CHECK(test::same_bits<float>(lse.view(), all.lse.view().part(keys - queries, queries)));
        }
    });
}

TEST_CASE("large scores neither overflow nor vanish") {
    const attention_shape s = shape_of(1, 130, 130, 1, 1, 16, 16);
    test::on_every_isa(1, [&](auto on) {
        tensors<float> a(s, 30.0);
        tensors<double> exact(s, 30.0);
        exact.forward(reference{});
        a.forward(on);
        a.backward(on);
        CHECK(test::relative_error(a.o, exact.o) < 1e-3);  // scores of 4,000, rounded to float
        CHECK((test::all_finite(a.dq) && test::all_finite(a.dk) && test::all_finite(a.dv)));
    });
}

}  // namespace
