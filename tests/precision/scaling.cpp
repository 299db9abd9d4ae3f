// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/random.hpp>
#include <moe/precision/scaling.hpp>

#include <cmath>
#include <limits>

namespace {

using moe::e4m3, moe::e5m2, moe::e5m6;

static_assert(moe::power_of_two_scale::choose<e4m3>(448).scale == 1);
static_assert(moe::power_of_two_scale::choose<e4m3>(448.00003F).scale == 2);
static_assert(moe::power_of_two_scale::choose<e4m3>(224).scale == 0.5F);
static_assert(moe::fp32_scale::choose<e4m3>(896).scale == 2);
static_assert(float(moe::ue8m0_scale::choose<e4m3>(1000).scale) == 4);

template <class Format> void check_powers() {
    const double largest = Format::largest();
    const auto check = [&](float amax) {
        const auto [scale, inverse] = moe::power_of_two_scale::choose<Format>(amax);
        int exponent;
        CHECK(std::frexp(scale, &exponent) == 0.5F);
        CHECK(scale * inverse == 1);
        CHECK(std::isnormal(inverse));
        const double most = std::fmax(amax, double(moe::smallest_amax));
        CHECK(most <= scale * largest);
        CHECK(most > scale / 2 * largest);
        CHECK(float(moe::ue8m0_scale::choose<Format>(amax).scale) == scale);
    };
    for (std::uint64_t i = 0; i < 3000; ++i)
        check(std::bit_cast<float>(std::uint32_t(moe::random_bits(1, 0, i) % 0x7F800000U)));
    for (int e = -110; e < 110; ++e) {
        const float exact = std::ldexp(float(largest), e);
        check(exact);
        check(std::nextafter(exact, 0.0F));
        check(std::nextafter(exact, 1e38F));
    }
    check(0);
    check(std::numeric_limits<float>::max());
}

template <class Format> void check_fp32() {
    for (std::uint64_t i = 0; i < 3000; ++i) {
        const auto bits = std::uint32_t(moe::random_bits(2, 0, i) % 0x7F800000U);
        const float amax = std::bit_cast<float>(bits);
        const auto [scale, inverse] = moe::fp32_scale::choose<Format>(amax);
        CHECK(std::isnormal(scale));
        CHECK(std::isnormal(inverse));
        CHECK(scale * inverse == doctest::Approx(1).epsilon(1e-6));
        if (amax > moe::smallest_amax)
            CHECK(float(Format(amax * inverse)) == float(Format::largest()));
    }
}

TEST_CASE_TEMPLATE("a power of two: nothing saturates, and the half would", F, e4m3, e5m2, e5m6) {
    check_powers<F>();
}
TEST_CASE_TEMPLATE("a float: the largest becomes the largest", F, e4m3, e5m2, e5m6) {
    check_fp32<F>();
}

TEST_CASE("what is not finite has no scale") {
    for (const float amax :
         {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        CHECK(std::isnan(moe::fp32_scale::choose<e4m3>(amax).scale));
        CHECK(std::isnan(moe::power_of_two_scale::choose<e4m3>(amax).scale));
        CHECK(std::isnan(float(moe::ue8m0_scale::choose<e4m3>(amax).scale)));
        CHECK(!moe::ue8m0_scale::choose<e4m3>(amax).finite());
    }
}

TEST_CASE("scales of whole and of broken tiles, in both orders") {
    using moe::tile_128x1, moe::tile_1x128, moe::block_128x128, moe::mx_1x32;
    CHECK(tile_1x128<>::scales(3, 256) == 6);
    CHECK(tile_1x128<>::scales(3, 257) == 9);
    CHECK(tile_128x1<>::scales(129, 5) == 10);
    CHECK(block_128x128<>::scales(129, 128) == 2);
    CHECK(mx_1x32::scales(2, 33) == 4);
    CHECK(moe::per_tensor<>::scales(100, 200) == 1);
    CHECK(moe::per_row<>::scales(100, 200) == 100);
    CHECK(moe::per_tensor<>::scales(0, 200) == 0);
    using by_column = tile_1x128<moe::fp32_scale, moe::scales_by_column>;
    CHECK(by_column::scales(3, 256) == 8);  // two columns of three, padded to four
    CHECK(by_column::order::at(2, 1, 3, 2) == 6);
    static_assert(!std::is_same_v<moe::quantised<e4m3, by_column>,
                                  moe::quantised<e4m3, tile_1x128<moe::fp32_scale>>>);
}

TEST_CASE("the scale of a number is that of its tile") {
    constexpr int count = 130, width = 260;
    std::uint8_t code[count * width] = {};
    float scale[6];
    for (int i = 0; i < 6; ++i) scale[i] = float(i);
    const moe::rows<e4m3> codes(reinterpret_cast<e4m3*>(code), count, width);
    const moe::quantised<e4m3, moe::block_128x128<>> q(codes, scale, width);
    CHECK(q.scale_of(0, 0) == 0);
    CHECK(q.scale_of(127, 127) == 0);
    CHECK(q.scale_of(127, 128) == 1);
    CHECK(q.scale_of(128, 127) == 3);
    CHECK(q.scale_of(129, 259) == 5);
    codes(128, 130) = e4m3(1.5F);
    CHECK(q(128, 130) == 6);
}

TEST_CASE("DeepSeek-V3's operands, and shapes that its tiles fit") {
    using v3 = moe::operand_scalings<moe::tile_1x128<>, moe::block_128x128<>, moe::tile_1x128<>>;
    static_assert(moe::tiled_exactly<v3::weight, 2048, 7168>());
    static_assert(moe::tiled_exactly<v3::activation, moe::entire, 7168>());
    static_assert(moe::tiled_exactly<moe::mx_1x32, moe::entire, 96>());
    static_assert(moe::tiled_exactly<moe::per_tensor<>, 7, 5>());
    static_assert(moe::tiled_exactly<moe::tiles<4, 16>, 8, 48>());
    static_assert(!moe::tile_128x1<>::is_block && !moe::per_tensor<>::is_block);
    static_assert(moe::block_128x128<>::is_block && moe::tiles<32, 32>::is_block);
}

}  // namespace
