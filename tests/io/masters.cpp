// SPDX-License-Identifier: MIT
#include "tests/support/folder.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/io/masters.hpp>
#include <moe/op/expanded_update.hpp>

#include <cstring>

namespace {

using namespace moe;

constexpr int count = 6, width = 140;

// A model of one matrix and one gain, its matrix held in one of four ways.
struct held {
    std::vector<float> whole = std::vector<float>(count * width), gain = std::vector<float>(width);
    std::vector<bfloat16> base = std::vector<bfloat16>(count * width);
    std::vector<std::int8_t> byte = std::vector<std::int8_t>(count * width);
    std::vector<std::int16_t> half = std::vector<std::int16_t>(count * width);
    std::vector<e4m3> code = std::vector<e4m3>(count * width);
    std::vector<ue8m0> scale = std::vector<ue8m0>(2);

    io::tensor_list in(const std::string& way) {
        io::tensor_list list{io::make_tensor("norm", gain.data(), {width})};
        if (way == "float") {
            list.push_back(io::make_tensor("w", whole.data(), {count, width}));
            return list;
        }
        if (way == "e4m3") {
            list.push_back(io::make_tensor("w", code.data(), {count, width}));
            list.push_back(io::make_tensor("w.scale", scale.data(), {1, 2}));
            list.push_back(io::make_tensor("w.remainder", half.data(), {count, width}));
            return list;
        }
        list.push_back(io::make_tensor("w", base.data(), {count, width}));
        if (way == "8") list.push_back(io::make_tensor("w.remainder", byte.data(), {count, width}));
        if (way == "16")
            list.push_back(io::make_tensor("w.remainder", half.data(), {count, width}));
        return list;
    }
};

held random_model() {
    held model;
    for (int i = 0; i < count * width; ++i) {
        const float x = 0.02F * random_normal(1, 1, std::uint64_t(i));
        const auto at = std::size_t(i);
        model.whole[at] = x;
        split_weight(x, model.base[at], model.byte[at]);
        split_weight(x, model.base[at], model.half[at]);
    }
    for (float& x : model.gain) x = 1.5F;
    return model;
}
// Remainders of 16 bits belong to a base in bfloat16 or to one in e4m3.
held random_model_in_e4m3() {
    held model = random_model();
    hold_numbers(split_blocks<std::int16_t>{{model.code.data(), count, width},
                                            model.scale.data(),
                                            {model.half.data(), count, width}},
                 {model.whole.data(), count, width});
    return model;
}
bool same(const io::tensor_list& a, const io::tensor_list& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i].bytes != b[i].bytes || std::memcmp(a[i].data, b[i].data, a[i].bytes) != 0)
            return false;
    return true;
}
std::string error_of(auto&& action) {
    try {
        action();
    } catch (const error& problem) {
        return problem.what();
    }
    return "";
}

TEST_CASE("weights go from every way of holding them to every other") {
    const test::folder in;
    for (const std::string stored : {"float", "none", "8", "16", "e4m3"}) {
        held from = stored == "e4m3" ? random_model_in_e4m3() : random_model();
        const std::string file = in / (stored + ".safetensors");
        io::write_safetensors(file, from.in(stored));
        for (const std::string wanted : {"float", "none", "8", "16", "e4m3"}) {
            CAPTURE(stored);
            CAPTURE(wanted);
            held to;
            io::fill_masters(to.in(wanted), file);
            CHECK(to.gain == from.gain);
            if (stored == wanted) CHECK(same(to.in(wanted), from.in(stored)));
            const io::whole_masters got(to.in(wanted)), expected(from.in("float"));
            const bool rounded = stored == "none" || wanted == "none";
            const bool coarse = stored == "8" || wanted == "8";
            const bool in_blocks = stored == "e4m3" || wanted == "e4m3";
            const float tolerance = rounded     ? 0x1p-8F
                                    : coarse    ? 0x1p-15F
                                    : in_blocks ? 0x1p-18F
                                                : 0x1p-22F;
            const auto* const numbers = static_cast<const float*>(got.list()[1].data);
            for (int i = 0; i < count * width; ++i)
                // In e4m3 what is small in its block has the block's smallest step.
                REQUIRE(std::abs(numbers[i] - from.whole[std::size_t(i)]) <=
                        std::abs(from.whole[std::size_t(i)]) * tolerance +
                            (in_blocks ? 1e-8F : 0.0F));
        }
    }
}

TEST_CASE("what is changed as one number is stored in its parts") {
    held model = random_model();
    for (const std::string way : {"float", "none", "8", "16"}) {
        CAPTURE(way);
        const io::whole_masters masters(model.in(way));
        CHECK(masters.list().size() == 2);
        static_cast<float*>(masters.list()[1].data)[7] = 0.25F;
        masters.store();
        const io::whole_masters again(model.in(way));
        CHECK(static_cast<float*>(again.list()[1].data)[7] == 0.25F);
    }
}

TEST_CASE("a file that does not fit is refused whichever way it holds its weights") {
    const test::folder in;
    held from = random_model(), to;
    io::tensor_list list = from.in("8");
    const std::string file = in / "model.safetensors";
    list[1].shape = list[2].shape = {width, count};
    io::write_safetensors(file, list);
    CHECK(error_of([&] { io::fill_masters(to.in("float"), file); }) ==
          file + ": tensor \"w\" has the shape [140, 6], [6, 140] was expected");
    held other = random_model_in_e4m3();
    list = other.in("e4m3");
    list[2].shape = {2, 1};
    io::write_safetensors(file, list);
    CHECK(error_of([&] { io::fill_masters(to.in("e4m3"), file); }) ==
          file + ": tensor \"w.scale\" has the shape [2, 1], [1, 2] was expected");
    list.erase(list.begin() + 2);
    io::write_safetensors(file, list);
    CHECK(error_of([&] {
              io::fill_masters(to.in("float"), file);
          }).ends_with("expected F8_E8M0, one for each block of 128 x 128"));
    list = from.in("8");
    list[2].name = "v.remainder";
    io::write_safetensors(file, list);
    CHECK(error_of([&] {
              io::fill_masters(to.in("8"), file);
          }).ends_with("\"v.remainder\" is one too many: the model has none of this name"));
    list = from.in("8");
    list.erase(list.begin() + 1, list.end());
    io::write_safetensors(file, list);
    CHECK(
        error_of([&] { io::fill_masters(to.in("8"), file); }).ends_with("tensor \"w\" is missing"));
    CHECK(to.whole == held().whole);
}

}  // namespace
