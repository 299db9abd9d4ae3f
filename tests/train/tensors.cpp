// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>

#include <set>

TEST_CASE("a network is a flat list of named tensors, vectors as vectors") {
    moe::network<test::small> network({1, 32}, {.threads = 1, .trains = false});
    const moe::io::tensor_list list = moe::tensors_of(network);
    std::set<std::string> names;
    std::int64_t trained = 0;
    for (const auto& tensor : list) {
        names.insert(tensor.name);
        std::int64_t count = 1;
        for (const std::int64_t extent : tensor.shape) count *= extent;
        CHECK(tensor.bytes == std::size_t(count) * 4);
        if (tensor.name.find("correction_bias") == std::string::npos) trained += count;
        const bool vector = tensor.name.find("norm") != std::string::npos ||
                            tensor.name.find("correction_bias") != std::string::npos;
        CHECK(tensor.shape.size() == (vector ? 1 : 2));
    }
    CHECK(names.size() == list.size());
    CHECK(names.count("model.layers.1.mlp.experts.7.up_proj.weight") == 1);
    CHECK(trained == moe::count<test::small>::parameters);
}

TEST_CASE("every trained parameter has its moments, a selection bias has none") {
    moe::optimizer<test::small> optimizer;
    moe::network<test::small> network({1, 32}, {.threads = 1, .trains = false});
    const auto moments = moe::tensors_of(optimizer);
    CHECK(moments.size() == 2 * (moe::tensors_of(network).size() - 1));
    CHECK(moments.front().name == "moment1.model.embed_tokens.weight");
    CHECK(moments.back().name.rfind("moment2.", 0) == 0);
}

TEST_CASE("the recipe's text names slots and fields in their order") {
    const auto text = moe::recipe_text<test::small>();
    CHECK(text.front().key == "model");
    CHECK(text[1] == moe::io::key_value{"model.vocab", "256"});
    CHECK(text.back().key == "device");
}
