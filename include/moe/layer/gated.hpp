// SPDX-License-Identifier: MIT
// The inner half of experts as two layers use it: what it keeps, and the arguments of its ops
// (op/gated_linear.hpp; with weights in e4m3 op/e4m3_experts.hpp).
#pragma once

#include <moe/layer/operands.hpp>

namespace moe {

// rows: at most so many rows of experts
template <class Recipe, int Width, bool Coded = multiplies_e4m3<Recipe>> struct gated {
    using number = activation_of<Recipe>;
    using precise = precise_of<Recipe>;

    struct kept {
        activations<Recipe> gate, up, h;

        void place(arena& memory, int rows) {
            for (auto* wide : {&gate, &up, &h}) *wide = memory.take_rows<number>(rows, Width);
        }
    };
    struct delta {
        activations<Recipe> gate, up;

        void place(arena& memory, int rows) {
            for (auto* wide : {&gate, &up}) *wide = memory.take_rows<number>(rows, Width);
        }
    };
    struct work {
        void place(arena&, int) {}
    };

    template <class W>
    static op::gated_linear_of<number> forward(kept& k, work&, picked<number> x, matrices<W> gate,
                                               matrices<W> up, const precise* weight, groups g) {
        const int all = g.rows();
        return {k.h.part(0, all), k.gate.part(0, all), k.up.part(0, all), x, gate, up, weight, g};
    }
    // The input of the layer behind, on the way there and on the way back.
    static read_activations<Recipe> h(const kept& k, const work&, int all) {
        return k.h.part(0, all);
    }
    static read_activations<Recipe> h(const kept& k, const delta&, int all) {
        return k.h.part(0, all);
    }
    template <class W>
    static op::product_of<number> down(activations<Recipe> y, read_activations<Recipe> h,
                                       matrices<W> down, groups g) {
        return {y, h, down, g};
    }
    template <class W>
    static op::gated_linear_back<number> backward(const kept& k, delta& d, precise* dweight,
                                                  picked<number> dy, matrices<W> down,
                                                  const precise* weight, groups g,
                                                  precise* pieces = nullptr) {
        const int all = g.rows();
        return {d.gate.part(0, all),
                d.up.part(0, all),
                dweight,
                dy,
                k.gate.part(0, all),
                k.up.part(0, all),
                down,
                weight,
                g,
                pieces};
    }
    template <class W>
    static op::gated_linear_back_input<number> backward_input(activations<Recipe> dx,
                                                              const delta& d, matrices<W> gate,
                                                              matrices<W> up, groups g) {
        const int all = g.rows();
        return {dx, d.gate.part(0, all), d.up.part(0, all), gate, up, g};
    }
    // What dw is made of: gradients of outputs, picked.
    static picked<number> gradient(read_activations<Recipe> dy, const int* index = nullptr) {
        return {dy, index};
    }
};

template <class Recipe, int Width> struct gated<Recipe, Width, true> {
    using codes = coded_activations<Recipe>;
    using tiles_of = activation_tiles<Recipe>;
    using read_codes = op::e4m3_rows<quantised<const e4m3, tiles_of>>;

    struct kept {
        codes gate, up;

        void place(arena& memory, int rows) {
            for (auto* wide : {&gate, &up}) *wide = take_codes<Recipe>(memory, rows, Width);
        }
    };
    struct delta {
        activations<Recipe> gate, up;
        codes h;

        void place(arena& memory, int rows) {
            for (auto* wide : {&gate, &up}) *wide = memory.take_rows<bfloat16>(rows, Width);
            h = take_codes<Recipe>(memory, rows, Width);
        }
    };
    struct work {
        codes h;

        void place(arena& memory, int rows) { h = take_codes<Recipe>(memory, rows, Width); }
    };

    template <class Source>
    static auto forward(kept& k, work& w, op::e4m3_rows<Source> x, matrices<e4m3> gate,
                        matrices<e4m3> up, const float* weight, groups g) {
        return op::e4m3_gated_linear_of{w.h, k.gate, k.up, x, gate, up, weight, g};
    }
    static read_codes h(const kept&, const work& w, int all) { return {read_part(w.h, all)}; }
    static read_codes h(const kept&, const delta& d, int all) { return {read_part(d.h, all)}; }

    static auto down(activations<Recipe> y, read_codes h, matrices<e4m3> down, groups g) {
        return op::e4m3_product_of{y, h, down, g};
    }
    static op::e4m3_gated_linear_back<tiles_of> backward(const kept& k, delta& d, float* dweight,
                                                         picked<bfloat16> dy, matrices<e4m3> down,
                                                         const float* weight, groups g,
                                                         float* pieces = nullptr) {
        const int all = g.rows();
        return {d.gate.part(0, all),
                d.up.part(0, all),
                d.h,
                dweight,
                dy,
                read_part(k.gate, all),
                read_part(k.up, all),
                down,
                weight,
                g,
                pieces};
    }
    static op::e4m3_gated_linear_back_input backward_input(activations<Recipe> dx, const delta& d,
                                                           matrices<e4m3> gate, matrices<e4m3> up,
                                                           groups g) {
        const int all = g.rows();
        return {dx, d.gate.part(0, all), d.up.part(0, all), gate, up, g};
    }
    static op::e4m3_rows<read_activations<Recipe>> gradient(read_activations<Recipe> dy,
                                                            const int* index = nullptr) {
        return {dy, index};
    }
};

}  // namespace moe
