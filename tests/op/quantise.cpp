// SPDX-License-Identifier: MIT
#include "tests/support/codes.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/quantise.cpu.hpp>
#include <moe/precision/amax_history.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

using test::codes;

struct bfloat16_rows {
    int count, width;
    std::vector<bfloat16> memory;

    bfloat16_rows(int count, int width)
        : count(count), width(width), memory(std::size_t(count * width)) {}
    bfloat16& operator()(int i, int j) { return memory[std::size_t(i * width + j)]; }
    rows<const bfloat16> view() const { return {memory.data(), count, width}; }
};

bfloat16_rows narrowed(const guarded<float>& x) {
    bfloat16_rows y(x.view().count, x.view().width);
    for (int i = 0; i < x.view().count; ++i)
        for (int j = 0; j < x.view().width; ++j) y(i, j) = bfloat16(x(i, j));
    return y;
}

// Rows of very different size, some tiles of zeros, and in some matrices what is no number.
guarded<float> difficult(int count, int width, std::uint64_t seed) {
    auto x = random_rows<float>(count, width, seed);
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < width; ++j) {
            x(i, j) = std::ldexp(x(i, j), (i * 7 + j / 16) % 40 - 20);
            if (i % 5 == 3 || j / 32 == 2) x(i, j) = 0;
        }
    if (seed % 3 == 1 && count > 1 && width > 4) {
        x(1, 3) = nan;
        x(count - 1, width - 1) = -infinity;
        x(count / 2, width / 2) = -nan;
    }
    return x;
}

template <class Format, class Scaling, class Source>
void check_source(const Source& x, int count, int width, int threads) {
    codes<Format, Scaling> expected(count, width);
    op::quantise(reference{}, expected.view(), x);
    guarded<float> back(count, width);
    op::dequantise(reference{}, back.view(), expected.view());
    test::on_every_isa(threads, [&](auto on) {
        codes<Format, Scaling> got(count, width);
        op::quantise(on, got.view(), x);
        CHECK(got == expected);
        guarded<float> y(count, width);
        op::dequantise(on, y.view(), got.view());
        CHECK(test::same_bits(y, back));
        CHECK(y.intact());
    });
}

template <class Format, class Scaling> void check_bits() {
    std::uint64_t seed = 0;
    for (const int count : {0, 1, 3, 127, 128, 130})
        for (const int width : {0, 1, 2, 15, 16, 33, 127, 128, 160, 259}) {
            CAPTURE(count);
            CAPTURE(width);
            check_source<Format, Scaling>(difficult(count, width, seed).view(), count, width,
                                          1 + int(seed % 4));
            ++seed;
        }
}

template <class Format, class Scaling> double noise(int count, int width) {
    const auto x = random_rows<float>(count, width, 11);
    codes<Format, Scaling> q(count, width);
    guarded<float> y(count, width);
    const cpu_on<isa::native> on{&test::pool_of(2)};
    op::quantise(on, q.view(), x.view());
    op::dequantise(on, y.view(), q.view());
    const double apart = test::relative_error(y, x);
    return apart * apart;
}

TEST_CASE("e4m3: every scaling gives the specification's bits") {
    check_bits<e4m3, per_tensor<>>();
    check_bits<e4m3, per_row<power_of_two_scale>>();
    check_bits<e4m3, tile_1x128<fp32_scale, scales_by_column>>();
    check_bits<e4m3, tile_128x1<>>();
    check_bits<e4m3, block_128x128<>>();
    check_bits<e4m3, mx_1x32>();
    check_bits<e4m3, tiles<3, 10, ue8m0_scale>>();
}
TEST_CASE("e5m2 and e5m6 as well") {
    check_bits<e5m2, tile_1x128<>>();
    check_bits<e5m6, tile_128x1<ue8m0_scale, scales_by_column>>();
    check_bits<e5m6, block_128x128<fp32_scale>>();
}

TEST_CASE("the same bits from any number of threads") {
    const auto x = difficult(300, 700, 4);
    codes<e4m3, per_tensor<>> tensor(300, 700);
    codes<e4m3, tile_128x1<>> column(300, 700);
    op::quantise(reference{}, tensor.view(), x.view());
    op::quantise(reference{}, column.view(), x.view());
    test::on_every_machine([&](auto on) {
        codes<e4m3, per_tensor<>> t(300, 700);
        op::quantise(on, t.view(), x.view());
        CHECK(t == tensor);
        codes<e4m3, tile_128x1<>> c(300, 700);
        op::quantise(on, c.view(), x.view());
        CHECK(c == column);
    });
}

TEST_CASE("from bfloat16, to bfloat16, and from what is quantised already") {
    for (const int width : {5, 128, 300}) {
        const auto x = difficult(131, width, 3);
        const auto narrow = narrowed(x);
        check_source<e4m3, tile_1x128<>>(narrow.view(), 131, width, 2);
        codes<e4m3, tile_1x128<>> by_row(131, width);
        op::quantise(reference{}, by_row.view(), x.view());
        check_source<e4m3, tile_128x1<>>(by_row.view(), 131, width, 3);
        codes<e5m6, tile_128x1<ue8m0_scale>> by_column(131, width);
        op::quantise(reference{}, by_column.view(), x.view());
        check_source<e4m3, tile_1x128<>>(by_column.view(), 131, width, 1);
        check_source<e4m3, tiles<1, 6>>(by_column.view(), 131, width, 1);
        bfloat16_rows expected(131, width);
        op::dequantise(reference{}, rows<bfloat16>(expected.memory.data(), 131, width),
                       by_row.view());
        test::on_every_isa(2, [&](auto on) {
            bfloat16_rows y(131, width);
            op::dequantise(on, rows<bfloat16>(y.memory.data(), 131, width), by_row.view());
            for (std::size_t i = 0; i < y.memory.size(); ++i)
                CHECK(y.memory[i].bits == expected.memory[i].bits);
        });
    }
}

template <class Format, class Scaling, class Source>
void check_groups(const std::vector<int>& first, int width, const Source& x) {
    const groups g{first.data(), int(first.size()) - 1};
    const auto scales = scales_of_groups<Scaling>(g.rows(), width, g.count);
    const auto room = [&] {
        codes<Format, Scaling> q(g.rows(), width);
        q.scale.assign(std::size_t(scales) + 2, typename Scaling::number(7.0F));
        return q;
    };
    auto expected = room();
    op::quantise(reference{}, expected.view(), x, g);
    for (int e = 0; e < g.count; ++e) {
        const int rows = first[std::size_t(e) + 1] - first[std::size_t(e)];
        codes<Format, Scaling> alone(rows, width);
        op::quantise(reference{}, alone.view(),
                     op::detail::rows_of(x, first[std::size_t(e)], rows));
        const auto part = group_of(expected.view(), g, e), own = alone.view();
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < width; ++j) {
                const float a = part(i, j), b = own(i, j);
                REQUIRE((a == b || (std::isnan(a) && std::isnan(b))));
            }
    }
    CHECK(float(expected.scale[std::size_t(scales)]) == float(typename Scaling::number(7.0F)));
    test::on_every_isa(3, [&](auto on) {
        auto got = room();
        op::quantise(on, got.view(), x, g);
        CHECK(got == expected);
    });
}

TEST_CASE("tiles begin anew at every expert's first row, and experts without rows have none") {
    for (const auto& first : std::vector<std::vector<int>>{{0},
                                                           {0, 0},
                                                           {0, 128, 128, 256},
                                                           {0, 1, 1, 130, 131, 389, 389},
                                                           {0, 0, 0, 127, 255, 256, 300, 300}}) {
        const auto x = difficult(first.back(), 50, 7);
        check_groups<e4m3, tile_128x1<>>(first, 50, x.view());
        check_groups<e5m6, block_128x128<fp32_scale>>(first, 50, x.view());
        check_groups<e4m3, per_tensor<>>(first, 50, x.view());
        codes<e4m3, tile_1x128<>> by_row(first.back(), 50);
        op::quantise(reference{}, by_row.view(), x.view());
        check_groups<e4m3, tile_128x1<>>(first, 50, by_row.view());
    }
}

TEST_CASE("noise of normal numbers is as published") {
    // Published figures, within 2 %
    const auto within = [](double got, double expected) {
        CHECK(got == doctest::Approx(expected).epsilon(0.02));
    };
    within(noise<e4m3, tile_1x128<fp32_scale>>(512, 1024), 6.61e-4);
    within(noise<e4m3, tile_1x128<>>(512, 1024), 6.95e-4);
    within(noise<e4m3, block_128x128<fp32_scale>>(512, 1024), 6.93e-4);
    within(noise<e5m2, tile_1x128<fp32_scale>>(512, 1024), 2.65e-3);
    within(noise<e5m6, tile_1x128<>>(512, 1024), 1.11e-5);
}

// Rows and columns of very different size: what tiles are for.
guarded<float> outliers(int count, int width) {
    auto x = random_rows<float>(count, width, 21);
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < width; ++j)
            x(i, j) *= exponential(test::random_rows<float>(1, 1, std::uint64_t(i)).view()(0, 0));
    return x;
}

template <class Scale> double extra_noise(std::int64_t* changed) {
    const auto x = outliers(256, 256);
    codes<e4m3, tile_1x128<Scale>> by_row(256, 256);
    codes<e4m3, tile_128x1<Scale>> by_column(256, 256);
    op::quantise(reference{}, by_row.view(), x.view());
    op::quantise(reference{}, by_column.view(), by_row.view());
    guarded<float> once(256, 256), twice(256, 256);
    op::dequantise(reference{}, once.view(), by_row.view());
    op::dequantise(reference{}, twice.view(), by_column.view());
    for (int i = 0; i < 256; ++i)
        for (int j = 0; j < 256; ++j) {
            // Multiples of the new tile's smallest step stay; smaller ones may be flushed.
            const float step = by_column.view().scale_of(i, j) * 0x1p-9F;
            const bool fits = std::fmod(once(i, j), step) == 0;
            *changed += fits && once(i, j) != twice(i, j);
        }
    const double apart = test::relative_error(twice, once);
    return apart * apart;
}

TEST_CASE("tiles of rows become tiles of columns without loss if scales are powers of two") {
    std::int64_t changed = 0;
    CHECK(extra_noise<power_of_two_scale>(&changed) < 1e-8);
    CHECK(changed == 0);
    CHECK(extra_noise<fp32_scale>(&changed) > 2e-4);
}

TEST_CASE("quantising what was quantised in the same tiles changes nothing") {
    const auto x = random_rows<float>(256, 256, 8);
    codes<e4m3, block_128x128<>> once(256, 256), twice(256, 256);
    op::quantise(reference{}, once.view(), x.view());
    op::quantise(reference{}, twice.view(), once.view());
    guarded<float> a(256, 256), b(256, 256);  // the scale may be half where the largest was rounded
    op::dequantise(reference{}, a.view(), once.view());
    op::dequantise(reference{}, b.view(), twice.view());
    CHECK(test::same_bits(a, b));
}

TEST_CASE("tiles of zeros are zeros") {
    guarded<float> zero(130, 130), y(130, 130);
    test::fill(zero.view(), -0.0F);
    const auto check = [&](auto q) {
        op::quantise(reference{}, q.view(), zero.view());
        op::dequantise(reference{}, y.view(), q.view());
        CHECK(test::all_finite(y));
        CHECK(test::distance(y.view(), zero.view()) == 0);
    };
    check(codes<e4m3, tile_1x128<fp32_scale>>(130, 130));
    check(codes<e4m3, tile_128x1<>>(130, 130));
    check(codes<e5m6, block_128x128<>>(130, 130));
    check(codes<e4m3, mx_1x32>(130, 130));
    check(codes<e5m2, per_tensor<>>(130, 130));
}

TEST_CASE("what is not finite makes its tile no number, and no other tile") {
    for (const float bad : {nan, -nan, infinity, -infinity}) {
        auto x = random_rows<float>(2, 256, 5);
        x(1, 200) = bad;
        codes<e4m3, tile_1x128<>> q(2, 256);
        guarded<float> y(2, 256);
        op::quantise(reference{}, q.view(), x.view());
        op::dequantise(reference{}, y.view(), q.view());
        for (int i = 0; i < 2; ++i)
            for (int j = 0; j < 256; ++j) CHECK(std::isnan(y(i, j)) == (i == 1 && j >= 128));
    }
}

TEST_CASE(
    "delayed: the scale of the steps before; one step saturates, none turns NaN to a number") {
    amax_history<4> history;
    const float largest = e4m3::largest();
    for (const float size : {1.0F, 8.0F, 2.0F}) {
        auto x = random_rows<float>(40, 70, 3, size);
        float amax = 0;
        for (int i = 0; i < 40; ++i)
            for (int j = 0; j < 70; ++j) amax = larger(amax, std::fabs(x(i, j)));
        const float before = history.largest(largest);
        codes<e4m3, per_tensor<>> expected(40, 70);
        CHECK(op::quantise_delayed(reference{}, expected.view(), x.view(), before) == amax);
        CHECK(expected.scale[0] == before / largest);
        guarded<float> y(40, 70);
        op::dequantise(reference{}, y.view(), expected.view());
        for (int i = 0; i < 40; ++i)
            for (int j = 0; j < 70; ++j) CHECK(std::fabs(y(i, j)) <= before * 1.000001F);
        test::on_every_machine([&](auto on) {
            codes<e4m3, per_tensor<>> got(40, 70);
            CHECK(op::quantise_delayed(on, got.view(), x.view(), before) == amax);
            CHECK(got == expected);
        });
        history.record(amax);
    }
    auto x = random_rows<float>(2, 20, 3);
    x(1, 1) = infinity;
    codes<e4m3, per_tensor<>> q(2, 20);
    const float amax = op::quantise_delayed(reference{}, q.view(), x.view(), 2.0F);
    CHECK(std::isnan(amax));
    CHECK(std::isnan(q.view()(1, 1)));
    CHECK(std::isfinite(q.view()(0, 1)));
    history.record(amax);
    CHECK(std::isfinite(history.largest(largest)));
}

}  // namespace
