// SPDX-License-Identifier: MIT
// The inner half of experts, products and SwiGLU at once (Shazeer, "GLU variants improve
// transformer", 2020). For the rows r of expert e:
//     gate = x wg[e]^T        up = x wu[e]^T        h = silu(gate) up weight[r]
// and on the way back, from the gradient dy of the experts' outputs h wd[e]^T:
//     dh = dy wd[e]        dgate, dup, dweight as in op/swiglu.hpp        dx = dgate wg[e] + dup
//     wu[e]
// dh stays where it is computed. Several kinds of experts (routed ones, a shared one that sees
// every token) are computed from one list of tasks. Order of the sums: as in op/linear.hpp.
#pragma once

#include <moe/op/grouped_linear.hpp>
#include <moe/op/swiglu.hpp>

namespace moe::op {

// x: read through an index    gate, up, h: (rows, width)    wg, wu: (experts, width, in)
// weight: (rows), or null for 1
template <class T> struct gated_linear_of {
    rows<T> h, gate, up;
    picked<T> x;
    matrices<T> wg, wu;
    const wide<T>* weight;
    groups g;

    void check() const {
        MOE_CHECK(wg.count, ==, g.count);
        MOE_CHECK(wu.count, ==, g.count);
        MOE_CHECK(x.from.width, ==, wg.in);
        MOE_CHECK(x.from.width, ==, wu.in);
        for (const rows<T>& one : {h, gate, up}) {
            MOE_CHECK(one.width, ==, wg.out);
            MOE_CHECK(one.count, >=, g.rows());
        }
    }
};

// dy: read through an index    wd: (experts, out, width)    dweight: (rows), null where weight is
template <class T> struct gated_linear_back {
    rows<T> dgate, dup;
    wide<T>* dweight;
    picked<T> dy;
    rows<const T> gate, up;
    matrices<T> wd;
    const wide<T>* weight;
    groups g;
    wide<T>* pieces = nullptr;  // (rows, swiglu_pieces(width)): room for the parts of dweight

    void check() const {
        MOE_CHECK(wd.count, ==, g.count);
        MOE_CHECK(dy.from.width, ==, wd.out);
        for (const rows<const T>& one : {rows<const T>(dgate), rows<const T>(dup), gate, up}) {
            MOE_CHECK(one.width, ==, wd.in);
            MOE_CHECK(one.count, >=, g.rows());
        }
        MOE_CHECK((dweight == nullptr), ==, (weight == nullptr));
        MOE_CHECK((dweight == nullptr || pieces != nullptr), ==, true);
    }
};

// dx: (rows, in), one a routed row
template <class T> struct gated_linear_back_input {
    rows<T> dx;
    rows<const T> dgate, dup;
    matrices<T> wg, wu;
    groups g;

    void check() const {
        MOE_CHECK(wg.count, ==, g.count);
        MOE_CHECK(dx.width, ==, wg.in);
        MOE_CHECK(dx.count, >=, g.rows());
        MOE_CHECK(dgate.width, ==, wg.out);
        MOE_CHECK(dup.width, ==, wu.out);
    }
};

template <class... T> void gated_linear(reference on, const gated_linear_of<T>&... experts) {
    const auto one = [&](const auto& p) {
        p.check();
        detail::each_routed_row(p.g, [&](int e, int r) {
            const rows x(p.x[r], 1, p.wg.in);
            detail::linear_chains(p.gate.part(r, 1), x, p.wg[e]);
            detail::linear_chains(p.up.part(r, 1), x, p.wu[e]);
            swiglu(on, p.h.part(r, 1), p.gate.part(r, 1), p.up.part(r, 1),
                   p.weight ? p.weight + r : nullptr);
        });
    };
    (one(experts), ...);
}

template <class... T>
void gated_linear_backward(reference, const gated_linear_back<T>&... experts) {
    const auto one = [&]<class N>(const gated_linear_back<N>& p) {
        p.check();
        detail::each_routed_row(p.g, [&](int e, int r) {
            wide<N> dweight = 0;
            for (int first = 0; first < p.wd.in; first += swiglu_piece) {
                wide<N> piece = 0;
                for (int j = first; j < smaller(first + swiglu_piece, p.wd.in); ++j) {
                    const wide<N> dh = detail::chain(
                        p.wd.out, wide<N>(0), [&](int o) { return p.dy[r][o]; },
                        [&](int o) { return weight_at(p.wd[e], o, j); });
                    piece += detail::swiglu_backward_of<N>(p.dgate(r, j), p.dup(r, j), dh,
                                                           p.gate(r, j), p.up(r, j),
                                                           p.weight ? p.weight[r] : wide<N>(1));
                }
                dweight = first == 0 ? piece : dweight + piece;
            }
            if (p.dweight) p.dweight[r] = dweight;
        });
    };
    (one(experts), ...);
}

template <class... T>
void gated_linear_backward_input(reference, const gated_linear_back_input<T>&... experts) {
    const auto one = [&](const auto& p) {
        p.check();
        detail::each_routed_row(p.g, [&](int e, int r) {
            detail::linear_chains_back(p.dx.part(r, 1), way_back{p.dgate.part(r, 1), p.wg[e]},
                                       way_back{p.dup.part(r, 1), p.wu[e]});
        });
    };
    (one(experts), ...);
}

}  // namespace moe::op

#include <moe/op/gated_linear.cpu.hpp>
