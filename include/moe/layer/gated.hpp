// SPDX-License-Identifier: MIT
// The inner half of experts as two layers use it: what it keeps, and the arguments of its ops
// (op/gated_linear.hpp; with weights in e4m3 op/e4m3_experts.hpp).
#pragma once

#include <moe/layer/operands.hpp>

namespace moe {

// rows: at most so many rows of experts
template <class Recipe, int Width, bool Coded = keeps_codes<Recipe>> struct gated {
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

// Products of e4m3, or of bfloat16 with nothing but codes kept between the ways.
template <class Recipe, int Width> struct gated<Recipe, Width, true> {
    static constexpr bool multiplies = multiplies_e4m3<Recipe>;
    using number = activation_of<Recipe>;
    using codes = coded_activations<Recipe>;
    using tiles_of = activation_tiles<Recipe>;
    // The input of the layer behind.
    using inner = std::conditional_t<multiplies, codes, activations<Recipe>>;

    static inner take_inner(arena& memory, int rows) {
        if constexpr (multiplies)
            return take_codes<Recipe>(memory, rows, Width);
        else
            return memory.take_rows<number>(rows, Width);
    }
    static auto read_inner(const inner& h, int all) {
        if constexpr (multiplies)
            return op::e4m3_rows{read_part(h, all)};
        else
            return read_activations<Recipe>(h.part(0, all));
    }

    struct kept {
        codes gate, up;

        void place(arena& memory, int rows) {
            for (auto* wide : {&gate, &up}) *wide = take_codes<Recipe>(memory, rows, Width);
        }
    };
    struct delta {
        activations<Recipe> gate, up;
        inner h;

        void place(arena& memory, int rows) {
            for (auto* wide : {&gate, &up}) *wide = memory.take_rows<number>(rows, Width);
            h = take_inner(memory, rows);
        }
    };
    struct work {
        inner h;

        void place(arena& memory, int rows) { h = take_inner(memory, rows); }
    };

    template <class X, class W>
    static auto forward(kept& k, work& w, X x, matrices<W> gate, matrices<W> up,
                        const float* weight, groups g) {
        return op::coded_gated_linear_of{w.h, k.gate, k.up, x, gate, up, weight, g};
    }
    static auto h(const kept&, const work& w, int all) { return read_inner(w.h, all); }
    static auto h(const kept&, const delta& d, int all) { return read_inner(d.h, all); }

    template <class H, class W>
    static auto down(activations<Recipe> y, H h, matrices<W> down, groups g) {
        if constexpr (multiplies)
            return op::e4m3_product_of{y, h, down, g};
        else
            return op::product_of<number>{y, h, down, g};
    }
    template <class W>
    static op::coded_gated_linear_back<inner, W, tiles_of> backward(
        const kept& k, delta& d, float* dweight, picked<number> dy, matrices<W> down,
        const float* weight, groups g, float* pieces = nullptr) {
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
    template <class W>
    static auto backward_input(activations<Recipe> dx, const delta& d, matrices<W> gate,
                               matrices<W> up, groups g) {
        using back = std::conditional_t<multiplies, op::e4m3_gated_linear_back_input,
                                        op::gated_linear_back_input<number>>;
        const int all = g.rows();
        return back{dx, d.gate.part(0, all), d.up.part(0, all), gate, up, g};
    }
    static auto gradient(read_activations<Recipe> dy, const int* index = nullptr) {
        if constexpr (multiplies)
            return op::e4m3_rows<read_activations<Recipe>>{dy, index};
        else
            return picked<number>(dy, index);
    }
};

}  // namespace moe
