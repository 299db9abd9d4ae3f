// SPDX-License-Identifier: MIT
#include "tests/support/e4m3.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/e4m3_experts.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows, test::random_size;
using tile = tiles<1, 128, ue8m0_scale>;

struct stack {
    int count, out, in;
    std::vector<e4m3> packed, across;

    stack(int count, int out, int in, std::uint64_t seed)
        : count(count),
          out(out),
          in(in),
          packed(std::size_t(count * packed_size<e4m3>(out, in)) + 1),
          across(std::size_t(count * packed_size<e4m3>(in, out)) + 1) {
        const auto w = random_rows<float>(count * out, in, seed, 0.3);
        for (int e = 0; e < count; ++e)
            op::pack(reference{},
                     member_of(weight_copies<e4m3>{packed.data(), across.data()}, e, out, in),
                     w.view().part(e * out, out));
    }
    matrices<e4m3> view() const { return {nullptr, packed.data(), count, out, in, across.data()}; }
};

// Rows of codes that nobody wrote yet.
struct codes {
    std::vector<e4m3> code;
    std::vector<ue8m0> scale;
    int count, width;

    codes(int count, int width)
        : code(std::size_t(count * width) + 1, e4m3::from_bits(0x7F)),
          scale(std::size_t(tile::scales(count, width)) + 1, ue8m0::from_bits(ue8m0::nan_code)),
          count(count),
          width(width) {}
    quantised<e4m3, tile> view() { return {{code.data(), count, width}, scale.data(), width}; }
    quantised<const e4m3, tile> read() { return quantised<const e4m3, tile>(view()); }
    bool same(const codes& other) const {
        const auto equal = [](const auto& a, const auto& b) {
            return std::memcmp(a.data(), b.data(), a.size()) == 0;
        };
        return equal(code, other.code) && equal(scale, other.scale);
    }
};

// Experts with these numbers of rows, drawn from some tokens, and all that passes through them.
struct experts {
    std::vector<int> first{0}, index;
    int rows, width, pieces;
    stack gate_of, up_of, down_of;
    test::activation_codes x;
    guarded<bfloat16> dy;
    codes gate, up, h, h_again;
    guarded<bfloat16> y, dgate, dup, dx;
    guarded<float> weight, dweight, parts, dwg, dwd;
    bool weighted;

    experts(const std::vector<int>& sizes, int in, int width, bool weighted)
        : rows([&] {
              for (const int size : sizes) first.push_back(first.back() + size);
              return first.back();
          }()),
          width(width),
          pieces(op::swiglu_pieces(width)),
          gate_of(int(sizes.size()), width, in, 1),
          up_of(int(sizes.size()), width, in, 2),
          down_of(int(sizes.size()), in, width, 3),
          x(test::spread_rows<bfloat16>(30, in, 4).view()),
          dy(test::spread_rows<bfloat16>(30, in, 5)),
          gate(rows, width),
          up(rows, width),
          h(rows, width),
          h_again(rows, width),
          y(rows, in),
          dgate(rows, width),
          dup(rows, width),
          dx(rows, in),
          weight(random_rows<float>(1, rows, 6)),
          dweight(1, rows),
          parts(1, rows * pieces),
          dwg(random_rows<float>(int(sizes.size()) * width, in, 7)),
          dwd(random_rows<float>(int(sizes.size()) * in, width, 8)),
          weighted(weighted) {
        for (int r = 0; r < rows; ++r) index.push_back(random_size(0, 29, 7, std::uint64_t(r)));
    }
    groups by() const { return {first.data(), int(first.size()) - 1}; }
    auto picked_x() { return op::e4m3_rows{x.view(), index.data()}; }
    auto forward() {
        return op::coded_gated_linear_of{h.view(),
                                         gate.view(),
                                         up.view(),
                                         picked_x(),
                                         gate_of.view(),
                                         up_of.view(),
                                         weighted ? weight.data() : nullptr,
                                         by()};
    }
    auto down() {
        return op::e4m3_product_of{y.view(), op::e4m3_rows{h.read()}, down_of.view(), by()};
    }
    op::coded_gated_linear_back<quantised<moe::e4m3, tile>, moe::e4m3, tile> backward() {
        return {dgate.view(),
                dup.view(),
                h_again.view(),
                weighted ? dweight.data() : nullptr,
                {dy.view(), index.data()},
                gate.read(),
                up.read(),
                down_of.view(),
                weighted ? weight.data() : nullptr,
                by(),
                parts.data()};
    }
    op::e4m3_gated_linear_back_input backward_input() {
        return {dx.view(), dgate.view(), dup.view(), gate_of.view(), up_of.view(), by()};
    }
    void run(auto on, experts& shared) {
        op::gated_linear(on, forward(), shared.forward());
        op::grouped_linear(on, down(), shared.down());
        op::gated_linear_backward(on, backward(), shared.backward());
        op::gated_linear_backward_input(on, backward_input());
        const op::e4m3_rows<moe::rows<const bfloat16>> from_y{dy.view(), index.data()},
            from_gate{dgate.view()};
        op::grouped_linear_backward_weight(on, dwd.view(), from_y, op::e4m3_rows{h_again.read()},
                                           by());
        op::grouped_linear_backward_weight(on, dwg.view(), from_gate, picked_x(), by());
    }
    bool same(const experts& other) const {
        bool all = true;
        for (const auto one : {&experts::y, &experts::dgate, &experts::dup, &experts::dx})
            all = all && test::same_bits(this->*one, other.*one) && (this->*one).intact();
        for (const auto one : {&experts::dwg, &experts::dwd})
            all = all && test::same_bits(this->*one, other.*one) && (this->*one).intact();
        for (const auto one : {&experts::gate, &experts::up, &experts::h, &experts::h_again})
            all = all && (this->*one).same(other.*one);
        return all && parts.intact() && dweight.intact() &&
               (!weighted || rows == 0 || test::relative_error(dweight, other.dweight) < 1e-5);
    }
};

TEST_CASE("experts in e4m3 have the bits of their specification on every machine") {
    const std::vector<int> none{0, 0}, some{5, 0, 130, 1};
    struct shape {
        int in, width;
    };
    for (const auto& sizes : {none, some})
        for (const auto& s : {shape{5, 3}, {140, 200}}) {
            const int in = s.in, width = s.width;
            CAPTURE(sizes.size());
            CAPTURE(width);
            experts routed(sizes, in, width, true), shared({30}, in, width, false);
            routed.run(reference{}, shared);
            for (const int threads : {1, 3})
                test::on_every_isa(threads, [&](auto on) {
                    experts got(sizes, in, width, true), got_shared({30}, in, width, false);
                    got.run(on, got_shared);
                    CHECK(got.same(routed));
                    CHECK(got_shared.h.same(shared.h));
                    CHECK(test::same_bits(got_shared.dgate, shared.dgate));
                });
        }
}

TEST_CASE("experts in e4m3 are products, SwiGLU and rounding, step by step") {
    experts a({40, 0, 133}, 200, 256, true), other({30}, 200, 256, false);
    a.run(reference{}, other);
    // Tiles of tokens restart at an expert's first row.
    const auto xs = test::rounded_along(test::spread_rows<bfloat16>(30, 200, 4).view());
    for (int e = 0; e < 3; ++e) {
        const int first = a.first[std::size_t(e)], count = a.first[std::size_t(e) + 1] - first;
        guarded<double> x(count, 200), dgate(count, 256);
        for (int r = 0; r < count; ++r) {
            test::copy(x.view().part(r, 1), xs.view().part(a.index[std::size_t(first + r)], 1));
            test::copy(dgate.view().part(r, 1), a.dgate.view().part(first + r, 1));
        }
        const auto xd = test::rounded_down(x.view()), dd = test::rounded_down(dgate.view());
        auto dw = random_rows<float>(3 * 256, 200, 7);
        for (const int o : {0, 131, 255})
            for (int i = 0; i < 200; ++i) {
                double sum = double(dw(e * 256 + o, i)), size = std::abs(sum);
                for (int r = 0; r < count; ++r) {
                    sum += dd(r, o) * xd(r, i);
                    size += std::abs(dd(r, o) * xd(r, i));
                }
                CHECK(std::abs(double(a.dwg(e * 256 + o, i)) - sum) <= 1e-6 * size);
            }
    }
    // The way back starts from what was kept, and so does h; rounding is all they differ by.
    double error = 0, size = 0;
    for (int r = 0; r < a.rows; ++r)
        for (int j = 0; j < 256; ++j) {
            const double g = a.gate.view()(r, j), u = a.up.view()(r, j);
            const double h = g / (1 + std::exp(-g)) * u * a.weight(0, r);
            error += std::pow(a.h_again.view()(r, j) - h, 2), size += h * h;
        }
    CHECK(error / size < 8e-4);  // noise of one rounding: 7e-4
    CHECK(error / size > 5e-4);
}

// Experts of bfloat16 that leave codes for the way back.
struct coded_experts {
    static constexpr int in = 70, width = 200, tokens = 30;
    std::vector<int> first{0, 5, 5, 136}, index;
    int rows = 136, pieces = op::swiglu_pieces(width);
    guarded<bfloat16> wg, wu, wd, x, dy, h, h_again, dgate, dup;
    codes gate, up;
    guarded<float> weight, dweight, parts;

    coded_experts()
        : wg(random_rows<bfloat16>(3 * width, in, 1, 0.3)),
          wu(random_rows<bfloat16>(3 * width, in, 2, 0.3)),
          wd(random_rows<bfloat16>(3 * in, width, 3, 0.3)),
          x(random_rows<bfloat16>(tokens, in, 4)),
          dy(random_rows<bfloat16>(tokens, in, 5)),
          h(rows, width),
          h_again(rows, width),
          dgate(rows, width),
          dup(rows, width),
          gate(rows, width),
          up(rows, width),
          weight(random_rows<float>(1, rows, 6)),
          dweight(1, rows),
          parts(1, rows * pieces) {
        for (int r = 0; r < rows; ++r) index.push_back(random_size(0, 29, 7, std::uint64_t(r)));
    }
    groups by() const { return {first.data(), 3}; }
    static guarded<bfloat16> without_gaps(const guarded<bfloat16>& w) {
        guarded<bfloat16> close(w.view().count, w.view().width, 0);
        test::copy(close.view(), w.view());
        return close;
    }
    void run(auto on) {
        const auto g = without_gaps(wg), u = without_gaps(wu), d = without_gaps(wd);
        const auto stack = [](const guarded<bfloat16>& w, int out, int in) {
            return matrices<bfloat16>{w.data(), nullptr, 3, out, in, nullptr};
        };
        const picked<bfloat16> from{x.view(), index.data()}, back{dy.view(), index.data()};
        op::gated_linear(on, op::coded_gated_linear_of{h.view(), gate.view(), up.view(), from,
                                                       stack(g, width, in), stack(u, width, in),
                                                       weight.data(), by()});
        op::gated_linear_backward(
            on, op::coded_gated_linear_back<moe::rows<bfloat16>, bfloat16, tile>{
                    dgate.view(), dup.view(), h_again.view(), dweight.data(), back, gate.read(),
                    up.read(), stack(d, in, width), weight.data(), by(), parts.data()});
    }
};

TEST_CASE("experts of bfloat16 may leave codes for the way back") {
    coded_experts expected;
    expected.run(reference{});
    // The way there has the numbers of experts that keep them, codes are those numbers rounded.
    guarded<bfloat16> h(expected.rows, 200), gate(expected.rows, 200), up(expected.rows, 200);
    const auto g = coded_experts::without_gaps(expected.wg);
    const auto u = coded_experts::without_gaps(expected.wu);
    op::gated_linear(reference{},
                     op::gated_linear_of<bfloat16>{h.view(),
                                                   gate.view(),
                                                   up.view(),
                                                   {expected.x.view(), expected.index.data()},
                                                   {g.data(), nullptr, 3, 200, 70, nullptr},
                                                   {u.data(), nullptr, 3, 200, 70, nullptr},
                                                   expected.weight.data(),
                                                   expected.by()});
    CHECK(test::same_bits(h, expected.h));
    codes rounded(expected.rows, 200);
    op::quantise(reference{}, rounded.view(), gate.view());
    CHECK(rounded.same(expected.gate));
    CHECK(test::relative_error(expected.h_again, h) < 0.05);
    CHECK(test::relative_error(expected.h_again, h) > 0.01);
    test::on_every_isa(3, [&](auto on) {
        coded_experts got;
        got.run(on);
        for (const auto one : {&coded_experts::h, &coded_experts::h_again, &coded_experts::dgate,
                               &coded_experts::dup}) {
            CHECK(test::same_bits(got.*one, expected.*one));
            CHECK((got.*one).intact());
        }
        CHECK(got.gate.same(expected.gate));
        CHECK(got.up.same(expected.up));
        CHECK(test::relative_error(got.dweight, expected.dweight) < 1e-5);
    });
}

struct dense {
    int tokens, in, out;
};
// No rows, one, ragged tiles in every direction, several cuts and blocks.
constexpr dense layers[] = {{0, 128, 128}, {1, 1, 1},     {7, 130, 65}, {130, 64, 256},
                            {129, 33, 97}, {20, 300, 66}, {5, 129, 515}};

template <class G> void check_products(dense s) {
    CAPTURE(s.tokens);
    CAPTURE(s.in);
    CAPTURE(s.out);
    auto x = test::spread_rows<bfloat16>(s.tokens, s.in, 1);
    const auto dy = test::spread_rows<bfloat16>(s.tokens, s.out, 2);
    if (s.tokens > 2)
        for (int j = 0; j < s.in; ++j) x(2, j) = bfloat16(0.0F);  // tiles of zeros
    const auto before = random_rows<G>(s.out, s.in, 3);
    const test::e4m3_weight w(s.out, s.in, 4);
    test::activation_codes codes(x.view());
    const op::e4m3_rows from_codes{codes.view()};
    const op::e4m3_rows from_numbers{rows<const bfloat16>(x)};

    guarded<bfloat16> expected(s.tokens, s.out), expected_dx(s.tokens, s.in);
    guarded<G> expected_dw(before);
    op::linear(reference{}, expected.view(), from_codes, w.view());
    op::linear_backward_input(reference{}, expected_dx.view(), op::way_back{dy.view(), w.view()});
    op::linear_backward_weight(reference{}, expected_dw.view(), dy, from_codes);

    const auto on_machines = [&](int threads, const auto& work) {
        if constexpr (std::is_same_v<G, float>)
            test::on_every_isa(threads, work);
        else  // one is enough for another sum's end
            work(cpu_on<isa::native>{&test::pool_of(threads)});
    };
    for (const int threads : {1, 3})
        on_machines(threads, [&](auto on) {
            const auto forward = [&](const auto& operand) {
                guarded<bfloat16> got(s.tokens, s.out);
                op::linear(on, got.view(), operand, w.view());
                CHECK(test::same_bits(got, expected));
                CHECK(got.intact());
            };
            forward(from_codes);
            forward(from_numbers);
            for (const bool with_across : {true, false}) {
                guarded<bfloat16> got(s.tokens, s.in);
                op::linear_backward_input(on, got.view(),
                                          op::way_back{dy.view(), w.view(with_across)});
                CHECK(test::same_bits(got, expected_dx));
                CHECK(got.intact());
            }
            guarded<G> got_dw(before);
            op::linear_backward_weight(on, got_dw.view(), dy, from_codes);
            CHECK(test::same_bits(got_dw, expected_dw));
            CHECK(got_dw.intact());
        });
}
TEST_CASE("single layers in e4m3 have the bits of their specification on every machine") {
    for (const dense s : layers) check_products<float>(s);
    check_products<bfloat16>({140, 130, 66});
}

TEST_CASE("an input that layers in e4m3 and a precise one read gets one chain over all") {
    constexpr int tokens = 30, in = 130;
    const test::e4m3_weight a(140, in, 1), b(64, in, 2);
    const auto da = random_rows<bfloat16>(tokens, 140, 3),
               db = random_rows<bfloat16>(tokens, 64, 4);
    const auto router = random_rows<float>(5, in, 5), dr = random_rows<float>(tokens, 5, 6);
    guarded<float> flat(5, in, 0);
    test::copy(flat.view(), router.view());
    const op::way_back from_router{dr.view(), matrix<float>{flat.data(), nullptr, 5, in}};
    const op::way_back from_a{da.view(), a.view()}, from_b{db.view(), b.view()};
    guarded<bfloat16> expected(tokens, in);
    op::linear_backward_input(reference{}, expected.view(), from_router, from_a, from_b);
    test::on_every_isa(2, [&](auto on) {
        guarded<bfloat16> got(tokens, in);
        op::linear_backward_input(on, got.view(), from_router, from_a, from_b);
        CHECK(test::same_bits(got, expected));
    });
}

TEST_CASE("what is not finite reaches the rows of its tiles, and never becomes a number") {
    constexpr int tokens = 140, in = 130, out = 20;
    auto x = random_rows<bfloat16>(tokens, in, 1), dy = random_rows<bfloat16>(tokens, out, 2);
    x(3, 129) = test::poison<bfloat16>();
    x(135, 0) = bfloat16(std::numeric_limits<float>::infinity());
    const test::e4m3_weight w(out, in, 2);
    test::activation_codes codes(x.view());
    const op::e4m3_rows operand{codes.view()};
    test::on_every_isa(2, [&](auto on) {
        guarded<bfloat16> y(tokens, out);
        op::linear(on, y.view(), operand, w.view());
        for (int t = 0; t < tokens; ++t)
            for (int o = 0; o < out; ++o)
                CHECK(std::isfinite(float(y(t, o))) == (t != 3 && t != 135));
        guarded<float> dw(out, in);
        test::fill(dw.view(), 0.0F);
        op::linear_backward_weight(on, dw.view(), dy, operand);
        // Of row 3 the tile with columns 128 and 129, of row 135 the one before.
        for (int i = 0; i < in; ++i) CHECK(std::isnan(dw(0, i)));
    });
}

TEST_CASE("numbers near the end of a float's range are rounded like any other") {
    constexpr int tokens = 130, in = 20, out = 136;
    const auto x = random_rows<bfloat16>(tokens, in, 1, 0x1p-20);
    auto dy = random_rows<bfloat16>(tokens, out, 2);
    for (int o = 0; o < out; ++o) {
        dy(7, o) = bfloat16(float(dy(7, o)) * 0x1p110F);
        dy(8, o) = bfloat16(float(dy(8, o)) * 0x1p-120F);
    }
    const test::e4m3_weight w(out, in, 3);
    const op::e4m3_rows operand{rows<const bfloat16>(x)};
    guarded<bfloat16> dx(tokens, in);
    guarded<float> dw(out, in);
    test::fill(dw.view(), 0.0F);
    op::linear_backward_input(reference{}, dx.view(), op::way_back{dy.view(), w.view()});
    op::linear_backward_weight(reference{}, dw.view(), dy, operand);
    CHECK(test::all_finite(dw));
    test::on_every_isa(2, [&](auto on) {
        guarded<bfloat16> got(tokens, in);
        guarded<float> got_dw(out, in);
        test::fill(got_dw.view(), 0.0F);
        op::linear_backward_input(on, got.view(), op::way_back{dy.view(), w.view()});
        op::linear_backward_weight(on, got_dw.view(), dy, operand);
        CHECK(test::same_bits(got, dx));
        CHECK(test::same_bits(got_dw, dw));
    });
}

}  // namespace
