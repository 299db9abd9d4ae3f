// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/adamw_step.cpu.hpp>
#include <moe/op/expanded_update.cpu.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

constexpr adamw_numbers numbers{.rate = 1e-3,
                                .beta1 = 0.9,
                                .beta2 = 0.95,
                                .epsilon = 1e-8,
                                .decay = 0.1,
                                .correction1 = 0.271,
                                .correction2 = 0.142625,
                                .clip = 0.5};

constexpr auto adam = [](auto on, rows<float> w, auto g, const auto& moments) {
    op::adamw_step(on, w, g, moments[0], moments[1], numbers, weight_copies<bfloat16>{}, w.count);
};

// A tensor as a policy of few bits holds it. Base: bfloat16, or e4m3 with a scale for each block.
template <class Integer, class Base = bfloat16> struct held {
    int width, groups;
    guarded<Base> base;
    guarded<bfloat16> g;
    guarded<Integer> remainder;
    guarded<std::uint8_t> m, v;
    guarded<bfloat16> m_scale, v_scale;
    guarded<ue8m0> scale;

    held(int count, int width, int group)
        : width(width),
          groups(ceil_divide(width, group)),
          base(count, width),
          g(random_rows<bfloat16>(count, width, 2, 0.1)),
          remainder(count, width),
          m(count, width),
          v(count, width),
          m_scale(count, groups),
          v_scale(count, groups),
          scale(1, ceil_divide(count, weight_block) * ceil_divide(width, weight_block)) {
        const auto numbers = random_rows<float>(count, width, 1, 0.02);
        for (int i = 0; i < scale.view().width; ++i) scale(0, i) = ue8m0(0x1p-12F);
        for (int r = 0; r < count; ++r) {
            for (int i = 0; i < width; ++i) {
                constexpr bool scaled = std::is_same_v<Base, e4m3>;
                base(r, i) = Base(numbers(r, i) * (scaled ? 0x1p12F : 1.0F));
                if constexpr (std::is_integral_v<Integer>)
                    remainder(r, i) =
                        Integer(random_below(200, 3, 1, std::uint64_t(r * width + i)));
                m(r, i) = std::uint8_t(random_below(127, 4, 1, std::uint64_t(r * width + i)));
                v(r, i) = std::uint8_t(random_below(256, 5, 1, std::uint64_t(r * width + i)));
            }
            for (int i = 0; i < groups; ++i)
                m_scale(r, i) = bfloat16(0.01F), v_scale(r, i) = bfloat16(0.05F);
        }
    }
    void step(auto on, int group, const weight_rounding& how, int first, int count) {
        const auto moment = [&](auto& code, auto& scale, bool positive) {
            return companded_rows{code.view().part(first, count), scale.view().part(first, count),
                                  group, positive};
        };
        const auto weight = [&] {
            if constexpr (std::is_same_v<Base, e4m3>)
                return split_blocks<Integer>{base.view(), scale.data(), remainder.view()}.part(
                    first, count);
            else
                return split_rows<Integer>{base.view(), remainder.view()}.part(first, count);
        }();
        op::update_expanded(on, weight, g.view().part(first, count),
                            std::array{moment(m, m_scale, false), moment(v, v_scale, true)}, how,
                            adam);
    }
    bool operator==(const held& o) const {
        return test::same_bits(base, o.base) && test::same_bits(remainder, o.remainder) &&
               test::same_bits(m, o.m) && test::same_bits(v, o.v) &&
               test::same_bits(m_scale, o.m_scale) && test::same_bits(v_scale, o.v_scale) &&
               test::same_bits(g, o.g) && test::same_bits(scale, o.scale);
    }
    bool intact() const {
        return base.intact() && remainder.intact() && m.intact() && v.intact() &&
               m_scale.intact() && v_scale.intact() && scale.intact();
    }
};

template <class Integer, class Base = bfloat16>
void check_bits(int count, int width, int group, bool stochastic) {
    CAPTURE(width);
    CAPTURE(stochastic);
    const weight_rounding how{.stochastic = stochastic, .seed = 7, .stream = 9, .first_row = 0};
    using held = ::held<Integer, Base>;
    constexpr int rows_apart = std::is_same_v<Base, e4m3> ? weight_block : 2;
    const held before(count, width, group);
    held expected = before;
    expected.step(reference{}, group, how, 0, count);
    CHECK(!(expected == before));
    test::on_every_isa(3, [&](auto on) {
        held got = before;
        got.step(on, group, how, 0, count);
        CHECK(got == expected);
        CHECK(got.intact());
        // Ranks that hold some of the rows each.
        held parts = before;
        weight_rounding behind = how;
        behind.first_row = rows_apart;
        parts.step(on, group, behind, rows_apart, count - rows_apart);
        parts.step(on, group, how, 0, rows_apart);
        CHECK(parts == expected);
    });
}

TEST_CASE("what is held in few bits is updated alike everywhere") {
    for (const bool stochastic : {false, true}) {
        check_bits<std::int8_t>(5, 96, 32, stochastic);
        check_bits<std::int8_t>(3, 1100, 128, stochastic);
        check_bits<std::int16_t>(4, 37, 32, stochastic);
        check_bits<std::int16_t, e4m3>(256, 130, 32, stochastic);
        check_bits<no_remainder, e4m3>(130, 128, 32, stochastic);
    }
}

TEST_CASE("numbers that are floats already are updated as they are") {
    const auto w = random_rows<float>(6, 700, 1);
    guarded<float> one(w), two(w), m1(6, 700), m2(6, 700), v1(6, 700), v2(6, 700);
    for (auto* zero : {&m1, &m2, &v1, &v2}) test::fill(zero->view(), 0.0F);
    auto g1 = random_rows<float>(6, 700, 2), g2 = random_rows<float>(6, 700, 2);
    test::on_every_isa(2, [&](auto on) {
        adam(on, one.view(), g1.view(), std::array{m1.view(), v1.view()});
        op::update_expanded(on, two.view(), g2.view(), std::array{m2.view(), v2.view()}, {}, adam);
        CHECK(test::same_bits(one, two));
        CHECK(test::same_bits(m1, m2));
        CHECK(test::same_bits(v1, v2));
    });
}

// What a hundred steps, each a twentieth of what bfloat16 can tell apart, make of a weight of 1.
template <class Integer> double after_small_steps(bool stochastic) {
    constexpr int width = 512;
    guarded<bfloat16> base(1, width), g(1, width);
    guarded<Integer> remainder(1, width);
    for (int i = 0; i < width; ++i) base(0, i) = bfloat16(1.0F);
    std::memset(static_cast<void*>(remainder.data()), 0, sizeof(Integer) * width);
    const std::array<rows<float>, 0> none;
    for (std::uint64_t step = 0; step < 100; ++step)
        op::update_expanded(reference{}, split_rows<Integer>{base.view(), remainder.view()},
                            g.view(), none, {.stochastic = stochastic, .seed = 1, .stream = step},
                            [](auto, rows<float> w, auto, const auto&) {
                                for (int i = 0; i < w.width; ++i) w(0, i) += 0x1p-7F / 20;
                            });
    double sum = 0;
    for (int i = 0; i < width; ++i) {
        if constexpr (std::is_same_v<Integer, no_remainder>)
            sum += double(float(base(0, i)));
        else
            sum += double(joined_weight(base(0, i), remainder(0, i)));
    }
    return sum / width - 1;
}

TEST_CASE("small steps add up where there is a remainder, or chance") {
    constexpr double all = 100 * 0x1p-7 / 20;
    CHECK(after_small_steps<std::int16_t>(false) == doctest::Approx(all).epsilon(1e-3));
    CHECK(after_small_steps<std::int8_t>(false) == doctest::Approx(all).epsilon(0.05));
    CHECK(after_small_steps<std::int8_t>(true) == doctest::Approx(all).epsilon(0.01));
    CHECK(after_small_steps<no_remainder>(true) == doctest::Approx(all).epsilon(0.1));
    CHECK(after_small_steps<no_remainder>(false) == 0);
}

}  // namespace
