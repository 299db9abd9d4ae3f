// SPDX-License-Identifier: MIT
#include "tests/support/folder.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/io/masters.hpp>
#include <moe/precision/remainder.hpp>

#include <cstring>

namespace {

using namespace moe;

constexpr int count = 6, width = 40;

// A model of one matrix and one gain, its matrix held in one of four ways.
struct held {
    std::vector<float> whole = std::vector<float>(count * width), gain = std::vector<float>(width);
    std::vector<bfloat16> base = std::vector<bfloat16>(count * width);
    std::vector<std::int8_t> byte = std::vector<std::int8_t>(count * width);
    std::vector<std::int16_t> half = std::vector<std::int16_t>(count * width);

    io::tensor_list in(const std::string& way) {
        io::tensor_list list{io::make_tensor("norm", gain.data(), {width})};
        if (way == "float") {
            list.push_back(io::make_tensor("w", whole.data(), {count, width}));
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
    held from = random_model();
    for (const std::string stored : {"float", "none", "8", "16"}) {
        const std::string file = in / (stored + ".safetensors");
        io::write_safetensors(file, from.in(stored));
        for (const std::string wanted : {"float", "none", "8", "16"}) {
            CAPTURE(stored);
            CAPTURE(wanted);
            held to;
            io::fill_masters(to.in(wanted), file);
            CHECK(to.gain == from.gain);
            if (stored == wanted) CHECK(same(to.in(wanted), from.in(stored)));
            const io::whole_masters got(to.in(wanted)), expected(from.in("float"));
            const bool rounded = stored == "none" || wanted == "none";
            const bool coarse = stored == "8" || wanted == "8";
            const float tolerance = rounded ? 0x1p-8F : coarse ? 0x1p-15F : 0x1p-22F;
            const auto* const numbers = static_cast<const float*>(got.list()[1].data);
            for (int i = 0; i < count * width; ++i)
                REQUIRE(std::abs(numbers[i] - from.whole[std::size_t(i)]) <=
                        std::abs(from.whole[std::size_t(i)]) * tolerance);
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
          file + ": tensor \"w\" has the shape [40, 6], [6, 40] was expected");
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
