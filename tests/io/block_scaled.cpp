// SPDX-License-Identifier: MIT
#include "tests/support/e4m3.hpp"

#include <doctest/doctest.h>
#include <moe/io/block_scaled.hpp>
#include <tests/support/folder.hpp>

namespace {

using namespace moe;
using test::error_of, test::has;

// A matrix that is written in e4m3 and read again.
struct written {
    test::folder home;
    std::string file = home / "m.safetensors";
    std::vector<float> numbers, back;
    io::named_tensor matrix, target;

    written(int out, int in)
        : numbers(std::size_t(out) * std::size_t(in)),
          back(numbers.size()),
          matrix(io::make_tensor("m.weight", numbers.data(), {out, in})),
          target(io::make_tensor("m.weight", back.data(), {out, in})) {
        test::fill_random(rows(numbers.data(), out, in), 1, 0.02);
    }
    std::string read() {
        const io::tensor_source source(file);
        CHECK(io::coded_in({target}, source).size() == 1);
        return error_of([&] { io::fill_coded(target, source); });
    }
};

TEST_CASE("a matrix in e4m3 holds the numbers that products in e4m3 multiply") {
    written w(130, 257);
    const io::block_scaled coded(w.matrix);
    io::write_safetensors(w.file, coded.both);
    CHECK(w.read() == "");
    const auto expected =
        test::rounded_in<float>(rows<const float>(w.numbers.data(), 130, 257), 128, 128);
    for (int o = 0; o < 130; ++o)
        for (int i = 0; i < 257; ++i)
            CHECK(double(w.back[std::size_t(o * 257 + i)]) == expected(o, i));
    const io::tensor_source source(w.file);
    const auto scales = source[source.find("m.weight_scale_inv")];
    CHECK(scales.format == io::format::f32);
    CHECK(scales.shape == std::vector<std::int64_t>{2, 3});
    CHECK(source[source.find("m.weight")].format == io::format::f8_e4m3);
    // Once more it changes no number.
    const std::vector<float> once = w.back;
    const io::block_scaled again(w.target);
    io::write_safetensors(w.file, again.both);
    CHECK(w.read() == "");
    CHECK(w.back == once);
}

TEST_CASE("scales of others, which are no powers of two, are read as they are") {
    written w(2, 3);
    const e4m3 codes[] = {e4m3(1), e4m3(2), e4m3(-448), e4m3(0), e4m3(0x1p-9F), e4m3(3)};
    float scale = 0.3F;
    io::write_safetensors(w.file,
                          {{"m.weight", io::format::f8_e4m3, {2, 3}, const_cast<e4m3*>(codes), 6},
                           io::make_tensor("m.weight_scale_inv", &scale, {1, 1})});
    CHECK(w.read() == "");
    for (int i = 0; i < 6; ++i) CHECK(w.back[std::size_t(i)] == float(codes[i]) * scale);
}

TEST_CASE("codes without their scales are refused, with file and tensor") {
    written w(200, 3);
    const io::block_scaled both(w.matrix);
    io::write_safetensors(w.file, {both.both[0]});
    CHECK(has(w.read(), "m.safetensors: tensor m.weight is in F8_E4M3, expected its scales"));
    float one = 1;
    io::write_safetensors(w.file,
                          {both.both[0], io::make_tensor("m.weight_scale_inv", &one, {1, 1})});
    CHECK(has(w.read(), "tensor m.weight_scale_inv has the shape (1, 1), expected (2, 1)"));
    w.target.shape = {3, 200};
    CHECK(has(w.read(), "tensor m.weight has the shape (200, 3), expected (3, 200)"));
}

}  // namespace
