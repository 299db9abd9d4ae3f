// SPDX-License-Identifier: MIT
// Many layers at once, one an expert, with weights and operands in e4m3 (op/e4m3_linear.hpp).
//
// The products of op/grouped_linear.hpp: in dw[e] += dy^T x the tiles of tokens restart at the
// expert's first row; a last one may be shorter.
//
// The inner half of experts (op/gated_linear.hpp): gate and up are kept in e4m3 for the way back,
// and h, which they determine, is not: the way back computes it again. All three are rounded in
// tiles of a row from the bfloat16 numbers that the products give, the routing weight being in h.
// On the way back gate and up are what was kept says.
//     forward     gate = x wg[e]^T     up = x wu[e]^T     h = silu(gate) up weight[r]
//     backward    dh = dy wd[e]        dgate, dup, dweight as in op/swiglu.hpp; h
//     then        dx = dgate wg[e] + dup wu[e]
// Several kinds of experts are computed from one list of tasks. DeepSeek-V3, section 3.3.3.
#pragma once

#include <moe/op/e4m3_linear.hpp>
#include <moe/op/gated_linear.hpp>

namespace moe::op {

// x: one row a routed row
template <class Source> struct e4m3_product_of {
    rows<bfloat16> y;
    e4m3_rows<Source> x;
    matrices<e4m3> w;
    groups g;

    void check() const {
        MOE_CHECK(g.count, ==, w.count);
        MOE_CHECK(g.rows(), <=, y.count);
        MOE_CHECK(y.width, ==, w.out);
        MOE_CHECK(x.width(), ==, w.in);
    }
};
template <class Source>
e4m3_product_of(rows<bfloat16>, e4m3_rows<Source>, matrices<e4m3>, groups)
    -> e4m3_product_of<Source>;

template <class... Source>
void grouped_linear(reference, const e4m3_product_of<Source>&... experts) {
    const auto one = [&](const auto& p) {
        p.check();
        for (int e = 0; e < p.g.count; ++e) {
            const int first = p.g.first[e], count = p.g.first[e + 1] - first;
            detail::e4m3_chains(p.y.part(first, count), p.x, first, p.w[e]);
        }
    };
    (one(experts), ...);
}

template <class G, class Y, class X>
void grouped_linear_backward_weight(reference, rows<G> dw, e4m3_rows<Y> dy, e4m3_rows<X> x,
                                    groups g) {
    const int out = dy.width();
    MOE_CHECK(dw.count, ==, g.count * out);
    for (int e = 0; e < g.count; ++e)
        detail::e4m3_chains_of_weight(dw.part(e * out, out), dy, x, g.first[e],
                                      g.first[e + 1] - g.first[e]);
}

// What differs between products of e4m3 and those of bfloat16.
namespace detail {
template <class Source> int width_of_operand(const e4m3_rows<Source>& x) { return x.width(); }
inline int width_of_operand(const picked<bfloat16>& x) { return x.from.width; }
inline auto operand_row(const picked<bfloat16>& x, int i) {
    return [row = x[i]](int j) { return row[j]; };
}
template <class Scaling> int count_of_rows(const quantised<e4m3, Scaling>& h) {
    return h.code.count;
}
inline int count_of_rows(const rows<bfloat16>& h) { return h.count; }
}  // namespace detail

// x: one row a routed row    gate, up, h: (rows, width)    weight: (rows), or null for 1
// Operands are e4m3_rows and e4m3, or picked rows and weights of bfloat16: then h is too.
template <class H, class X, class W, class Scaling> struct coded_gated_linear_of {
    H h;
    quantised<e4m3, Scaling> gate, up;
    X x;
    matrices<W> wg, wu;
    const float* weight;
    groups g;

    void check() const {
        MOE_CHECK(wg.count, ==, g.count);
        MOE_CHECK(wu.count, ==, g.count);
        MOE_CHECK(detail::width_of_operand(x), ==, wg.in);
        MOE_CHECK(detail::width_of_operand(x), ==, wu.in);
        MOE_CHECK(h.width, ==, wg.out);
        MOE_CHECK(detail::count_of_rows(h), >=, g.rows());
        for (const auto& one : {gate, up}) {
            MOE_CHECK(one.width, ==, wg.out);
            MOE_CHECK(one.code.count, >=, g.rows());
        }
    }
};
template <class H, class X, class W, class Scaling>
coded_gated_linear_of(H, quantised<e4m3, Scaling>, quantised<e4m3, Scaling>, X, matrices<W>,
                      matrices<W>, const float*, groups) -> coded_gated_linear_of<H, X, W, Scaling>;

// dy: one row a routed row    pieces: (rows, swiglu_pieces(width)), room for parts of dweight
template <class H, class W, class Scaling> struct coded_gated_linear_back {
    rows<bfloat16> dgate, dup;
    H h;
    float* dweight;
    picked<bfloat16> dy;
    quantised<const e4m3, Scaling> gate, up;
    matrices<W> wd;
    const float* weight;
    groups g;
    float* pieces = nullptr;

    void check() const {
        MOE_CHECK(wd.count, ==, g.count);
        MOE_CHECK(dy.from.width, ==, wd.out);
        for (const auto& one : {dgate, dup}) {
            MOE_CHECK(one.width, ==, wd.in);
            MOE_CHECK(one.count, >=, g.rows());
        }
        MOE_CHECK(h.width, ==, wd.in);
        MOE_CHECK(detail::count_of_rows(h), >=, g.rows());
        for (const auto& one : {gate, up}) {
            MOE_CHECK(one.width, ==, wd.in);
            MOE_CHECK(one.code.count, >=, g.rows());
        }
        MOE_CHECK((dweight == nullptr), ==, (weight == nullptr));
        MOE_CHECK((dweight == nullptr || pieces != nullptr), ==, true);
    }
};

struct e4m3_gated_linear_back_input {
    rows<bfloat16> dx;
    rows<const bfloat16> dgate, dup;
    matrices<e4m3> wg, wu;
    groups g;

    void check() const {
        MOE_CHECK(wg.count, ==, g.count);
        MOE_CHECK(dx.width, ==, wg.in);
        MOE_CHECK(dx.count, >=, g.rows());
        MOE_CHECK(dgate.width, ==, wg.out);
        MOE_CHECK(dup.width, ==, wu.out);
    }
};

namespace detail {

// Some columns of row r, from a multiple of a tile on.
template <class Format, class Scaling>
quantised<Format, Scaling> columns_of(const quantised<Format, Scaling>& x, int r, int first,
                                      int count) {
    static_assert(e4m3_tile % Scaling::columns == 0);
    const auto row = rows_of(x, r, 1);
    return {row.code.columns(first, count), row.scale + first / Scaling::columns, count};
}

// Some columns of row r of h, as it is held.
template <class Scaling>
void keep_columns(reference on, const quantised<e4m3, Scaling>& h, int r, int first,
                  rows<const bfloat16> from) {
    quantise(on, columns_of(h, r, first, from.width), from);
}
inline void keep_columns(reference, const rows<bfloat16>& h, int r, int first,
                         rows<const bfloat16> from) {
    for (int j = 0; j < from.width; ++j) h(r, first + j) = from(0, j);
}

// work(first column, columns) for every tile of a row.
template <class Work> void each_tile(int width, const Work& work) {
    for (int first = 0; first < width; first += e4m3_tile)
        work(first, smaller(e4m3_tile, width - first));
}
// A tile of gate, up and h.
struct tile_of_experts {
    bfloat16 number[3][e4m3_tile];

    rows<bfloat16> view(int which, int count) { return {number[which], 1, count}; }
};

}  // namespace detail

template <class... H, class... X, class... W, class... Scaling>
void gated_linear(reference on, const coded_gated_linear_of<H, X, W, Scaling>&... experts) {
    const auto one = [&](const auto& p) {
        p.check();
        detail::each_routed_row(p.g, [&](int e, int r) {
            const auto x = detail::operand_row(p.x, r);
            detail::each_tile(p.wg.out, [&](int first, int count) {
                detail::tile_of_experts tile;
                const auto gate = tile.view(0, count), up = tile.view(1, count),
                           h = tile.view(2, count);
                const auto product = [&](const auto& w, int o) {
                    return bfloat16(
                        detail::chain(w.in, 0.0F, x, [&](int i) { return weight_at(w, o, i); }));
                };
                for (int j = 0; j < count; ++j) {
                    gate(0, j) = product(p.wg[e], first + j);
                    up(0, j) = product(p.wu[e], first + j);
                }
                swiglu(on, h, gate, up, p.weight ? p.weight + r : nullptr);
                quantise(on, detail::columns_of(p.gate, r, first, count), gate);
                quantise(on, detail::columns_of(p.up, r, first, count), up);
                detail::keep_columns(on, p.h, r, first, h);
            });
        });
    };
    (one(experts), ...);
}

template <class... H, class... W, class... Scaling>
void gated_linear_backward(reference on, const coded_gated_linear_back<H, W, Scaling>&... experts) {
    const auto one = [&]<class Held, class Weight, class Tiles>(
                         const coded_gated_linear_back<Held, Weight, Tiles>& p) {
        p.check();
        detail::each_routed_row(p.g, [&](int e, int r) {
            const auto dy =
                detail::gradient_row<Weight>::of(rows<const bfloat16>(p.dy[r], 1, p.wd.out), 0);
            const float weight = p.weight ? p.weight[r] : 1.0F;
            float dweight = 0;
            detail::each_tile(p.wd.in, [&](int first, int count) {
                detail::tile_of_experts tile;
                const auto gate = tile.view(0, count), up = tile.view(1, count),
                           h = tile.view(2, count);
                dequantise(on, gate, detail::columns_of(p.gate, r, first, count));
                dequantise(on, up, detail::columns_of(p.up, r, first, count));
                for (int begin = 0; begin < count; begin += swiglu_piece) {
                    float piece = 0;
                    for (int j = begin; j < smaller(begin + swiglu_piece, count); ++j) {
                        const float dh = detail::chain(p.wd.out, 0.0F, dy, [&](int o) {
                            return weight_at(p.wd[e], o, first + j);
                        });
                        piece += detail::swiglu_backward_of<bfloat16>(p.dgate(r, first + j),
                                                                      p.dup(r, first + j), dh,
                                                                      gate(0, j), up(0, j), weight);
                    }
                    dweight = first + begin == 0 ? piece : dweight + piece;
                }
                swiglu(on, h, gate, up, p.weight ? p.weight + r : nullptr);
                detail::keep_columns(on, p.h, r, first, h);
            });
            if (p.dweight) p.dweight[r] = dweight;
        });
    };
    (one(experts), ...);
}

inline void gated_linear_backward_input(reference, const e4m3_gated_linear_back_input& p) {
    p.check();
    detail::each_routed_row(p.g, [&](int e, int r) {
        detail::linear_chains_back(p.dx.part(r, 1), way_back{p.dgate.part(r, 1), p.wg[e]},
                                   way_back{p.dup.part(r, 1), p.wu[e]});
    });
}

}  // namespace moe::op

#include <moe/op/e4m3_experts.cpu.hpp>
